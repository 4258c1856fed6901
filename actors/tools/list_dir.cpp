#include "actors/tools/builtin.hpp"
#include "actors/tools/directory.hpp"
#include "actors/tools/output.hpp"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <memory>
#include <unistd.h>

namespace ash::tool {
namespace {

constexpr std::size_t max_entries = 5'000;

struct close_dir {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

std::string line_of(const entry& e, int directory) {
  switch (e.kind) {
  case entry_kind::directory:
    return shown(e.name) + "/\n";
  case entry_kind::file:
    return shown(e.name) + " (" + std::to_string(e.bytes) + " bytes)\n";
  case entry_kind::link: {
    char target[PATH_MAX];
    const auto size = ::readlinkat(directory, e.name.c_str(), target, sizeof target);
    const std::string_view to{target, size > 0 ? static_cast<std::size_t>(size) : 0};
    return shown(e.name) + " -> " + shown(to) + "\n";
  }
  case entry_kind::other:
    return shown(e.name) + " (special file)\n";
  }
  return {};
}

result<outcome> list_dir(const context& where, std::string_view json_text, std::stop_token) {
  TRY(auto given, arguments::parse(json_text, {{"path", field_type::text, presence::optional}}));
  TRY(auto root, worktree::open(where.worktree));
  const auto named = given.has("path") ? given.text("path") : ".";
  TRY(auto path, root.relative(named));
  TRY(auto directory, root.open_directory(path));
  TRY(auto real, root.path_of(directory.get()));
  TRY(refuse_secret(where, real + "/"));
  TRY(refuse_detour(where, named, real));
  TRY(auto again, root.open_directory(real));
  TRY(auto listed, read_entries(std::move(again), max_entries));
  std::string text;
  for (const auto& e : listed.found)
    text += line_of(e, directory.get());
  if (listed.found.empty())
    text = "(empty directory)\n";
  if (!listed.complete)
    text += "[more than " + std::to_string(max_entries) + " entries: the rest is left out]\n";
  return shown_output(where, std::move(text), cut::tail);
}

} // namespace

result<entries> read_entries(unique_fd directory, std::size_t limit) {
  const std::unique_ptr<DIR, close_dir> stream{::fdopendir(directory.get())};
  if (!stream)
    return system_error("reading a directory", errno);
  directory.release();
  entries read;
  while (true) {
    errno = 0;
    const auto* next = ::readdir(stream.get());
    if (next == nullptr && errno != 0)
      return system_error("reading a directory", errno);
    if (next == nullptr)
      break;
    const std::string_view name{next->d_name};
    if (name == "." || name == "..")
      continue;
    if (read.found.size() == limit) {
      read.complete = false;
      break;
    }
    struct ::stat status {};
    if (::fstatat(::dirfd(stream.get()), next->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
      continue; // removed meanwhile
    entry e{std::string{name}, entry_kind::other, 0};
    if (S_ISREG(status.st_mode))
      e = {std::string{name}, entry_kind::file, status.st_size};
    else if (S_ISDIR(status.st_mode))
      e.kind = entry_kind::directory;
    else if (S_ISLNK(status.st_mode))
      e.kind = entry_kind::link;
    read.found.push_back(std::move(e));
  }
  std::sort(read.found.begin(), read.found.end(), [](const entry& a, const entry& b) {
    return a.name < b.name;
  });
  return read;
}

std::shared_ptr<tool> make_list_dir() {
  return std::make_shared<function_tool>(
      description{"list_dir",
                  "Lists one directory of the worktree: directories end in /, files show their "
                  "size, symlinks their target.",
                  R"({"type":"object","properties":{"path":{"type":"string","description":)"
                  R"("Directory relative to the worktree; the worktree itself if absent"}},)"
                  R"("additionalProperties":false})",
                  effect_class::read},
      list_dir);
}

} // namespace ash::tool
