#include "actors/entity/recent_ids.hpp"

#include "events/base/hash.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ash {
namespace {

constexpr std::size_t scan_limit = 64;

} // namespace

uuid recent_ids::digest_of(std::string_view id) {
  const auto digest = sha256(id);
  uuid out;
  std::memcpy(&out.high, digest.bytes.data(), sizeof out.high);
  std::memcpy(&out.low, digest.bytes.data() + sizeof out.high, sizeof out.low);
  return out;
}

void recent_ids::index(std::uint64_t number) {
  const auto place = (number - 1) % capacity_;
  auto& newest = chains_->newest[ring_[place].low % chains_->newest.size()];
  chains_->before[place] = newest;
  newest = number;
}

void recent_ids::remember(const uuid& digest) {
  if (seen_ >= capacity_)
    partial_ = true;
  if (capacity_ == 0)
    return;
  if (ring_.size() < capacity_)
    ring_.push_back(digest);
  else
    ring_[seen_ % capacity_] = digest;
  ++seen_;
  if (chains_) {
    index(seen_);
  } else if (ring_.size() > scan_limit) {
    chains_ = std::make_unique<chains>();
    chains_->newest.resize(std::bit_ceil(capacity_));
    chains_->before.resize(capacity_);
    for (std::uint64_t number = 1; number <= seen_; ++number)
      index(number);
  }
}

bool recent_ids::contains(const uuid& digest) const {
  if (!chains_)
    return std::find(ring_.begin(), ring_.end(), digest) != ring_.end();
  const auto lost = seen_ - ring_.size();
  const auto& newest = chains_->newest;
  for (auto number = newest[digest.low % newest.size()]; number > lost;) {
    const auto place = (number - 1) % capacity_;
    if (ring_[place] == digest)
      return true;
    number = chains_->before[place];
  }
  return false;
}

} // namespace ash
