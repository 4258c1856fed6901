// Deletes large files without holding up who syncs meanwhile: a file's name goes at once, its space
// bit by bit, by a thread of its own. Owned by an open log. Freeing 40 MB of a disk in one go takes
// 10 to 20 ms where the file system tells the disk of it (`discard`), and so long no sync ends.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace ash::log {

class space_freer {
public:
  static constexpr std::int64_t step_bytes = std::int64_t{1} << 20;

  space_freer();
  space_freer(const space_freer&) = delete;
  space_freer& operator=(const space_freer&) = delete;
  /// Frees what is left at once.
  ~space_freer();

  /// Deletes the file; false where it can't be opened or unlinked, and is as it was. A file that
  /// has another name, or that somebody else has open, keeps its content for them.
  bool remove(const std::string& path);
  /// Of files whose names are gone.
  [[nodiscard]] std::int64_t waiting_bytes() const;

private:
  struct nameless {
    int file = -1;
    std::int64_t bytes = 0;
  };

  void run();

  mutable std::mutex lock_;
  std::condition_variable changed_;
  std::deque<nameless> waiting_;
  std::int64_t waiting_bytes_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

} // namespace ash::log
