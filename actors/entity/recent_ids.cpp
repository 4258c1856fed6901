#include "actors/entity/recent_ids.hpp"

#include "events/base/hash.hpp"

#include <algorithm>
#include <cstring>

namespace ash {
namespace {

constexpr std::size_t scan_limit = 64;

uuid digest_of(std::string_view id) {
  const auto digest = sha256(id);
  uuid out;
  std::memcpy(&out.high, digest.bytes.data(), sizeof out.high);
  std::memcpy(&out.low, digest.bytes.data() + sizeof out.high, sizeof out.low);
  return out;
}

} // namespace

void recent_ids::remember(std::string_view id) {
  const auto digest = digest_of(id);
  if (ring_.size() < capacity_) {
    ring_.push_back(digest);
  } else {
    partial_ = true;
    if (capacity_ == 0)
      return;
    if (index_)
      index_->erase(ring_[oldest_]);
    ring_[oldest_] = digest;
    oldest_ = (oldest_ + 1) % capacity_;
  }
  if (index_)
    index_->insert(digest);
  else if (ring_.size() > scan_limit)
    index_ = std::make_unique<std::unordered_set<uuid>>(ring_.begin(), ring_.end());
}

bool recent_ids::contains(std::string_view id) const {
  if (ring_.empty())
    return false;
  const auto digest = digest_of(id);
  if (index_)
    return index_->contains(digest);
  return std::find(ring_.begin(), ring_.end(), digest) != ring_.end();
}

} // namespace ash
