#include "actors/aggregates/tool_call_parts.hpp"

#include "actors/aggregates/approvals.hpp"
#include "actors/aggregates/delegation.hpp"
#include "actors/aggregates/document_of.hpp"
#include "actors/aggregates/model_review.hpp"
#include "actors/aggregates/policy.hpp"
#include "events/base/match.hpp"

namespace ash::tool_call {
namespace {

using facts = std::vector<fact>;
using turn::tool_answer;

/// What asks for a sub-agent is given to its child at once: from here on there is exactly one.
void start(const requested& what, facts& happened) {
  happened.push_back(started{what.call});
  if (delegation::is_asked(what.name))
    happened.push_back(delegated{what.call, delegation::child_of(what.call)});
}

policy::permit full_verdict_on(const requested& what) {
  auto verdict = verdict_on(what);
  if (what.review && verdict.verdict == permission_verdict::allow)
    verdict = {permission_verdict::ask, {}, "review", "May it run " + what.name + "?"};
  if (verdict.verdict == permission_verdict::ask && what.root.empty())
    verdict = {permission_verdict::deny,
               errc::permission_denied,
               verdict.rule,
               "there is nobody to ask: " + verdict.rule};
  return verdict;
}

/// What may run does so, unless hooks are asked first.
void let_run(const requested& what, facts& happened) {
  if (!has_hooks(what, hook_event::pre_tool))
    start(what, happened);
}

review_awaited asking(const requested& what, const policy::permit& why) {
  return {what.call, {derive(what.call.value, "approval")}, why.rule, why.message};
}

decision<fact> on(const absent&, const request& c) {
  facts happened{c.what};
  const auto verdict = full_verdict_on(c.what);
  switch (verdict.verdict) {
  case permission_verdict::allow:
    let_run(c.what, happened);
    break;
  case permission_verdict::deny:
    happened.push_back(
        denied{c.what.call, std::string{to_string(verdict.code)}, verdict.rule, verdict.message});
    break;
  case permission_verdict::ask:
    if (model_review::is_wanted(c.what, verdict))
      happened.push_back(delegated{c.what.call, model_review::session_of(c.what.call)});
    else
      happened.push_back(asking(c.what, verdict));
  }
  return happened;
}

/// A person or a model has decided.
facts follow(const requested& what, const reviewed& verdict) {
  facts happened{verdict};
  const auto& [call, decided, by, reason, approval] = verdict;
  if (decided == review_verdict::approved)
    let_run(what, happened);
  else
    happened.push_back(denied{call,
                              std::string{to_string(errc::permission_denied)},
                              "review",
                              by == approvals::nobody
                                  ? reason
                                  : by + " denied it" + (reason.empty() ? "" : ": ") + reason});
  return happened;
}

decision<fact> on(const reviewing& s, const review& c) {
  if (s.awaits.approval.is_nil() || (!c.approval.is_nil() && c.approval != s.awaits.approval))
    return facts{};
  return follow(s.what, {s.what.call, c.verdict, c.by, c.reason, c.approval});
}

decision<fact> on(const consulting& s, const finish& c) {
  const auto& call = s.what.call;
  if (s.cancelling)
    return facts{cancelled{call, s.cancel_reason}};
  auto said = model_review::opinion_of(c);
  const auto by = "model " + s.what.terms.reviewer;
  switch (said.what) {
  case model_review::answer::approve:
    return follow(s.what, {call, review_verdict::approved, by, std::move(said.reason), {}});
  case model_review::answer::deny:
    return follow(s.what, {call, review_verdict::denied, by, std::move(said.reason), {}});
  case model_review::answer::ask:
    break;
  }
  auto why = full_verdict_on(s.what);
  why.message += " (" + by + " leaves it to you: " + said.reason + ")";
  return facts{asking(s.what, why)};
}

// It overtook the request: that has to find a call that is over. Nobody asks its hooks.
decision<fact> on(const absent&, const cancel& c) {
  if (c.what.call.is_nil())
    return refuse(errc::invalid_transition, "there is no such tool call");
  auto never_begun = c.what;
  never_begun.terms.hooks.clear();
  return facts{std::move(never_begun), cancelled{c.what.call, c.reason}};
}

decision<fact> on(const reviewing& s, const cancel& c) {
  return facts{cancelled{s.what.call, c.reason}};
}

facts recorded(const run::hooks_ran& c) {
  return {c.results.begin(), c.results.end()};
}

decision<fact> on(const reviewing& s, const run::hooks_ran& c) {
  if (!is_at_hooks(s) || c.on != hook_event::pre_tool)
    return facts{};
  auto happened = recorded(c);
  if (const auto* by = hooks::blocked_by(c.results)) {
    const auto why = hooks::refusal_of(*by);
    happened.push_back(
        denied{s.what.call, std::string{to_string(why.code)}, "hook " + by->command, why.message});
  } else {
    start(s.what, happened);
  }
  return happened;
}

decision<fact> on(const finishing&, const run::hooks_ran& c) {
  return c.on == hook_event::post_tool ? recorded(c) : facts{};
}

decision<fact> on(const running& s, const finish& c) {
  const auto& call = s.what.call;
  if (!c.child.is_nil() && c.child != s.child)
    return facts{}; // of a reviewer, which tells its end again
  if (c.failed && c.code == to_string(errc::cancelled))
    return facts{cancelled{call, c.text}};
  if (c.failed)
    return facts{failed{call,
                        c.code,
                        c.text,
                        document_of(c.full),
                        c.exit_code,
                        c.written,
                        c.unsandboxed,
                        c.duration_ms}};
  return facts{completed{
      call, c.text, document_of(c.full), c.exit_code, c.written, c.unsandboxed, c.duration_ms}};
}

// The tool is called off, and the call ends when its effect has answered.
decision<fact> on(const running& s, const cancel& c) {
  if (s.cancelling)
    return facts{};
  return facts{cancel_requested{s.what.call, c.reason}};
}
decision<fact> on(const consulting& s, const cancel& c) {
  if (s.cancelling)
    return facts{};
  return facts{cancel_requested{s.what.call, c.reason}};
}
// The tool has run: only its hooks are cut short.
decision<fact> on(const finishing& s, const cancel& c) {
  return facts{cancel_requested{s.what.call, c.reason}};
}

decision<fact> on(const running& s, const doubt&) {
  if (s.what.effect != effect_class::write)
    return facts{};
  return facts{in_doubt{s.what.call, "the process ended while the call was running"}};
}

// The owner asks again after a restart: `pending` tells it what came of the call.
decision<fact> on(const reviewing&, const request&) {
  return facts{};
}
decision<fact> on(const running&, const request&) {
  return facts{};
}
decision<fact> on(const finished&, const request&) {
  return facts{};
}
decision<fact> on(const consulting&, const request&) {
  return facts{};
}
// Late answers, and a cancel that comes too late. A root tells again what it may have told before.
decision<fact> on(const running&, const review&) {
  return facts{};
}
decision<fact> on(const finished&, const review&) {
  return facts{};
}
decision<fact> on(const reviewing&, const finish& c) {
  if (c.child.is_nil())
    return refuse(errc::invalid_transition, "the tool call does not run");
  return facts{}; // of its reviewer, which tells its end again
}
decision<fact> on(const finished&, const finish&) {
  return facts{};
}
decision<fact> on(const finished&, const cancel&) {
  return facts{};
}
decision<fact> on(const finished&, const doubt&) {
  return facts{};
}
decision<fact> on(const running&, const run::hooks_ran&) {
  return facts{};
}
// It was cancelled while they ran: what they did is told none the less.
decision<fact> on(const finished& s, const run::hooks_ran& c) {
  return s.called_off.empty() ? facts{} : recorded(c);
}
decision<fact> on(const finishing&, const request&) {
  return facts{};
}
decision<fact> on(const finishing&, const review&) {
  return facts{};
}
decision<fact> on(const finishing&, const finish&) {
  return facts{};
}
decision<fact> on(const finishing&, const doubt&) {
  return facts{};
}

decision<fact> on(const auto&, const auto&) {
  return refuse(errc::invalid_transition, "the tool call does not accept this command now");
}

effect_request ask_hooks(const requested& what) {
  return {hooks_before(what.call),
          effect::run_hooks{hook_event::pre_tool,
                            hooks::for_event(what.terms.hooks, hook_event::pre_tool, what.name),
                            what.worktree,
                            hooks::about(what)}};
}

effect_request run_hooks_after(const finishing& s) {
  const auto& came = s.came;
  return {
      hooks_after(came.call),
      effect::run_hooks{hook_event::post_tool,
                        hooks::for_event(s.what.terms.hooks, hook_event::post_tool, s.what.name),
                        s.what.worktree,
                        hooks::about(s.what, came.answer, came.code, came.text, came.written)}};
}

effect_request execute(const requested& what) {
  return {"tool.run:" + to_string(what.call), effect::run_tool{what}};
}

effect_request open_child(const requested& what, const session_id& child) {
  return {"child:" + to_string(what.call), effect::open_child{what, child}};
}

effect_request call_off_tool(const requested& what) {
  return {"tool.cancel:" + to_string(what.call),
          effect::call_off{"tool.run:" + to_string(what.call)}};
}
/// A child ends by itself, once all beneath it has; its end is this call's answer.
effect_request
call_off_child(const requested& what, const session_id& child, const std::string& reason) {
  return {"tool.cancel:" + to_string(what.call),
          effect::send{
              stream_of(child), session::call_off{delegation::stub_of(what, child), reason}, {}}};
}
effect_request call_off(const running& s) {
  return s.child.is_nil() ? call_off_tool(s.what)
                          : call_off_child(s.what, s.child, s.cancel_reason);
}

effects go_on(const consulting& s) {
  effects owed{open_child(s.what, s.reviewer)};
  if (s.cancelling)
    owed.push_back(call_off_child(s.what, s.reviewer, s.cancel_reason));
  return owed;
}

/// What runs, after a restart.
effects go_on(const running& s) {
  effects owed;
  if (!s.child.is_nil())
    owed.push_back(open_child(s.what, s.child));
  // Under the id of the run itself: while that is in flight, this is not issued.
  else if (s.what.effect == effect_class::write)
    return {{"tool.run:" + to_string(s.what.call), effect::tell_self{{}, doubt{}}}};
  else
    owed.push_back(execute(s.what));
  if (s.cancelling)
    owed.push_back(call_off(s));
  return owed;
}

effect_request ask(const reviewing& s) {
  run::approval_requested what;
  what.approval = s.awaits.approval;
  what.kind = run::approval_kind::tool;
  what.asker = stream_of(s.what.call);
  what.phase_key = s.what.phase_key;
  what.subject = s.what.name;
  what.question = s.awaits.question;
  what.content = document_of(s.what.arguments);
  const review lost{review_verdict::denied,
                    std::string{approvals::nobody},
                    "nobody could be asked: " + s.awaits.rule,
                    s.awaits.approval};
  return {"approval:" + to_string(s.awaits.approval),
          effect::send{s.what.root, run::request_approval{std::move(what)}, lost}};
}

effect_request tell_owner(const finished& s) {
  return {
      "tool.answer:" + to_string(s.call),
      effect::send{s.owner, turn::tool_finished{s.call, s.answer, s.code, s.text, s.written}, {}}};
}

/// What a call that has ended owes, as often as it is asked.
effects owed_at_the_end(const finished& s) {
  effects owed;
  if (!s.called_off.empty()) // first: who asked goes on only once its hooks are being killed
    owed.push_back({"tool.cancel:" + to_string(s.call), effect::call_off{s.called_off}});
  owed.push_back(tell_owner(s));
  if (!s.withdrawn.is_nil())
    owed.push_back({"withdraw:" + to_string(s.withdrawn),
                    effect::send{s.root, run::withdraw_approval{s.withdrawn, s.text}, {}}});
  return owed;
}

} // namespace
} // namespace ash::tool_call

