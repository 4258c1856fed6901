#include "actors/tools/beneath.hpp"

#include "events/base/text.hpp"
#include "events/base/tool_arguments.hpp"

#include <cerrno>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ash::tool {
namespace {

constexpr std::size_t max_path_bytes = 4096;

error path_error(std::string_view path, int number) {
  const auto name = "'" + shown(path) + "'";
  switch (number) {
  case ENOENT:
    return refuse(errc::file_not_found, "there is no " + name + " in the worktree");
  case EXDEV:
    return refuse(errc::path_outside_root,
                  name + " leads out of the worktree: use a path inside it");
  case ENOTDIR:
    return refuse(errc::path_invalid, name + " is not a directory, or goes through a file");
  case ELOOP:
    return refuse(errc::path_invalid, name + " goes through a loop of symlinks");
  case EISDIR:
    return refuse(errc::path_invalid, name + " is a directory");
  case ENXIO:
    return refuse(errc::path_invalid, name + " is a FIFO, a device or a socket");
  case ENAMETOOLONG:
    return refuse(errc::path_invalid, name + " is too long for the file system");
  case EACCES:
  case EPERM:
    return refuse(errc::permission_denied, name + " may not be accessed: " + std::strerror(number));
  case ENOSYS:
    return refuse(errc::io_failed,
                  "the kernel has no openat2 (Linux 5.6 or later is needed), so "
                  "paths can't be kept inside the worktree");
  default:
    return system_error("opening " + name, number);
  }
}

int openat2_once(int directory, const char* path, std::uint64_t flags) {
  struct ::open_how how {};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
}

std::pair<std::string, std::string> split(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos)
    return {".", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

error git_refusal(std::string_view path) {
  return refuse(errc::permission_denied,
                "'" + shown(path) + "' is inside .git, which only the runtime writes");
}

} // namespace

unique_fd::~unique_fd() {
  if (fd_ >= 0)
    ::close(fd_);
}

bool touches_git_directory(std::string_view relative) {
  while (!relative.empty()) {
    const auto component = relative.substr(0, relative.find('/'));
    if (component.size() == 4 && ::strncasecmp(component.data(), ".git", 4) == 0)
      return true;
    relative.remove_prefix(std::min(relative.size(), component.size() + 1));
  }
  return false;
}

std::string shown(std::string_view path) {
  return printable(utf8_prefix(to_valid_utf8(path.substr(0, 512)), 300));
}

result<worktree> worktree::open(const std::string& path) {
  worktree opened;
  opened.root_ = unique_fd{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!opened.root_.is_open())
    return path_error(path, errno);
  opened.given_path_ = path;
  while (opened.given_path_.size() > 1 && opened.given_path_.back() == '/')
    opened.given_path_.pop_back();
  char real[PATH_MAX];
  const auto link = "/proc/self/fd/" + std::to_string(opened.root_.get());
  const auto size = ::readlink(link.c_str(), real, sizeof real);
  if (size <= 0 || size == static_cast<ssize_t>(sizeof real))
    return system_error("reading the worktree's path", size < 0 ? errno : ENAMETOOLONG);
  opened.real_path_.assign(real, static_cast<std::size_t>(size));
  return opened;
}

result<std::string> worktree::relative(std::string_view path) const {
  if (path.empty())
    return refuse(errc::path_invalid, "the path is empty: use '.' for the worktree itself");
  if (path.find('\0') != std::string_view::npos)
    return refuse(errc::path_invalid, "the path contains a NUL byte");
  if (path.size() > max_path_bytes)
    return refuse(errc::path_invalid, "the path has more than 4096 bytes");
  auto rest = path;
  if (path.front() == '/') {
    const auto strip = [&](const std::string& root) {
      if (!path.starts_with(root) || (path.size() > root.size() && path[root.size()] != '/'))
        return false;
      rest = path.substr(root.size());
      return true;
    };
    if (!strip(given_path_) && !strip(real_path_))
      return refuse(errc::path_outside_root,
                    "'" + shown(path) + "' is outside the worktree: use a path relative to it");
  }
  while (rest.starts_with('/'))
    rest.remove_prefix(1);
  while (rest.size() > 1 && rest.ends_with('/'))
    rest.remove_suffix(1);
  return rest.empty() ? std::string{"."} : std::string{rest};
}

result<unique_fd> worktree::open_beneath(const std::string& relative, std::uint64_t flags) const {
  // EAGAIN: a rename elsewhere raced with a `..`; the kernel asks to try again.
  for (int attempt = 0; attempt < 16; ++attempt) {
    unique_fd opened{openat2_once(root_.get(), relative.c_str(), flags)};
    if (opened.is_open())
      return opened;
    if (errno != EAGAIN && errno != EINTR)
      return path_error(relative, errno);
  }
  return path_error(relative, EAGAIN);
}

result<unique_fd> worktree::open_file(const std::string& relative) const {
  // Looked at by O_PATH first: opening a device can itself have an effect.
  TRY(auto seen, open_beneath(relative, O_PATH));
  struct ::stat status {};
  if (::fstat(seen.get(), &status) != 0)
    return path_error(relative, errno);
  if (!S_ISREG(status.st_mode))
    return path_error(relative, S_ISDIR(status.st_mode) ? EISDIR : ENXIO);
  TRY(auto opened, open_beneath(relative, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (::fstat(opened.get(), &status) != 0)
    return path_error(relative, errno);
  if (!S_ISREG(status.st_mode))
    return path_error(relative, ENXIO);
  return opened;
}

result<unique_fd> worktree::open_directory(const std::string& relative) const {
  return open_beneath(relative, O_RDONLY | O_DIRECTORY);
}

result<std::string> worktree::path_of(int fd) const {
  char real[PATH_MAX];
  const auto link = "/proc/self/fd/" + std::to_string(fd);
  const auto size = ::readlink(link.c_str(), real, sizeof real);
  if (size <= 0 || size == static_cast<ssize_t>(sizeof real))
    return system_error("reading a path", size < 0 ? errno : ENAMETOOLONG);
  const std::string_view path{real, static_cast<std::size_t>(size)};
  if (path == real_path_)
    return std::string{"."};
  const auto prefix = real_path_ == "/" ? real_path_ : real_path_ + "/";
  if (!path.starts_with(prefix))
    return refuse(errc::path_outside_root,
                  "'" + shown(path) + "' was moved out of the worktree meanwhile");
  return std::string{path.substr(prefix.size())};
}

result<unique_fd> worktree::open_or_make(const std::string& directory) const {
  auto current = open_beneath(".", O_PATH | O_DIRECTORY);
  std::size_t end = 0;
  while (current && end != std::string::npos) {
    end = directory.find('/', end + 1);
    const auto prefix = directory.substr(0, end);
    const auto name = split(prefix).second;
    if (name.empty() || name == ".")
      continue;
    auto next = open_beneath(prefix, O_PATH | O_DIRECTORY);
    if (!next && next.error().code == errc::file_not_found) {
      TRY(auto inside, path_of(current.value().get()));
      if (touches_git_directory(inside) || touches_git_directory(name))
        return git_refusal(prefix);
      const auto parent = path_in_worktree(split(prefix).first, {});
      if (parent != (inside == "." ? "" : inside))
        return refuse(errc::permission_denied,
                      "'" + shown(prefix) + "' leads through a symlink to '" + shown(inside) +
                          "': name that path");
      if (::mkdirat(current.value().get(), name.c_str(), 0777) != 0 && errno != EEXIST)
        return path_error(prefix, errno);
      next = open_beneath(prefix, O_PATH | O_DIRECTORY);
    }
    current = std::move(next);
  }
  return current;
}

result<write_place> worktree::place_behind_link(const std::string& relative) const {
  auto target = open_beneath(relative, O_PATH);
  if (!target && target.error().code == errc::file_not_found)
    return refuse(errc::path_invalid,
                  "'" + shown(relative) + "' is a symlink to nothing: write to its target instead");
  if (!target)
    return target.error();
  TRY(auto path, path_of(target.value().get()));
  const auto [parent, name] = split(path);
  write_place place;
  TRY(auto directory, open_beneath(parent, O_RDONLY | O_DIRECTORY));
  struct ::stat opened {};
  struct ::stat named {};
  if (::fstat(target.value().get(), &opened) != 0 ||
      ::fstatat(directory.get(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0 ||
      opened.st_ino != named.st_ino || opened.st_dev != named.st_dev)
    return refuse(errc::io_failed, "'" + shown(relative) + "' changed meanwhile: try again");
  place.directory = std::move(directory);
  place.name = name;
  place.existing = named;
  return place;
}

result<write_place> worktree::place_for_writing(const std::string& relative) const {
  if (touches_git_directory(relative))
    return git_refusal(relative);
  const auto [parent, name] = split(relative);
  if (name.empty() || name == "." || name == "..")
    return path_error(relative, EISDIR);
  write_place place;
  TRY(auto parent_path, open_or_make(parent));
  TRY(auto parent_real, path_of(parent_path.get()));
  TRY(auto directory, open_beneath(parent_real, O_RDONLY | O_DIRECTORY));
  struct ::stat status {};
  if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
    place.existing = status;
  else if (errno != ENOENT)
    return path_error(relative, errno);
  place.directory = std::move(directory);
  place.name = name;
  if (place.existing && S_ISLNK(place.existing->st_mode)) {
    TRY(auto behind, place_behind_link(relative));
    place = std::move(behind);
  }
  if (place.existing && !S_ISREG(place.existing->st_mode))
    return path_error(relative, S_ISDIR(place.existing->st_mode) ? EISDIR : ENXIO);
  const auto inside = path_of(place.directory.get());
  if (!inside)
    return inside.error();
  if (inside.value() != ".")
    place.path.append(inside.value()).append("/");
  place.path += place.name;
  if (touches_git_directory(place.path))
    return git_refusal(relative);
  return place;
}

} // namespace ash::tool
