// What a session is after each fact.
#include "actors/aggregates/session_parts.hpp"
#include "events/base/check.hpp"
#include "events/base/match.hpp"

#include <algorithm>

namespace ash::session {
namespace {

active& existing(state& s) {
  auto* in = std::get_if<active>(&s);
  check(in != nullptr, "a fact of a session that is not active");
  return *in;
}

void forget_context(active& s, std::int64_t epoch) {
  s.epoch = epoch;
}

/// That they were decided, and how, is known for as long as the session lasts.
void leave_approvals(active& s) {
  s.earlier_approvals = static_cast<std::int64_t>(s.approvals.size());
  for (auto& each : s.approvals)
    if (each.decision) {
      each.what.question.clear();
      each.what.content = {};
    }
}

void archive_all(active& s, const cleared& f) {
  for (const auto& p : s.messages)
    s.archived.push_back(p.message);
  s.messages.clear();
  s.turns.transcript.clear();
  s.turns = turn::leave(std::move(s.turns));
  leave_approvals(s);
  s.turns.used = {};
  s.generation = f.generation;
  forget_context(s, f.epoch);
}

void keep_edit(active& s, const message_edited& f) {
  const auto found = std::find_if(s.messages.begin(), s.messages.end(), [&](const posted& p) {
    return p.message == f.message;
  });
  check(found != s.messages.end(), "an edit of a message that is not there");
  const auto index = static_cast<std::size_t>(found->index);
  if (f.mode == edit_mode::save) {
    s.turns.transcript.at(index).text = f.text;
    return;
  }
  // The turn that follows puts the message back, with its new text.
  s.turns.transcript.resize(index);
  s.messages.erase(std::next(found), s.messages.end());
}

state close(active& s, const ended& how) {
  closed end{s.about.session, {}, s.about.asked_by, how};
  end.turns.leftovers = turn::leave(std::move(s.turns)).leftovers;
  return end;
}

state on_turn_fact(state from, const turn::fact& f) {
  if (auto* ended = std::get_if<closed>(&from); ended != nullptr) {
    check(turn::of_leftover(ended->turns, f), "a fact of a turn in a session that has ended");
    ended->turns = turn::evolve_leftover(std::move(ended->turns), f);
    return from;
  }
  auto& s = existing(from);
  s.turns = turn::evolve(std::move(s.turns), f);
  const auto over = outcome_of(f);
  if (over)
    leave_approvals(s);
  if (is_child(s))
    s.outcome = over ? apart<ended>{*over} : apart<ended>{};
  return from;
}

} // namespace
} // namespace ash::session

namespace ash {

using namespace session;

session::state session_aggregate::evolve(state from, const fact& happened) {
  const auto kept = [&](auto&& change) -> state {
    change(existing(from));
    return std::move(from);
  };
  return std::visit(
      match{
          [&](const created& f) -> state {
            active begun;
            begun.about = f;
            return begun;
          },
          [&](const ended& f) -> state { return close(existing(from), f); },
          [&](const titled& f) { return kept([&](active& s) { s.title = f.title; }); },
          [&](const model_changed& f) {
            return kept([&](active& s) {
              s.about.agent.change([&](agent_terms& agent) { agent.models = f.models; });
            });
          },
          [&](const persona_changed& f) {
            return kept([&](active& s) { s.about.agent = f.agent; });
          },
          [&](const context_reset& f) {
            return kept([&](active& s) { forget_context(s, f.epoch); });
          },
          [&](const cleared& f) { return kept([&](active& s) { archive_all(s, f); }); },
          [&](const plan_mode_changed& f) { return kept([&](active& s) { s.plan_mode = f.on; }); },
          [&](const message_appended& f) {
            return kept([&](active& s) {
              const auto index = static_cast<std::int64_t>(s.turns.transcript.size());
              s.messages.push_back({f.message, index});
            });
          },
          [&](const message_edited& f) { return kept([&](active& s) { keep_edit(s, f); }); },
          [&](const run::approval_requested& f) {
            return kept([&](active& s) { approvals::keep(s.approvals, f); });
          },
          [&](const run::approval_decided& f) {
            return kept([&](active& s) { approvals::keep(s.approvals, f); });
          },
          [&](const run::path_granted&) -> state { return std::move(from); },
          [&](const run::path_revoked&) -> state { return std::move(from); },
          [&](const run::hook_ran&) -> state { return std::move(from); },
          [&](const turn::turn_fact auto& f) {
            return on_turn_fact(std::move(from), turn::fact{f});
          },
      },
      happened);
}

} // namespace ash
