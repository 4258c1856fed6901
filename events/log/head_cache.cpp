#include "events/log/head_cache.hpp"

namespace ash::log {

result<head_cache::slot*>
head_cache::find(const stream_id& stream, tables& store, std::uint64_t batch) {
  if (const auto known = by_name_.find(stream.text()); known != by_name_.end()) {
    recent_.splice(recent_.begin(), recent_, known->second);
    return &recent_.front();
  }
  std::string value;
  TRY(const auto exists, store.newest()->get(table::heads, stream.text(), value));
  slot fresh;
  fresh.exists = exists;
  fresh.batch = batch;
  fresh.stored.head.stream = stream;
  if (exists) {
    TRY(auto stored, decode_head(value, stream));
    fresh.stored = std::move(stored);
  }
  recent_.push_front(std::move(fresh));
  by_name_.emplace(recent_.front().stored.head.stream.text(), recent_.begin());
  return &recent_.front();
}

void head_cache::trim() {
  while (recent_.size() > capacity_) {
    by_name_.erase(recent_.back().stored.head.stream.text());
    recent_.pop_back();
  }
}

} // namespace ash::log
