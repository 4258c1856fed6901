// The worktree as a directory descriptor, and everything beneath it resolved by the kernel (openat2
// with RESOLVE_BENEATH), so that no `..`, symlink or rename in between leads outside. It never
// follows a magic link and never opens a device or a FIFO.
#pragma once

#include "events/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <utility>

namespace ash::tool {

/// Owns a file descriptor; closes it.
class unique_fd {
public:
  unique_fd() = default;
  explicit unique_fd(int fd) noexcept : fd_{fd} {}
  unique_fd(unique_fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  unique_fd(const unique_fd&) = delete;
  unique_fd& operator=(const unique_fd&) = delete;
  ~unique_fd();

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void close() noexcept { *this = unique_fd{}; }

private:
  int fd_ = -1;
};

/// A place that a file is about to be written to: its directory held open, so that nothing that
/// happens to the path afterwards can move the write.
struct write_place {
  unique_fd directory;
  std::string name;
  std::string path; ///< relative to the worktree, symlinks resolved
  std::optional<struct ::stat> existing;
};

/// The worktree of one call.
class worktree {
public:
  /// Errors: `file_not_found`, `path_invalid` where it is no directory, `io_failed`.
  static result<worktree> open(const std::string& path);

  /// `path` made relative to the worktree. Errors: `path_invalid` (empty, NUL, over 4096 bytes),
  /// `path_outside_root` for an absolute path elsewhere.
  [[nodiscard]] result<std::string> relative(std::string_view path) const;

  /// Opens a regular file for reading. Errors: `file_not_found`, `path_outside_root`,
  /// `path_invalid` (a directory, FIFO, device or socket), `permission_denied`, `io_failed`.
  [[nodiscard]] result<unique_fd> open_file(const std::string& relative) const;
  /// Opens a directory for reading. Errors as above.
  [[nodiscard]] result<unique_fd> open_directory(const std::string& relative) const;

  /// Where a file at `relative` would be written; makes missing directories. A symlink is resolved
  /// to its target inside the worktree. Errors: as above, and `permission_denied` within `.git` and
  /// where a directory would have to be made behind a symlink.
  [[nodiscard]] result<write_place> place_for_writing(const std::string& relative) const;

  /// The path of an open descriptor relative to the worktree (`.` for itself), symlinks resolved.
  /// Errors: `path_outside_root` where it was moved away meanwhile.
  [[nodiscard]] result<std::string> path_of(int fd) const;

  /// The absolute path, symlinks resolved.
  [[nodiscard]] const std::string& real_path() const noexcept { return real_path_; }

private:
  [[nodiscard]] result<unique_fd> open_beneath(const std::string& relative,
                                               std::uint64_t flags) const;
  [[nodiscard]] result<unique_fd> open_or_make(const std::string& directory) const;
  [[nodiscard]] result<write_place> place_behind_link(const std::string& relative) const;

  unique_fd root_;
  std::string given_path_;
  std::string real_path_;
};

/// Whether a component of `relative` is `.git` in any case: the runtime's own, never a tool's to
/// write.
bool touches_git_directory(std::string_view relative);

/// A path or name for a message: valid UTF-8 without control characters, bounded.
std::string shown(std::string_view path);

} // namespace ash::tool
