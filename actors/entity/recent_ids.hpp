// The ids of the commands that an entity answered last, so that a repeated one is known without
// asking the log. Owned by one entity. Bounded: it forgets the oldest first, and says whether it
// ever did.
#pragma once

#include "events/base/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace ash {

class recent_ids {
public:
  /// Keeps at most `capacity` ids, 16 bytes each, in memory that grows as they come.
  explicit recent_ids(std::size_t capacity) noexcept : capacity_(capacity) {}

  /// What an id is known by here: an id from outside can't be made to collide with another.
  [[nodiscard]] static uuid digest_of(std::string_view id);

  /// `digest` must not be among those that are kept.
  void remember(const uuid& digest);
  [[nodiscard]] bool contains(const uuid& digest) const;
  /// Some ids may be missing: they were forgotten, or were never seen here.
  [[nodiscard]] bool is_partial() const noexcept { return partial_; }
  void mark_partial() noexcept { partial_ = true; }

private:
  void index(std::uint64_t number);

  std::size_t capacity_;
  bool partial_ = false;
  std::uint64_t seen_ = 0; ///< how many ever came: each has a number, from 1
  std::vector<uuid> ring_; ///< the id with number n is at (n - 1) % capacity
  /// The newest number in each bucket, 0 for none, and for each place of the ring the number before
  /// it in its bucket. A number that the ring has lost ends a chain, so nothing is ever taken out.
  struct chains {
    std::vector<std::uint64_t> newest;
    std::vector<std::uint64_t> before;
  };
  std::unique_ptr<chains> chains_; ///< only where a scan would take long
};

} // namespace ash
