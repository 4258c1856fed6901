// The directory of a log on disk beside RocksDB's own files: whose it is (`FORMAT`), who writes to
// it
// (`LOCK.holder`), and how far it was acknowledged (`DURABLE`). Private to events/log.
#pragma once

#include "events/base/clock.hpp"
#include "events/base/ids.hpp"
#include "events/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace ash::log {

/// A file descriptor that closes itself.
class file_handle {
public:
  file_handle() = default;
  explicit file_handle(int number) : number_{number} {}
  file_handle(file_handle&& other) noexcept : number_{other.number_} { other.number_ = -1; }
  file_handle& operator=(file_handle&& other) noexcept;
  ~file_handle();
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

private:
  int number_ = -1;
};

enum class directory_content : std::uint8_t {
  nothing, ///< missing or empty, or its creation was cut short
  log,
};
/// What is in `directory`. Errors: `argument_invalid` (something else than a log),
/// `schema_unsupported` (a newer log), `log_corrupt` (a log without RocksDB's `CURRENT`),
/// `io_failed`.
result<directory_content> inspect(const std::string& directory);
/// Makes the directory, for its owner alone, where it is missing. Errors: `storage_full`,
/// `io_failed`.
result<void> make_directory(const std::string& directory);
/// Marks the directory as a log's, durably.
result<void> write_format(const std::string& directory);
/// Makes a directory's own entries durable.
result<void> sync_directory(const std::string& directory);

/// The exclusive right to write, held until the handle is closed or the process ends.
/// Errors: `log_locked` naming the holder's pid, command and since when; `io_failed`.
result<file_handle> take_lock(const std::string& directory, instant now);
/// Whether a process holds the lock now. Takes nothing.
bool is_locked(const std::string& directory);

/// How far the log was acknowledged, rewritten after each commit without a sync of its own: after a
/// crash of the process it is exact, after a loss of power it may be older, never newer, than the
/// log.
struct mark {
  incarnation_id incarnation;
  std::uint64_t head = 0;   ///< the last position that was published
  std::uint64_t synced = 0; ///< the last position that was synced
};

class mark_file {
public:
  /// Errors: `storage_full`, `io_failed`.
  static result<mark_file> open(const std::string& directory);
  result<void> write(const mark& what);

private:
  file_handle file_;
  std::uint64_t sequence_ = 0;
};
/// None where there is no mark that is whole.
std::optional<mark> read_mark(const std::string& directory);

/// Of this start of the machine; nil where it can't be read.
uuid boot_id();

} // namespace ash::log
