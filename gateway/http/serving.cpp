#include "gateway/http/serving.hpp"

#include <algorithm>

namespace ash::gateway {

guest_book::entry guest_book::come(const std::string& client) {
  const std::lock_guard lock{mutex_};
  if (count_ >= most_)
    return entry::full;
  auto& unknown = unknown_[client];
  if (unknown >= most_unknown_)
    return entry::too_many_unknown;
  ++unknown;
  ++count_;
  return entry::welcome;
}

void guest_book::drop_unknown(const std::string& client) {
  const auto at = unknown_.find(client);
  if (at != unknown_.end() && --at->second == 0)
    unknown_.erase(at);
}

void guest_book::know(const std::string& client) {
  const std::lock_guard lock{mutex_};
  drop_unknown(client);
}

void guest_book::leave(const std::string& client, guest was) {
  const std::lock_guard lock{mutex_};
  --count_;
  if (was == guest::unknown)
    drop_unknown(client);
}

std::size_t guest_book::count() const {
  const std::lock_guard lock{mutex_};
  return count_;
}

void serving::note(const answered& what) {
  const auto first_digit = static_cast<std::size_t>(std::min(std::max(what.status / 100, 1), 5));
  ++counts.requests[static_cast<std::size_t>(what.route)][first_digit - 1];
  if (with.on_answered)
    with.on_answered(what);
}

guest::~guest() {
  if (of_)
    of_->book.leave(client_, state_);
}

void guest::know() {
  if (state_ == guest_book::guest::known)
    return;
  state_ = guest_book::guest::known;
  of_->book.know(client_);
}

} // namespace ash::gateway
