#include "actors/aggregates/model_review.hpp"
#include "actors/aggregates/session_parts.hpp"

#include "events/base/match.hpp"
#include "events/base/text.hpp"

#include <algorithm>

namespace ash::session {
namespace {

using facts = std::vector<fact>;

/// A session at the top asks itself.
stream_id root_of(const active& s) {
  return s.about.root.empty() ? stream_of(s.about.session) : s.about.root;
}

turn::owner owner_of(const active& s) {
  return {stream_of(s.about.session),
          s.about.session.value,
          *s.about.agent,
          s.about.scopes,
          s.about.worktree,
          s.plan_mode,
          root_of(s),
          {},
          s.about.attended,
          s.about.depth,
          model_review::is_reviewer(s.about) ? turn::call_purpose::review
                                             : turn::call_purpose::work};
}

error childs_own() {
  return refuse(errc::invalid_transition,
                "the session is a sub-agent's: it does the one task that it was given");
}

void add(facts& all, turn::facts more) {
  for (auto& f : more)
    std::visit([&](auto& one) { all.emplace_back(std::move(one)); }, f);
}

error ended_error() {
  return refuse(errc::session_ended, "the session has ended; start a new one");
}

error busy_error(const active& s) {
  return refuse(errc::response_in_progress, "a turn is running: wait for it or stop it")
      .with("turn", to_string(s.turns.now->turn));
}

bool is_known(const active& s, const message_id& id) {
  return std::any_of(s.messages.begin(),
                     s.messages.end(),
                     [&](const posted& p) { return p.message == id; }) ||
         std::find(s.archived.begin(), s.archived.end(), id) != s.archived.end();
}

std::string title_of(std::string_view text) {
  auto title = utf8_prefix(text, 4 * title_code_points);
  while (code_points(title) > title_code_points)
    title = utf8_prefix(title, title.size() - 1);
  return std::string{title};
}

approvals::terms terms_of(const active& s) {
  return {s.about.attended, s.about.approval_limit_ms, s.about.on_approval_limit};
}

/// Leaving plan mode is the session's own question: it is asked once at a time.
decision<fact> ask_to_leave_plan_mode(const active& s, instant now) {
  for (const auto& a : s.approvals)
    if (a.what.kind == run::approval_kind::plan && !a.decision)
      return facts{};
  run::approval_requested what;
  what.approval = {derive(s.about.session.value, "plan:" + std::to_string(s.approvals.size() + 1))};
  what.kind = run::approval_kind::plan;
  what.asker = stream_of(s.about.session);
  what.subject = "plan mode";
  what.question = "May the session leave plan mode, and change things from now on?";
  TRY(auto asked, approvals::request(s.approvals, {std::move(what), 0}, terms_of(s), now));
  facts happened;
  approvals::add(happened, std::move(asked));
  return happened;
}

/// What a decision leads to here: an approved plan ends plan mode, an abort ends the turn.
decision<fact> follow_decision(const active& s, approvals::facts settled, instant now) {
  facts happened;
  approvals::add(happened, std::move(settled));
  if (happened.empty())
    return happened;
  const auto decided = std::get<run::approval_decided>(happened.front());
  const auto* asked = approvals::find(s.approvals, decided.approval);
  if (asked->what.kind == run::approval_kind::plan &&
      decided.decision == run::decision_kind::approve && s.plan_mode)
    happened.push_back(plan_mode_changed{false});
  if (decided.decision == run::decision_kind::abort) {
    TRY(auto stopped, turn::decide(owner_of(s), s.turns, turn::stop{{}, decided.comment}, now));
    add(happened, std::move(stopped));
  }
  return happened;
}

/// What the session asked itself for a turn that ends is taken back with it, in one append: a
/// withdrawal on its way could be lost in a crash.
void take_back_question(const active& s, facts& happened) {
  const auto* ended = happened.empty() ? nullptr : std::get_if<turn::interrupted>(&happened.back());
  if (ended != nullptr && !s.turns.now->awaits.is_nil())
    approvals::add(happened,
                   approvals::withdraw(s.approvals, {s.turns.now->awaits, ended->reason}));
}

// -- children -------------------------------------------------------------------------------------

/// Adds what a turn led to. A child ends with its turn, once what it did in a worktree of its own
/// is where it belongs.
void follow_turn(const active& s, facts& happened, turn::facts turned) {
  const auto outcome = turned.empty() ? std::nullopt : outcome_of(turned.back());
  add(happened, std::move(turned));
  take_back_question(s, happened);
  if (outcome && is_child(s) && s.about.branch.empty())
    happened.push_back(*outcome);
}

decision<fact> stop_child(const active& s, const std::string& reason, instant now) {
  TRY(auto stopped, turn::decide(owner_of(s), s.turns, turn::stop{{}, reason}, now));
  facts happened;
  follow_turn(s, happened, std::move(stopped));
  return happened;
}

decision<fact> begin_child(const created& what, instant now) {
  if (what.agent->models.empty())
    return refuse(errc::provider_unavailable, "the persona of the sub-agent has no model");
  active begun;
  begun.about = what;
  begun.about.task.clear(); // the message has it
  facts happened{begun.about,
                 message_appended{{derive(what.session.value, "task")}, what.task},
                 titled{title_of(what.task)}};
  follow_turn(begun, happened, turn::begin(owner_of(begun), begun.turns, what.task, now));
  return happened;
}

// -- commands -------------------------------------------------------------------------------------

decision<fact> on(const absent&, const create& c, instant now) {
  if (c.what.depth > max_depth)
    return refuse(errc::subagent_depth_exceeded,
                  "sub-agents nest at most " + std::to_string(max_depth) + " deep");
  return c.what.asked_by.is_nil() ? decision<fact>{facts{c.what}} : begin_child(c.what, now);
}

// It overtook the creation: that has to find a session that is over.
decision<fact> on(const absent&, const call_off& c, instant) {
  return facts{c.what, ended{c.reason, {}, std::string{to_string(errc::cancelled)}}};
}

decision<fact> on(const active& s, const call_off& c, instant now) {
  if (!is_child(s))
    return childs_own();
  return stop_child(s, c.reason, now);
}

decision<fact> on(const active& s, const child_closed& c, instant) {
  if (!s.outcome)
    return facts{};
  return facts{c.what};
}

decision<fact> on(const active&, const create&, instant) {
  return facts{};
}

decision<fact> on(const active& s, const end& c, instant now) {
  if (is_child(s))
    return stop_child(s, c.reason, now);
  facts happened;
  add(happened, turn::discard(s.turns, c.reason));
  if (s.turns.now)
    happened.push_back(turn::interrupted{s.turns.now->turn, c.reason, {}});
  approvals::add(happened, approvals::cancel_all(s.approvals, "session", "the session has ended"));
  happened.push_back(ended{c.reason});
  return happened;
}

decision<fact> on(const active& s, const set_model& c, instant) {
  if (is_child(s))
    return childs_own();
  if (s.turns.now)
    return busy_error(s);
  if (c.models.empty())
    return refuse(errc::argument_invalid, "a session needs a model");
  return facts{model_changed{c.models}, context_reset{s.epoch + 1}};
}

decision<fact> on(const active& s, const set_persona& c, instant) {
  if (is_child(s))
    return childs_own();
  if (s.turns.now)
    return busy_error(s);
  return facts{persona_changed{c.agent}, context_reset{s.epoch + 1}};
}

decision<fact> on(const active& s, const clear&, instant) {
  if (is_child(s))
    return childs_own();
  facts happened;
  add(happened, turn::discard(s.turns, "the session was cleared"));
  approvals::add(happened,
                 approvals::cancel_all(s.approvals, "session", "the session was cleared"));
  happened.push_back(cleared{s.generation + 1, s.epoch + 1});
  return happened;
}

decision<fact> on(const active& s, const set_plan_mode& c, instant now) {
  if (is_child(s))
    return childs_own();
  if (c.on == s.plan_mode)
    return facts{};
  // What runs, or waits for an approval, was let do so without plan mode, as were the sub-agents.
  if (c.on && s.turns.now && !s.turns.now->in_flight.empty())
    return busy_error(s);
  if (c.on)
    return facts{plan_mode_changed{true}};
  return ask_to_leave_plan_mode(s, now);
}

decision<fact> on(const active& s, const run::request_approval& c, instant now) {
  TRY(auto asked, approvals::request(s.approvals, c, terms_of(s), now));
  facts happened;
  approvals::add(happened, std::move(asked));
  return happened;
}

decision<fact> on(const active& s, const run::decide_approval& c, instant now) {
  TRY(auto settled, approvals::decide(s.approvals, c));
  return follow_decision(s, std::move(settled), now);
}

decision<fact> on(const active& s, const run::approval_due& c, instant now) {
  return follow_decision(s, approvals::due(s.approvals, c), now);
}

decision<fact> on(const active& s, const run::withdraw_approval& c, instant now) {
  return follow_decision(s, approvals::withdraw(s.approvals, c), now);
}

decision<fact> on(const active& s, const run::grant_path& c, instant) {
  if (is_child(s))
    return childs_own();
  return facts{run::path_granted{c.path, c.by}};
}

decision<fact> on(const active& s, const run::revoke_path& c, instant) {
  if (is_child(s))
    return childs_own();
  return facts{run::path_revoked{c.path, c.by}};
}

decision<fact> on(const active&, const run::hooks_ran& c, instant) {
  return facts{c.results.begin(), c.results.end()};
}
decision<fact> on(const closed&, const run::hooks_ran& c, instant) {
  return facts{c.results.begin(), c.results.end()};
}
// A timer of a question that was cancelled with the session.
decision<fact> on(const closed&, const run::approval_due&, instant) {
  return facts{};
}

decision<fact> on(const active& s, const post& c, instant now) {
  if (is_child(s))
    return childs_own();
  if (s.turns.now)
    return busy_error(s);
  if (is_known(s, c.message))
    return refuse(errc::message_exists, "the message " + to_string(c.message) + " exists already");
  if (c.text.empty())
    return refuse(errc::argument_invalid, "a message needs text");
  if (s.about.agent->models.empty())
    return refuse(errc::provider_unavailable, "the session has no model");
  facts happened{message_appended{c.message, c.text}};
  if (s.title.empty()) {
    happened.push_back(titled{title_of(c.text)});
  }
  add(happened, turn::begin(owner_of(s), s.turns, c.text, now));
  return happened;
}

decision<fact> on(const active& s, const edit& c, instant now) {
  if (is_child(s))
    return childs_own();
  if (s.turns.now)
    return busy_error(s);
  if (std::find(s.archived.begin(), s.archived.end(), c.message) != s.archived.end())
    return refuse(errc::message_archived, "the message " + to_string(c.message) + " is archived");
  if (!is_known(s, c.message))
    return refuse(errc::message_not_found, "there is no message " + to_string(c.message));
  if (c.text.empty())
    return refuse(errc::argument_invalid, "a message needs text");
  if (c.mode == edit_mode::resend && s.about.agent->models.empty())
    return refuse(errc::provider_unavailable, "the session has no model");
  facts happened{message_edited{c.message, c.text, c.mode}};
  if (c.mode == edit_mode::save)
    return happened;
  auto after = session_aggregate::evolve(s, happened.front());
  const auto& edited = std::get<active>(after);
  add(happened, turn::begin(owner_of(edited), edited.turns, c.text, now));
  return happened;
}

decision<fact> on(const closed& s, const auto& c, instant) {
  using command_type = std::decay_t<decltype(c)>;
  constexpr auto is_of_child = std::is_same_v<command_type, create> ||
                               std::is_same_v<command_type, call_off> ||
                               std::is_same_v<command_type, child_closed>;
  if (is_of_child && !s.asked_by.is_nil()) // it ended meanwhile: `pending` says how
    return facts{};
  constexpr auto is_asked = // by a person; the other turn commands are late answers of effects
      std::is_same_v<command_type, turn::stop> || std::is_same_v<command_type, turn::resume>;
  if constexpr (turn::turn_command<command_type> && !is_asked) {
    facts happened;
    add(happened, turn::decide_leftover(s.turns, turn::command{c}));
    return happened;
  }
  return ended_error();
}

decision<fact> on(const active& s, const turn::turn_command auto& c, instant now) {
  TRY(auto turned, turn::decide(owner_of(s), s.turns, turn::command{c}, now));
  facts happened;
  follow_turn(s, happened, std::move(turned));
  return happened;
}

decision<fact> on(const absent&, const auto&, instant) {
  return refuse(errc::session_not_found, "the session does not exist");
}

// -- effects --------------------------------------------------------------------------------------

/// A plan is the session's own question, and answered with its decision.
effects tell_asker(const active& s, const approval_id& which) {
  const auto* of = approvals::find(s.approvals, which);
  if (of == nullptr || of->what.kind == run::approval_kind::plan)
    return {};
  return approvals::tell_asker(*of);
}

/// Whether whoever asked can still be waiting: the turn itself, or what works for it.
bool may_wait(const active& s, const approval_id& which) {
  const auto* turn = s.turns.now ? &*s.turns.now : nullptr;
  return turn != nullptr && (turn->awaits == which || !turn->in_flight.empty());
}

effect_request close_child(const active& s) {
  auto what = s.about;
  what.agent = agent_terms{};
  return {"close:" + to_string(s.about.session), effect::close_child{std::move(what), *s.outcome}};
}

effects report_end(const closed& s) {
  if (s.asked_by.is_nil())
    return {};
  tool_call::finish what;
  what.failed = !s.outcome.code.empty();
  what.code = s.outcome.code;
  what.text = what.failed ? s.outcome.reason : s.outcome.result;
  what.child = s.session;
  return {
      {"report:" + to_string(s.session), effect::send{stream_of(s.asked_by), std::move(what), {}}}};
}

/// A budget blocks the child, and with it the run that everything here belongs to.
effects report_block(const active& s) {
  if (root_of(s).kind() != entity_kind::run || !s.turns.now)
    return {};
  const auto& call = s.turns.now->call;
  auto why = refuse(errc_from(call.code).code, call.message);
  return {{"blocked:" + to_string(call.call),
           effect::send{root_of(s), run::phase_blocked{{}, call.scope, std::move(why)}, {}}}};
}

effects on_turn_effects(const active& s, const turn::fact& f) {
  auto owed = turn::react(owner_of(s), s.turns, f);
  if (s.outcome && outcome_of(f) && !s.about.branch.empty())
    owed.push_back(close_child(s));
  if (std::holds_alternative<turn::suspended>(f))
    append(owed, report_block(s));
  return owed;
}

effects owed_by(const active& s) {
  auto owed = turn::pending(owner_of(s), s.turns);
  if (s.outcome)
    owed.push_back(close_child(s));
  if (s.turns.now && s.turns.now->at == turn::stage::suspended)
    append(owed, report_block(s));
  append(owed, approvals::pending(s.approvals));
  for (auto i = static_cast<std::size_t>(s.earlier_approvals); i < s.approvals.size(); ++i)
    if (const auto& which = s.approvals[i].what.approval; may_wait(s, which))
      append(owed, tell_asker(s, which));
  return owed;
}

} // namespace
} // namespace ash::session

