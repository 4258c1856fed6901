// What keeps the figures small whatever the log holds: names that become labels are counted, and
// what is known of calls in flight is forgotten oldest first. Not thread-safe.
#pragma once

#include "events/base/text.hpp"

#include <cstddef>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ash::gateway {

/// At most `max` different names; every further one is `other`.
class bounded_names {
public:
  static constexpr std::size_t max_bytes = 128;

  explicit bounded_names(std::size_t max) : max_(max) {}

  std::string shown(std::string_view name) {
    std::string known{utf8_prefix(name, max_bytes)};
    if (names_.contains(known))
      return known;
    if (names_.size() >= max_)
      return "other";
    return *names_.insert(std::move(known)).first;
  }

private:
  std::size_t max_;
  std::set<std::string> names_;
};

/// The newest `max` entries of a map.
template <class Key, class Value> class recent_map {
public:
  explicit recent_map(std::size_t max) : max_(max) {}

  void put(const Key& key, Value value) {
    if (!values_.insert_or_assign(key, std::move(value)).second)
      return;
    order_.push_back(key);
    if (order_.size() > max_) {
      values_.erase(order_.front());
      order_.pop_front();
    }
  }

  /// Null where there is none, or none any more.
  [[nodiscard]] const Value* find(const Key& key) const {
    const auto at = values_.find(key);
    return at == values_.end() ? nullptr : &at->second;
  }

private:
  std::size_t max_;
  std::unordered_map<Key, Value> values_;
  std::deque<Key> order_;
};

} // namespace ash::gateway
