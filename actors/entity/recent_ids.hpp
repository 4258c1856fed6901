// The ids of the commands that an entity answered last, so that a repeated one is known without
// asking the log. Owned by one entity. Bounded: it forgets the oldest first, and says whether it
// ever did.
#pragma once

#include "events/base/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace ash {

class recent_ids {
public:
  /// Keeps at most `capacity` ids, 16 bytes each, in memory that grows as they come.
  explicit recent_ids(std::size_t capacity) noexcept : capacity_(capacity) {}

  void remember(std::string_view id);
  [[nodiscard]] bool contains(std::string_view id) const;
  /// Some ids may be missing: they were forgotten, or were never seen here.
  [[nodiscard]] bool is_partial() const noexcept { return partial_; }
  void mark_partial() noexcept { partial_ = true; }

private:
  std::size_t capacity_;
  std::size_t oldest_ = 0;
  bool partial_ = false;
  std::vector<uuid> ring_; ///< digests of the ids: an id from outside can't be made to collide
  std::unique_ptr<std::unordered_set<uuid>> index_; ///< only where a scan would take long
};

} // namespace ash
