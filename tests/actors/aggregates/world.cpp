#include "tests/actors/aggregates/world.hpp"

#include "actors/aggregates/delegation.hpp"
#include "actors/aggregates/model_review.hpp"
#include "events/base/match.hpp"

#include <set>

namespace ash::testing {
namespace {

std::unique_ptr<actor> make_actor(entity_kind kind) {
  switch (kind) {
  case entity_kind::session:
    return std::make_unique<actor_of<session_aggregate>>();
  case entity_kind::run:
    return std::make_unique<actor_of<run_aggregate>>();
  case entity_kind::phase:
    return std::make_unique<actor_of<phase_aggregate>>();
  case entity_kind::tool_call:
    return std::make_unique<actor_of<tool_call_aggregate>>();
  case entity_kind::budget:
    return std::make_unique<actor_of<budget_aggregate>>();
  case entity_kind::log:
    break;
  }
  throw std::logic_error{"no such actor"};
}

} // namespace

actor& world::find(const stream_id& stream) {
  auto& found = actors_[stream];
  if (!found)
    found = make_actor(stream.kind());
  return *found;
}

result<void> world::tell(const stream_id& to, const any_command& what) {
  auto& who = find(to);
  const auto before = static_cast<std::ptrdiff_t>(who.facts().size());
  TRY(auto wanted, who.tell(what, now_));
  if (std::ssize(who.facts()) > before)
    log_.push_back({to, {who.facts().begin() + before, who.facts().end()}});
  issue(to, std::move(wanted));
  return success();
}

void world::issue(const stream_id& owner, effects what) {
  for (auto& request : what) {
    const auto flies = [&](const std::string& id) {
      return std::find_if(in_flight_.begin(), in_flight_.end(), [&](const in_flight& f) {
        return f.owner == owner && f.request.id == id;
      });
    };
    if (const auto* off = std::get_if<effect::call_off>(&request.what)) {
      if (const auto target = flies(off->effect); target != in_flight_.end())
        target->called_off = true;
    } else if (!std::holds_alternative<effect::prune>(request.what) &&
               flies(request.id) == in_flight_.end()) {
      in_flight_.push_back({owner, std::move(request)});
    }
  }
}

void world::answer(const stream_id& to, const any_command& what) {
  const auto taken = tell(to, what);
  EXPECT_TRUE(taken) << to.text() << " refused an answer: " << to_string(taken.error());
}

std::size_t world::place_of(std::string_view id) const {
  const auto found = std::find_if(in_flight_.begin(), in_flight_.end(), [&](const in_flight& f) {
    return f.request.id.starts_with(id);
  });
  return static_cast<std::size_t>(found - in_flight_.begin());
}

void world::perform(std::size_t at) {
  const auto what = in_flight_.at(at);
  in_flight_.erase(in_flight_.begin() + static_cast<std::ptrdiff_t>(at));
  perform(what);
}

void world::open_phase(const stream_id& owner, const effect::open_phase& e) {
  if (outside_.start_fails())
    return answer(owner, run::phase_unstartable{e.phase, refuse(errc::io_failed, "no disk")});
  auto work = outside_.work;
  work.phase = e.phase;
  work.run = e.run;
  work.key = e.key;
  work.scopes = e.scopes;
  if (const auto taken = tell(stream_of(e.phase), phase::start{work}); !taken)
    answer(owner, run::phase_unstartable{e.phase, taken.error()});
}

void world::open_child(const stream_id& owner, const effect::open_child& e) {
  const auto give_up = [&](const error& why) {
    tool_call::finish end;
    end.failed = true;
    end.code = to_string(why.code);
    end.text = why.message;
    answer(owner, end);
  };
  if (!actors_.contains(stream_of(e.session)) && outside_.start_fails())
    return give_up(refuse(errc::persona_not_found, "nobody has that name"));
  auto child = delegation::stub_of(e.what, e.session);
  child.agent = outside_.work.agent;
  child.scopes = e.what.scopes;
  child.scopes.insert(child.scopes.begin(), a_scope("session:" + to_string(e.session)));
  child.task = "Help.";
  if (model_review::is_reviewer(child)) {
    child.agent.change([](agent_terms& a) {
      a.tools.clear();
      a.tool_bounds = {};
      a.max_steps = 1;
    });
  } else if (outside_.child_writes()) {
    child.branch = "sub";
  }
  if (const auto taken = tell(stream_of(e.session), session::create{child}); !taken)
    give_up(taken.error());
}

namespace {

run::hooks_ran all_pass(const effect::run_hooks& e) {
  run::hooks_ran ran{e.on, {}};
  for (const auto& rule : e.rules) {
    ran.results.emplace_back();
    ran.results.back().on = e.on;
    ran.results.back().command = rule.command;
  }
  return ran;
}

} // namespace

void world::perform(const in_flight& what) {
  const auto& owner = what.owner;
  std::visit(
      match{
          [&](const effect::reserve& e) {
            for (const auto& scope : e.scopes)
              if (const auto taken = tell(
                      stream_of_budget(scope.scope),
                      budget::reserve{
                          e.call, owner, e.amount, scope, effect::approval_for(e, scope.scope)});
                  !taken)
                return answer(owner, turn::budget_refused{e.call, scope.scope, taken.error()});
            answer(owner, turn::budget_reserved{e.call});
          },
          [&](const effect::settle& e) {
            for (const auto& scope : e.scopes)
              answer(stream_of_budget(scope.scope),
                     e.spent ? any_command{budget::settle{e.call, e.actual}}
                             : any_command{budget::release{e.call}});
            answer(owner, turn::budget_settled{e.call});
          },
          [&](const effect::call_model& e) {
            ++calls_made[e.call];
            answer(owner,
                   what.called_off ? any_command{fails(e.call, errc::cancelled, false)}
                                   : outside_.model(owner, e.call));
          },
          [&](const effect::run_tool& e) {
            tool_call::finish stopped;
            stopped.failed = true;
            stopped.code = to_string(errc::cancelled);
            if (!what.called_off)
              ++tools_run[e.what.call];
            answer(owner, what.called_off ? stopped : outside_.tool(e.what));
          },
          [&](const effect::run_hooks& e) { answer(owner, all_pass(e)); },
          [&](const effect::tell_self& e) {
            now_ = std::max(now_, e.due);
            answer(owner, e.what);
          },
          [&](const effect::send& e) {
            if (const auto taken = tell(e.to, e.what); !taken && e.if_refused)
              answer(owner, *e.if_refused);
          },
          [&](const effect::check_artifact&) { answer(owner, outside_.artifact(owner)); },
          [&](const effect::prepare_workspace& e) {
            answer(owner, run::workspace_ready{e.worktree, e.branch, "c0ffee"});
          },
          [&](const effect::open_phase& e) { open_phase(owner, e); },
          [&](const effect::open_child& e) { open_child(owner, e); },
          [&](const effect::close_child& e) {
            answer(owner, session::child_closed{outside_.child_merges(e.outcome)});
          },
          [&](const effect::check_condition& e) {
            answer(owner, run::condition_checked{e.key, true, "it holds"});
          },
          [&](const effect::merge_phase& e) {
            answer(owner, run::phase_merged_in{e.phase, "c0ffee"});
          },
          [&](const effect::compose_report& e) {
            if (outside_.report_fails())
              return answer(owner,
                            run::report_lost{refuse(errc::report_write_failed, "full"), e.outcome});
            answer(owner, run::report_ready{{"r.json", "r.md", "branch", "c0ffee", {}}, e.outcome});
          },
          [](const effect::call_off&) {},
          [](const effect::prune&) {},
      },
      what.request.what);
}

void world::settle() {
  for (int left = 5'000; !in_flight_.empty(); --left) {
    ASSERT_GT(left, 0) << "the world does not come to rest";
    perform(0);
  }
}

void world::crash() {
  in_flight_.clear();
  for (auto& [stream, who] : actors_)
    who->fold_again(std::vector<any_fact>{who->facts()});
  for (auto& [stream, who] : actors_)
    issue(stream, who->pending());
}

void world::crash_within(std::size_t at) {
  const auto what = in_flight_.at(at);
  if (const auto* e = std::get_if<effect::reserve>(&what.request.what); e && !e->scopes.empty())
    (void)tell(stream_of_budget(e->scopes.front().scope),
               budget::reserve{e->call,
                               what.owner,
                               e->amount,
                               e->scopes.front(),
                               effect::approval_for(*e, e->scopes.front().scope)});
  if (const auto* e = std::get_if<effect::settle>(&what.request.what); e && !e->scopes.empty())
    answer(stream_of_budget(e->scopes.front().scope),
           e->spent ? any_command{budget::settle{e->call, e->actual}}
                    : any_command{budget::release{e->call}});
  if (const auto* e = std::get_if<effect::call_model>(&what.request.what))
    ++calls_made[e->call];
  if (const auto* e = std::get_if<effect::run_tool>(&what.request.what))
    ++tools_run[e->what.call];
  crash();
}

void world::restore(const std::vector<appended>& log, std::size_t count) {
  std::map<stream_id, std::vector<any_fact>> facts;
  for (std::size_t i = 0; i < count; ++i) {
    auto& all = facts[log[i].stream];
    all.insert(all.end(), log[i].facts.begin(), log[i].facts.end());
    log_.push_back(log[i]);
  }
  for (const auto& [stream, all] : facts)
    find(stream).fold_again(all);
  crash();
}

const std::vector<any_fact>& world::facts_of(const stream_id& stream) const {
  return actors_.at(stream)->facts();
}

std::vector<stream_id> world::streams() const {
  std::vector<stream_id> all;
  for (const auto& [stream, who] : actors_)
    all.push_back(stream);
  return all;
}

namespace {

usd cost_of_calls(const std::vector<any_fact>& facts) {
  usd sum;
  for (const auto& f : all_of<turn::call_completed>(facts))
    sum += f.cost;
  for (const auto& f : all_of<turn::call_failed>(facts))
    sum += f.cost;
  for (const auto& f : all_of<turn::call_lost>(facts))
    sum += f.cost;
  return sum;
}

void expect_one_turn_at_a_time(const std::vector<any_fact>& facts) {
  bool runs = false;
  for (const auto& f : facts) {
    const auto starts = std::holds_alternative<turn::started>(f);
    EXPECT_FALSE(starts && runs) << "two turns at once";
    const auto ends =
        std::holds_alternative<turn::completed>(f) || std::holds_alternative<turn::failed>(f) ||
        std::holds_alternative<turn::interrupted>(f) || std::holds_alternative<session::cleared>(f);
    runs = starts || (runs && !ends);
  }
}

void expect_answers_once(const world& w, const std::vector<any_fact>& facts) {
  std::set<tool_call_id> answered;
  for (const auto& f : all_of<turn::tool_answered>(facts))
    EXPECT_TRUE(answered.insert(f.tool_call).second) << "a tool call was answered twice";
  std::set<call_id> ended;
  for (const auto& f : all_of<turn::call_completed>(facts)) {
    EXPECT_TRUE(ended.insert(f.call).second) << "a model call completed twice";
    if (const auto made = w.calls_made.find(f.call); made != w.calls_made.end()) {
      EXPECT_EQ(made->second, 1) << "a completed model call was made again";
    }
  }
  std::set<call_id> settled;
  for (const auto& f : all_of<turn::call_settled>(facts))
    EXPECT_TRUE(settled.insert(f.call).second) << "a model call was settled twice";
}

/// What was asked is decided once, and what was approved happens once.
void expect_decided_once(const std::vector<any_fact>& facts) {
  std::set<approval_id> asked;
  for (const auto& f : all_of<run::approval_requested>(facts))
    EXPECT_TRUE(asked.insert(f.approval).second) << "an approval was asked for twice";
  std::set<approval_id> decided;
  for (const auto& f : all_of<run::approval_decided>(facts)) {
    EXPECT_TRUE(asked.contains(f.approval)) << "what nobody asked was decided";
    EXPECT_TRUE(decided.insert(f.approval).second) << "an approval was decided twice";
  }
  std::map<call_id, approval_id> let_go;
  for (const auto& f : all_of<budget::reserved>(facts))
    if (!f.approval.is_nil())
      let_go[f.call] = f.approval;
  std::set<approval_id> used; // a call that cost nothing may be made again
  for (const auto& f : all_of<budget::settled>(facts))
    if (let_go.contains(f.call) && f.actual > usd{}) {
      EXPECT_TRUE(used.insert(let_go[f.call]).second) << "an approval paid for two calls";
    }
}

/// A call that a person or a model had to decide about ran only where it was approved.
void expect_reviewed(const std::vector<any_fact>& facts) {
  auto awaited = !all_of<tool_call::review_awaited>(facts).empty();
  for (const auto& f : all_of<tool_call::delegated>(facts))
    awaited = awaited || f.session == model_review::session_of(f.call);
  const auto reviews = all_of<tool_call::reviewed>(facts);
  EXPECT_LE(reviews.size(), 1U) << "a tool call was reviewed twice";
  const auto approved =
      !reviews.empty() && reviews.front().verdict == tool_call::review_verdict::approved;
  if (!all_of<tool_call::started>(facts).empty()) {
    EXPECT_EQ(awaited, approved) << "a tool call ran that was not approved";
  }
}

void expect_within_cap(const std::vector<any_fact>& facts) {
  budget::state s;
  std::set<call_id> ended;
  for (const auto& f : facts) {
    s = budget_aggregate::evolve(std::move(s), narrowed<budget::fact>(f));
    if (s.open && s.terms.policy == budget_policy::block) {
      EXPECT_LE(s.committed(), s.terms.cap);
    }
    if (const auto* end = std::get_if<budget::settled>(&f)) {
      EXPECT_TRUE(ended.insert(end->call).second) << "a call was charged twice";
    }
    if (const auto* end = std::get_if<budget::released>(&f)) {
      EXPECT_TRUE(ended.insert(end->call).second) << "a call was released after its end";
    }
  }
}

template <class End> void expect_totals(const std::vector<any_fact>& facts) {
  for (const auto& end : all_of<End>(facts)) {
    EXPECT_EQ(end.cost, cost_of_calls(facts));
    EXPECT_EQ(end.calls, std::ssize(all_of<turn::call_requested>(facts)));
    EXPECT_EQ(type_of(facts.back()), End::type) << "something followed the end of a phase";
  }
}

} // namespace

void expect_invariants(const world& w) {
  for (const auto& stream : w.streams()) {
    const auto& facts = w.facts_of(stream);
    EXPECT_TRUE(w.at(stream).replays()) << stream.text() << " replays to another state";
    expect_decided_once(facts);
    if (stream.kind() == entity_kind::budget) {
      expect_within_cap(facts);
    } else if (stream.kind() == entity_kind::tool_call) {
      expect_reviewed(facts);
      const auto asked = all_of<tool_call::requested>(facts);
      if (asked.size() == 1 && asked.front().effect == effect_class::write &&
          w.tools_run.contains(asked.front().call)) {
        EXPECT_LE(w.tools_run.at(asked.front().call), 1) << "a write was run twice";
      }
    } else {
      expect_one_turn_at_a_time(facts);
      expect_answers_once(w, facts);
    }
    if (stream.kind() == entity_kind::phase) {
      expect_totals<phase::completed>(facts);
      expect_totals<phase::failed>(facts);
      expect_totals<phase::aborted>(facts);
    }
  }
}

void expect_nothing_left(const world& w) {
  std::map<std::string, usd> spent;
  for (const auto& stream : w.streams()) {
    if (stream.kind() != entity_kind::phase && stream.kind() != entity_kind::session)
      continue;
    const auto& facts = w.facts_of(stream);
    const auto asked = all_of<turn::call_requested>(facts);
    EXPECT_EQ(asked.size(), all_of<turn::call_settled>(facts).size())
        << stream.text() << " left a call unsettled";
    for (const auto& scope : asked.empty() ? std::vector<budget_terms>{} : asked.front().scopes)
      spent[scope.scope] += cost_of_calls(facts);
  }
  for (const auto& stream : w.streams())
    if (stream.kind() == entity_kind::budget) {
      const auto& s = w.state_of<budget_aggregate>(stream);
      EXPECT_TRUE(s.reservations.empty()) << stream.text() << " holds a reservation";
      EXPECT_EQ(s.reserved, usd{});
      EXPECT_EQ(s.settled, spent[std::string{stream.key()}]) << stream.text();
    }
}

} // namespace ash::testing