namespace ash {

using namespace tool_call;

policy::rules tool_call::rules_of(const tool_terms& terms) {
  return {terms.secret_globs, terms.secret_exceptions, terms.command_rules};
}

policy::permit tool_call::verdict_on(const requested& what) {
  const auto judged = policy::judge(rules_of(what.terms), what.name, what.arguments);
  if (const auto& denial = judged.denied)
    return {permission_verdict::deny, denial->code, denial->rule, denial->message};
  auto effect = what.effect;
  if (delegation::is_asked(what.name)) {
    if (auto problem = delegation::problem_of(what))
      return {permission_verdict::deny, problem->code, problem->rule, problem->message};
    // It writes nothing itself: what its child writes is judged call by call.
    if (what.terms.mode != permission_mode::plan)
      effect = effect_class::read;
  }
  return policy::permit_call(what.terms, {what.name, what.arguments, effect, what.worktree});
}

decision<tool_call::fact>
tool_call_aggregate::decide(const state& s, const command& what, instant) {
  return std::visit([](const auto& in, const auto& c) { return on(in, c); }, s, what);
}

effects tool_call_aggregate::react(const state& s, const fact& happened) {
  const auto tell = [&] { return owed_at_the_end(std::get<finished>(s)); };
  const auto ended = [&] {
    const auto* after = std::get_if<finishing>(&s);
    return after != nullptr ? effects{run_hooks_after(*after)} : tell();
  };
  const auto ask_first = [&](const requested& what) {
    return has_hooks(what, hook_event::pre_tool) ? effects{ask_hooks(what)} : effects{};
  };
  return std::visit(
      match{
          [&](const requested& f) {
            const auto asks = has_hooks(f, hook_event::pre_tool) &&
                              full_verdict_on(f).verdict == permission_verdict::allow;
            return asks ? effects{ask_hooks(f)} : effects{};
          },
          [&](const reviewed& f) {
            return f.verdict == review_verdict::approved ? ask_first(request_of(s)) : effects{};
          },
          [&](const started&) {
            const auto& what = request_of(s);
            return delegation::is_asked(what.name) ? effects{} : effects{execute(what)};
          },
          [&](const denied&) { return tell(); },
          [&](const completed&) { return ended(); },
          [&](const failed&) { return ended(); },
          [&](const cancelled&) { return tell(); },
          [&](const in_doubt&) { return tell(); },
          [&](const cancel_requested& f) {
            if (std::holds_alternative<finished>(s))
              return tell();
            const auto* judged = std::get_if<consulting>(&s);
            return effects{judged == nullptr
                               ? call_off(running_in(s))
                               : call_off_child(judged->what, judged->reviewer, f.reason)};
          },
          [&](const review_awaited&) { return effects{ask(std::get<reviewing>(s))}; },
          [&](const delegated& f) { return effects{open_child(request_of(s), f.session)}; },
          [&](const run::hook_ran& f) {
            const auto* end = std::get_if<finished>(&s);
            const auto last = f.on == hook_event::post_tool && end != nullptr;
            return last && end->called_off.empty() ? tell() : effects{}; // else it was told
          },
      },
      happened);
}

effects tool_call_aggregate::pending(const state& s) {
  return std::visit(match{
                        [](const absent&) { return effects{}; },
                        [](const reviewing& r) {
                          return effects{r.awaits.approval.is_nil() ? ask_hooks(r.what) : ask(r)};
                        },
                        [](const running& r) { return go_on(r); },
                        [](const finished& f) { return owed_at_the_end(f); },
                        [](const finishing& f) { return effects{run_hooks_after(f)}; },
                        [](const consulting& c) { return go_on(c); },
                    },
                    s);
}

bool tool_call_aggregate::is_final(const state& s) {
  return std::holds_alternative<finished>(s);
}

} // namespace ash
