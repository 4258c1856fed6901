// A view: the fold of the log into the rows of its tables. The rows that a batch of facts touches
// are held in memory and given out whole, in one go, at its end. A view knows no clock and no
// randomness, so that the same facts give the same rows, byte for byte. Owned by one projector.
#pragma once

#include "events/base/check.hpp"
#include "events/facts/any.hpp"
#include "events/log/event_log.hpp"
#include "projections/generation.hpp"
#include "projections/store/store.hpp"

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/bind.hpp>
#include <memory>
#include <string_view>
#include <vector>

namespace ash::projections {

/// Where rows come from and go to: two connections to one store, so that what is stored can be read
/// while a batch is being written.
struct workplace {
  connection* writes = nullptr;
  connection* reads = nullptr;
  generation in;
};

struct changed_rows {
  std::vector<row> added; ///< new to the fold, so that the store should not have them
  std::vector<row> changed;

  [[nodiscard]] std::size_t count() const { return added.size() + changed.size(); }
};

/// One table of a view.
class table_base {
public:
  virtual ~table_base() = default;
  [[nodiscard]] virtual const table_shape& shape() const = 0;
  /// What changed since the last time: the rows of a batch, which its owner writes before it takes
  /// those of the batch after the next one.
  virtual changed_rows take() = 0;
  /// Drops what is held, changed or not: the store knows better, and nothing is on its way there.
  virtual void forget() = 0;

  void work_at(const workplace& where) { where_ = &where; }

protected:
  [[nodiscard]] const workplace& where() const {
    check(where_ != nullptr, "a table is used outside a projector");
    return *where_;
  }

private:
  const workplace* where_ = nullptr;
};

class view {
public:
  virtual ~view() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Of the fold: to be changed when the same facts give other rows in the same tables.
  [[nodiscard]] virtual std::string_view revision() const { return "1"; }
  [[nodiscard]] virtual std::vector<table_base*> tables() = 0;
  [[nodiscard]] std::vector<const table_base*> tables() const {
    const auto all = const_cast<view*>(this)->tables();
    return {all.begin(), all.end()};
  }
  /// The SQL that makes its tables, each named in braces.
  [[nodiscard]] std::string_view definition() const;
  /// Errors: `log_corrupt` for a fact that does not follow from what was before it, and those of
  /// the store.
  virtual result<void> apply(const log::record& from, const any_fact& happened) = 0;
};

/// The facts that a view passes over on purpose; a variant stands for all of its facts.
template <class... Facts> using passes_over = boost::mp11::mp_list<Facts...>;

/// The variant without some of its facts.
template <class Variant, class... Facts>
using without = boost::mp11::mp_remove_if_q<
    Variant,
    boost::mp11::mp_bind_front<boost::mp11::mp_contains, boost::mp11::mp_list<Facts...>>>;

namespace detail {
template <class Listed, class Fact> constexpr bool covers = std::is_same_v<Listed, Fact>;
template <class... Members, class Fact>
constexpr bool covers<std::variant<Members...>, Fact> = (std::is_same_v<Members, Fact> || ...);

template <class List, class Fact> constexpr bool is_passed_over = false;
template <class... Listed, class Fact>
constexpr bool is_passed_over<boost::mp11::mp_list<Listed...>, Fact> = (covers<Listed, Fact> ||
                                                                        ...);
} // namespace detail

/// Calls `View::on(fact, record)` for every fact that `View` does not pass over: there is no
/// catch-all, so a new fact does not compile until each view answers.
template <class View, class PassedOver> class folding_view : public view {
public:
  result<void> apply(const log::record& from, const any_fact& happened) override {
    return std::visit(
        [&](const auto& fact) -> result<void> {
          if constexpr (detail::is_passed_over<PassedOver, std::decay_t<decltype(fact)>>)
            return success();
          else
            return static_cast<View*>(this)->on(fact, from);
        },
        happened);
  }
};

/// The order of rows in every list: that of the facts that made them, and of the elements in a
/// fact. Unique in a table; a fact has at most 1,024 elements.
inline std::int64_t sequence_of(const log::record& from, std::size_t element = 0) {
  constexpr std::size_t most = 1'024;
  check(element < most, "a fact with more elements than a view can order");
  return static_cast<std::int64_t>(from.position * most + element);
}

/// The refusal of a fact that does not follow from what was before it.
inline error out_of_place(const log::record& from, std::string_view what, std::string_view id) {
  return refuse(errc::log_corrupt,
                "the fact " + from.type + " at position " + std::to_string(from.position) +
                    " is about " + std::string{what} + " " + std::string{id} +
                    ", which no fact before it made");
}

std::unique_ptr<view> make_runs();
std::unique_ptr<view> make_phases();
std::unique_ptr<view> make_artifacts();
std::unique_ptr<view> make_approvals();
std::unique_ptr<view> make_tool_calls();
std::unique_ptr<view> make_model_calls();
std::unique_ptr<view> make_sessions();
std::unique_ptr<view> make_messages();
std::unique_ptr<view> make_budgets();
std::unique_ptr<view> make_personas();
std::unique_ptr<view> make_workflows();

/// One of each.
std::vector<std::unique_ptr<view>> make_views();

} // namespace ash::projections
