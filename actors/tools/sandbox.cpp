#include "actors/tools/sandbox.hpp"

#include "actors/tools/file_bytes.hpp"
#include "actors/tools/process.hpp"
#include "events/base/ascii.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <unistd.h>

namespace ash::tool {
namespace {

enum class mount_kind : std::uint8_t { empty, read_only, writable };

struct mount {
  std::string path; ///< real: where it comes from and where it appears
  mount_kind kind = mount_kind::empty;
};

/// The path without symlinks, if it exists.
std::optional<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real{::realpath(path.c_str(), nullptr),
                                                         &std::free};
  return real ? std::optional<std::string>{real.get()} : std::nullopt;
}

bool is_directory(const std::string& path) {
  struct ::stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

void hide(std::vector<mount>& mounts, const std::string& directory) {
  const auto real = real_path(directory);
  if (real && *real != "/" && is_directory(*real))
    mounts.push_back({*real, mount_kind::empty});
}

/// The first line of a small file of git's; empty where it can't be read.
std::string first_line(const std::string& path) {
  const unique_fd file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
  if (!file.is_open())
    return {};
  auto bytes = read_all(file.get(), path, 8'192);
  return bytes ? bytes.value().substr(0, bytes.value().find('\n')) : std::string{};
}

std::string absolute(const std::string& path, const std::string& base) {
  return path.starts_with('/') ? path : base + "/" + path;
}

/// The git directory that a linked worktree's `.git` file names, if that directory names the
/// worktree in turn: a forged `.git` file must not make another directory visible.
std::optional<std::string> common_git_directory(const std::string& root) {
  constexpr std::string_view key = "gitdir: ";
  const auto line = first_line(root + "/.git");
  if (!line.starts_with(key))
    return std::nullopt;
  const auto own = real_path(absolute(line.substr(key.size()), root));
  if (!own || real_path(absolute(first_line(*own + "/gitdir"), *own)) != root + "/.git")
    return std::nullopt;
  const auto common = real_path(absolute(first_line(*own + "/commondir"), *own));
  return common && own->starts_with(*common + "/") ? common : std::nullopt;
}

void add_git(std::vector<mount>& mounts, const std::string& root) {
  struct ::stat status {};
  const auto git = root + "/.git";
  if (::lstat(git.c_str(), &status) != 0 || S_ISLNK(status.st_mode))
    return;
  mounts.push_back({git, mount_kind::read_only});
  if (const auto common = S_ISREG(status.st_mode) ? common_git_directory(root) : std::nullopt)
    mounts.push_back({*common, mount_kind::read_only});
}

std::vector<mount> mounts_for(const context& where, const std::string& root) {
  std::vector<mount> mounts;
  for (const auto* directory : {"/tmp",
                                "/var/tmp",
                                "/home",
                                "/root",
                                "/run",
                                "/mnt",
                                "/media",
                                "/etc/ssh",
                                "/etc/ssl/private"})
    hide(mounts, directory);
  if (const auto* home = std::getenv("HOME"); home != nullptr && *home == '/')
    hide(mounts, home);
  for (const auto& directory : where.hidden_directories)
    hide(mounts, directory);
  mounts.push_back({root, mount_kind::writable});
  add_git(mounts, root);
  // Outer before inner, or the outer would cover the inner; in one place what shows wins.
  std::stable_sort(mounts.begin(), mounts.end(), [](const mount& a, const mount& b) {
    const auto depth = [](const mount& m) { return std::count(m.path.begin(), m.path.end(), '/'); };
    return depth(a) < depth(b);
  });
  return mounts;
}

using words = std::vector<std::string>;

void append(words& to, std::initializer_list<std::string_view> from) {
  to.insert(to.end(), from.begin(), from.end());
}

words isolation(const context& where) {
  words args{"bwrap"};
  append(args, {"--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534"});
  append(args, {"--cap-drop", "ALL", "--die-with-parent", "--new-session", "--clearenv"});
  append(args, {"--json-status-fd", "3"});
  if (where.network == network_access::granted)
    append(args, {"--share-net"});
  for (const auto& setting : command_environment()) {
    const auto equals = setting.find('=');
    append(args, {"--setenv", setting.substr(0, equals), setting.substr(equals + 1)});
  }
  append(args, {"--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"});
  return args;
}

error unavailable(std::string_view why) {
  return refuse(errc::sandbox_unavailable,
                "commands can't be sandboxed here: " + std::string{why} +
                    ". Install bubblewrap and allow user namespaces (sysctl "
                    "kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_"
                    "userns=0), or allow commands without a sandbox explicitly");
}

result<void> probe() {
  context where;
  where.worktree = "/";
  process_request request;
  request.arguments = isolation(where);
  append(request.arguments, {"--tmpfs", "/tmp", "--", "/bin/true"});
  request.environment = command_environment();
  request.kind = child_kind::bubblewrap;
  request.time_limit_ms = 20'000;
  request.max_output_bytes = 4'096;
  const auto ran = run_process(request, {});
  if (!ran)
    return unavailable(ran.error().code == errc::file_not_found
                           ? "bubblewrap (bwrap) is not installed"
                           : ran.error().message);
  if (ran.value().exit_code != 0)
    return unavailable(printable(trimmed(to_valid_utf8(ran.value().output))));
  return success();
}

} // namespace

std::vector<std::string> command_environment() {
  // git: no lock for a mere status, and no complaint about files of another owner.
  return {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
          "LANG=C.UTF-8",
          "HOME=/tmp",
          "TERM=dumb",
          "GIT_OPTIONAL_LOCKS=0",
          "GIT_TERMINAL_PROMPT=0",
          "GIT_CONFIG_COUNT=1",
          "GIT_CONFIG_KEY_0=safe.directory",
          "GIT_CONFIG_VALUE_0=*"};
}

std::vector<std::string> sandbox_arguments(const context& where,
                                           const worktree& root,
                                           const std::string& directory,
                                           const std::vector<std::string>& command) {
  auto args = isolation(where);
  for (const auto& m : mounts_for(where, root.real_path())) {
    if (m.kind == mount_kind::empty)
      append(args, {"--tmpfs", m.path});
    else
      append(args, {m.kind == mount_kind::writable ? "--bind" : "--ro-bind", m.path, m.path});
  }
  // Password hashes: readable to the owner, who may be root here.
  for (const auto* file : {"/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/gshadow-"})
    if (::access(file, F_OK) == 0)
      append(args, {"--ro-bind", "/dev/null", file});
  for (const auto& file : where.hidden_files) {
    std::error_code none;
    const auto real = std::filesystem::canonical(file, none);
    if (!none)
      append(args, {"--ro-bind", "/dev/null", real.string()});
  }
  // The resolver's file may be a link into /run.
  if (where.network == network_access::granted)
    append(args, {"--ro-bind-try", "/run/systemd/resolve", "/run/systemd/resolve"});
  append(args,
         {"--chdir", directory == "." ? root.real_path() : root.real_path() + "/" + directory});
  args.emplace_back("--");
  args.insert(args.end(), command.begin(), command.end());
  return args;
}

result<void> sandbox_probe() {
  static const result<void> remembered = probe();
  return remembered;
}

} // namespace ash::tool
