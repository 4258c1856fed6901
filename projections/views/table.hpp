// A table of described rows: a row is a plain struct, its first member the key, its second the
// sequence that orders it. What is touched is kept in memory between batches, within bounds, for
// nobody else writes; what the last two batches used always is, for the store may not have it yet.
// Private to the views.
#pragma once

#include "events/facts/common.hpp"
#include "projections/views/view.hpp"

#include <algorithm>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>
#include <optional>
#include <unordered_map>

namespace ash::projections {

/// JSON that is kept as text.
struct json_text {
  std::string text;
  friend bool operator==(const json_text&, const json_text&) = default;
};

namespace detail {

template <class Row>
using members = boost::describe::describe_members<Row, boost::describe::mod_public>;

template <class T> constexpr value_kind kind_of() {
  if constexpr (std::is_same_v<T, std::string>)
    return value_kind::text;
  else if constexpr (std::is_same_v<T, json_text>)
    return value_kind::document;
  else if constexpr (std::is_same_v<T, bool>)
    return value_kind::flag;
  else if constexpr (std::is_same_v<T, usd>)
    return value_kind::money;
  else if constexpr (std::is_same_v<T, instant>)
    return value_kind::time;
  else {
    static_assert(std::is_same_v<T, std::int64_t>);
    return value_kind::integer;
  }
}

/// Postgres takes no NUL in a text.
inline cell cell_of(std::string text) {
  for (auto at = text.find('\0'); at != std::string::npos; at = text.find('\0', at))
    text.replace(at, 1, "\xEF\xBF\xBD");
  return text;
}
inline cell cell_of(const json_text& value) {
  return value.text;
}
inline cell cell_of(bool value) {
  return std::int64_t{value ? 1 : 0};
}
inline cell cell_of(usd value) {
  return value.pico;
}
inline cell cell_of(instant value) {
  return value.us;
}
inline cell cell_of(std::int64_t value) {
  return value;
}

template <class T> void read_cell(T& to, const cell& from) {
  if constexpr (std::is_same_v<T, std::string>) {
    if (const auto* text = std::get_if<std::string>(&from))
      to = *text;
  } else if constexpr (std::is_same_v<T, json_text>) {
    read_cell(to.text, from);
  } else {
    const auto* number = std::get_if<std::int64_t>(&from);
    const std::int64_t value = number == nullptr ? 0 : *number;
    if constexpr (std::is_same_v<T, bool>)
      to = value != 0;
    else if constexpr (std::is_same_v<T, usd>)
      to.pico = value;
    else if constexpr (std::is_same_v<T, instant>)
      to.us = value;
    else
      to = value;
  }
}

template <class Row> row cells_of(const Row& from) {
  row out;
  out.reserve(boost::mp11::mp_size<members<Row>>::value);
  boost::mp11::mp_for_each<members<Row>>(
      [&](auto member) { out.push_back(cell_of(from.*member.pointer)); });
  return out;
}

template <class Row> Row row_of(const row& cells) {
  Row out;
  std::size_t next = 0;
  boost::mp11::mp_for_each<members<Row>>([&](auto member) {
    if (next < cells.size())
      read_cell(out.*member.pointer, cells[next]);
    ++next;
  });
  return out;
}

template <class Row> table_shape shape_of(std::string_view name) {
  table_shape out{name, {}};
  boost::mp11::mp_for_each<members<Row>>([&](auto member) {
    using value = std::remove_cvref_t<decltype(std::declval<Row&>().*member.pointer)>;
    out.columns.push_back({member.name, kind_of<value>()});
  });
  return out;
}

/// About what a row takes in memory.
inline std::size_t size_of(const row& cells) {
  std::size_t out = cells.size() * sizeof(cell);
  for (const auto& each : cells)
    if (const auto* text = std::get_if<std::string>(&each))
      out += text->size();
  return out;
}

} // namespace detail

template <class Row> class table final : public table_base {
public:
  using key_type =
      std::remove_cvref_t<decltype(std::declval<Row&>().*
                                   boost::mp11::mp_first<detail::members<Row>>::pointer)>;
  /// A text column that a row never changes.
  struct grouping {
    std::string_view column;
    std::string Row::*member = nullptr;
  };

  explicit table(std::string_view name) : shape_{detail::shape_of<Row>(name)} {}
  /// With groups, for `change_group`.
  table(std::string_view name, grouping by) : shape_{detail::shape_of<Row>(name)}, by_{by} {}

  [[nodiscard]] const table_shape& shape() const override { return shape_; }

  /// The row with this key, to be read only; null where there is none.
  result<const Row*> look(const key_type& key) {
    TRY(auto* const found, held(key));
    return found == nullptr ? nullptr : &found->second.value;
  }

  /// The row with this key, to be changed; null where there is none.
  result<Row*> find(const key_type& key) {
    TRY(auto* const found, held(key));
    if (found == nullptr)
      return static_cast<Row*>(nullptr);
    touch(*found);
    return &found->second.value;
  }

  /// As `find`, among what is held: for a key that the store can't have.
  Row* find_held(const key_type& key) {
    const auto found = rows_.find(key);
    if (found == rows_.end())
      return nullptr;
    touch(*found);
    return &found->second.value;
  }

  /// Whether the row with this key came with the facts since `take`: the store has nothing of what
  /// belongs to it then, where a row is made by the first fact about it.
  [[nodiscard]] bool is_new(const key_type& key) const {
    const auto found = rows_.find(key);
    return found != rows_.end() && !found->second.is_stored;
  }

  /// As `find`, for a fact about a row that one before it has made. Errors also: `log_corrupt`
  /// where none did; `what` names it, for example `the run`.
  result<Row*> need(const key_type& key, const log::record& from, std::string_view what) {
    TRY(auto* const found, find(key));
    if (found == nullptr)
      return out_of_place(from, what, key);
    return found;
  }

  /// A row that is not there yet. Valid until the next call.
  Row& insert(Row made) {
    auto& added = *rows_.try_emplace(key_of(made)).first;
    added.second.value = std::move(made);
    touch(added);
    return added.second.value;
  }

  /// Lets `change` have every row of a group; it says whether it changed it.
  template <class Change> result<void> change_group(const std::string& value, Change change) {
    const std::vector<cell> wanted{value};
    TRY(const auto stored, where().reads->query(selection(by_.column), wanted));
    std::vector<key_type> keys;
    for (const auto& each : stored) {
      auto known = detail::row_of<Row>(each);
      keys.push_back(key_of(known));
      // What is held is at least as new as what is stored.
      if (const auto [at, is_new] = rows_.try_emplace(keys.back()); is_new)
        hold(at->second, std::move(known), detail::size_of(each));
    }
    for (const auto* touched : {&groups_before_, &groups_})
      if (const auto found = touched->find(value); found != touched->end())
        keys.insert(keys.end(), found->second.begin(), found->second.end());
    for (const auto& key : keys) {
      auto& each = *rows_.find(key);
      if (change(each.second.value))
        touch(each);
    }
    return success();
  }

  changed_rows take() override {
    changed_rows out;
    // In the order of the store's own index, a batch goes through its pages once.
    std::sort(changed_.begin(), changed_.end(), [](const entry* one, const entry* other) {
      return one->first < other->first;
    });
    for (auto* const which : changed_) {
      auto& each = which->second;
      auto& to = each.is_stored ? out.changed : out.added;
      to.push_back(detail::cells_of(each.value));
      each.is_changed = false;
      each.is_stored = true;
      const auto bytes = detail::size_of(to.back());
      bytes_ += bytes - each.bytes;
      each.bytes = bytes;
    }
    changed_.clear();
    groups_before_ = std::move(groups_);
    groups_.clear();
    if (bytes_ > most_bytes)
      std::erase_if(rows_, [this](const auto& each) {
        // What the batch before this one used may not be in the store yet.
        const bool is_old = each.second.used + 1 < batch_;
        if (is_old)
          bytes_ -= each.second.bytes;
        return is_old;
      });
    ++batch_;
    return out;
  }

  void forget() override {
    rows_.clear();
    changed_.clear();
    groups_.clear();
    groups_before_.clear();
    bytes_ = 0;
  }

private:
  /// What is held of one table; when it is more, what was not used of late is dropped, and read
  /// again when needed.
  static constexpr std::size_t most_bytes = std::size_t{16} << 20;

  struct held_row {
    Row value;
    std::uint64_t used = 0; ///< the last batch that did
    std::size_t bytes = 0;  ///< counted in `bytes_`
    bool is_changed = false;
    bool is_stored = false; ///< or on its way there
  };
  using held_rows = std::unordered_map<key_type, held_row>; // an entry stays where it is
  using entry = typename held_rows::value_type;
  using groups = std::unordered_map<std::string, std::vector<key_type>>;

  static key_type key_of(const Row& of) {
    return of.*boost::mp11::mp_first<detail::members<Row>>::pointer;
  }

  result<entry*> held(const key_type& key) {
    if (const auto found = rows_.find(key); found != rows_.end()) {
      found->second.used = batch_;
      return &*found;
    }
    const std::vector<cell> wanted{detail::cell_of(key)};
    TRY(const auto stored, where().reads->query(selection(shape_.columns.front().name), wanted));
    if (stored.empty())
      return static_cast<entry*>(nullptr);
    auto& made = *rows_.try_emplace(key).first;
    hold(made.second, detail::row_of<Row>(stored.front()), detail::size_of(stored.front()));
    return &made;
  }

  void hold(held_row& at, Row value, std::size_t bytes) {
    at.value = std::move(value);
    at.used = batch_;
    at.is_stored = true;
    at.bytes = bytes;
    bytes_ += bytes;
  }

  /// The rows in which a column has the value of the parameter.
  [[nodiscard]] std::string selection(std::string_view by) const {
    return "select " + column_list(shape_) + " from " + where().in.table(shape_.name) + " where " +
           std::string{by} + " = $1";
  }

  void touch(entry& which) {
    auto& of = which.second;
    of.used = batch_;
    if (of.is_changed)
      return;
    of.is_changed = true;
    changed_.push_back(&which);
    if (by_.member != nullptr)
      groups_[of.value.*by_.member].push_back(which.first);
  }

  table_shape shape_;
  grouping by_;
  held_rows rows_;
  std::vector<entry*> changed_;
  groups groups_;           ///< of what changed
  groups groups_before_;    ///< of what the batch before changed
  std::uint64_t batch_ = 1; ///< counts calls of `take`
  std::size_t bytes_ = 0;   ///< of what is held
};

} // namespace ash::projections