namespace ash {

using namespace session;

decision<session::fact>
session_aggregate::decide(const state& s, const command& what, instant now) {
  return std::visit([&](const auto& in, const auto& c) { return on(in, c, now); }, s, what);
}

effects session_aggregate::react(const state& from, const fact& happened) {
  const auto* s = std::get_if<active>(&from);
  return std::visit(match{
                        [](const created&) { return effects{}; },
                        [&](const ended&) {
                          const auto* over = std::get_if<closed>(&from);
                          return over == nullptr ? effects{} : report_end(*over);
                        },
                        [](const titled&) { return effects{}; },
                        [](const model_changed&) { return effects{}; },
                        [](const persona_changed&) { return effects{}; },
                        [](const context_reset&) { return effects{}; },
                        [](const cleared&) { return effects{}; },
                        [](const plan_mode_changed&) { return effects{}; },
                        [](const message_appended&) { return effects{}; },
                        [](const message_edited&) { return effects{}; },
                        [](const run::approval_requested& f) { return approvals::watch(f); },
                        [&](const run::approval_decided& f) {
                          return s == nullptr ? effects{} : tell_asker(*s, f.approval);
                        },
                        [](const run::path_granted&) { return effects{}; },
                        [](const run::path_revoked&) { return effects{}; },
                        [](const run::hook_ran&) { return effects{}; },
                        [&](const turn::turn_fact auto& f) {
                          return s != nullptr
                                     ? on_turn_effects(*s, turn::fact{f})
                                     : turn::react_leftover(std::get<closed>(from).turns, f);
                        },
                    },
                    happened);
}

effects session_aggregate::pending(const state& from) {
  return std::visit(match{
                        [](const absent&) { return effects{}; },
                        [](const active& s) { return owed_by(s); },
                        [](const closed& s) {
                          auto owed = turn::pending_leftovers(s.turns);
                          append(owed, report_end(s));
                          return owed;
                        },
                    },
                    from);
}

bool session_aggregate::is_final(const state& s) {
  const auto* ended = std::get_if<closed>(&s);
  return ended != nullptr && ended->turns.leftovers.empty();
}

} // namespace ash
