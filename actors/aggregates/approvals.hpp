// The approval book of a root, which a run and a session keep alike: whatever asks beneath it, a
// phase, a tool call or a turn, asks here, is decided once, and is told what was decided. Pure; its
// owner stores the facts and holds the approvals.
#pragma once

#include "actors/aggregates/effects.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ash::run {

struct approval {
  approval_requested what;
  std::optional<approval_decided> decision;
};
BOOST_DESCRIBE_STRUCT(approval, (), (what, decision))

} // namespace ash::run

namespace ash::approvals {

using book = std::vector<run::approval>;
using fact = std::variant<run::approval_requested, run::approval_decided>;
using facts = std::vector<fact>;

/// Who decides where nobody can be asked.
constexpr std::string_view nobody = "nobody";

/// How a root treats what is asked of it.
struct terms {
  bool attended = true; ///< otherwise asking is a refusal, on record
  /// For whatever says nothing of its own; 0: it waits for ever.
  std::int64_t limit_ms = 0;
  run::decision_kind on_limit = run::decision_kind::reject;
};

[[nodiscard]] bool has_undecided(const book& all);
/// None where there is no such approval.
[[nodiscard]] const run::approval* find(const book& all, const approval_id& id);

decision<fact>
request(const book& all, const run::request_approval& c, const terms& how, instant now);
/// Errors: `approval_not_found`, `approval_already_decided`.
decision<fact> decide(const book& all, const run::decide_approval& c);
/// Nobody decided in time: what the approval says of that.
facts due(const book& all, const run::approval_due& c);
facts withdraw(const book& all, const run::withdraw_approval& c);
/// The root is over: whatever nobody has decided is cancelled.
facts cancel_all(const book& all, std::string_view by, std::string_view reason);

void keep(book& all, const run::approval_requested& f);
void keep(book& all, const run::approval_decided& f);

/// Decides it by itself when its time is over; nothing where it has no limit.
effects watch(const run::approval_requested& f);
/// Tells the asker what was decided; a cancelled approval has nobody left to tell.
effects tell_asker(const run::approval& a);
/// What is owed after a restart for what nobody has decided.
effects pending(const book& all);

/// Adds facts of the book to those of its owner.
template <class Fact> void add(std::vector<Fact>& all, facts more) {
  for (auto& f : more)
    std::visit([&](auto& one) { all.emplace_back(std::move(one)); }, f);
}

} // namespace ash::approvals
