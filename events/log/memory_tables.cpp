#include "events/log/memory_tables.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <vector>

namespace ash::log {
namespace {

using sorted_map = std::map<std::string, std::string, std::less<>>;

struct store {
  mutable std::shared_mutex lock;
  std::array<sorted_map, table_names.size()> maps;
};

/// Looks its place up again at each step, so that it holds no lock between them.
class map_cursor final : public table_cursor {
public:
  map_cursor(std::shared_ptr<const store> in, table over)
      : store_{std::move(in)}, map_{store_->maps[static_cast<std::size_t>(over)]} {}

  void seek(std::string_view key) override {
    const std::shared_lock guard{store_->lock};
    keep(map_.lower_bound(key));
  }
  void seek_back(std::string_view key) override {
    const std::shared_lock guard{store_->lock};
    const auto after = map_.upper_bound(key);
    keep(after == map_.begin() ? map_.end() : std::prev(after));
  }
  void next() override {
    const std::shared_lock guard{store_->lock};
    keep(map_.upper_bound(key_));
  }
  [[nodiscard]] bool valid() const override { return valid_; }
  [[nodiscard]] std::string_view key() const override { return key_; }
  [[nodiscard]] std::string_view value() const override { return value_; }
  [[nodiscard]] result<void> status() const override { return success(); }

private:
  void keep(sorted_map::const_iterator at) {
    valid_ = at != map_.end();
    if (valid_) {
      key_ = at->first;
      value_ = at->second;
    }
  }

  std::shared_ptr<const store> store_;
  const sorted_map& map_;
  bool valid_ = false;
  std::string key_;
  std::string value_;
};

class map_view final : public table_view {
public:
  explicit map_view(std::shared_ptr<const store> of) : store_{std::move(of)} {}

  result<bool> get(table from, std::string_view key, std::string& value) const override {
    const std::shared_lock guard{store_->lock};
    const auto& map = store_->maps[static_cast<std::size_t>(from)];
    const auto found = map.find(key);
    if (found == map.end())
      return false;
    value = found->second;
    return true;
  }
  [[nodiscard]] std::unique_ptr<table_cursor> cursor(table over) const override {
    return std::make_unique<map_cursor>(store_, over);
  }

private:
  std::shared_ptr<const store> store_;
};

class map_batch final : public table_batch {
public:
  struct change {
    table of;
    std::string key;
    std::optional<std::string> value; ///< none: erased
  };

  void put(table to, std::string_view key, std::string_view value) override {
    changes.push_back({to, std::string{key}, std::string{value}});
  }
  void erase(table from, std::string_view key) override {
    changes.push_back({from, std::string{key}, std::nullopt});
  }
  void clear() override { changes.clear(); }

  std::vector<change> changes;
};

class memory_tables final : public tables {
public:
  [[nodiscard]] std::unique_ptr<table_batch> new_batch() override {
    return std::make_unique<map_batch>();
  }
  result<void> write(table_batch& batch) override {
    const std::unique_lock guard{store_->lock};
    for (auto& each : static_cast<map_batch&>(batch).changes) {
      auto& map = store_->maps[static_cast<std::size_t>(each.of)];
      if (each.value)
        map.insert_or_assign(std::move(each.key), std::move(*each.value));
      else
        map.erase(each.key);
    }
    return success();
  }
  result<void> sync() override { return success(); }
  [[nodiscard]] std::shared_ptr<const table_view> newest() override {
    return std::make_shared<map_view>(store_);
  }

private:
  std::shared_ptr<store> store_ = std::make_shared<store>();
};

} // namespace

result<void> tables::checkpoint(const std::string&) {
  return refuse(errc::argument_invalid, "this log is kept in memory: there is nothing to back up");
}

std::unique_ptr<tables> make_memory_tables() {
  return std::make_unique<memory_tables>();
}

} // namespace ash::log
