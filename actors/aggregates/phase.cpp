#include "actors/aggregates/phase.hpp"

#include "actors/aggregates/approvals.hpp"
#include "actors/aggregates/document_of.hpp"
#include "events/base/check.hpp"
#include "events/base/match.hpp"

namespace ash::phase {
namespace {

using facts = std::vector<fact>;

turn::owner owner_of(const active& s) {
  return {stream_of(s.work.phase),
          s.work.phase.value,
          s.work.agent,
          s.work.scopes,
          s.work.worktree,
          false,
          stream_of(s.work.run),
          s.work.key,
          s.work.attended};
}

void add(facts& all, turn::facts more) {
  for (auto& f : more)
    std::visit([&](auto& one) { all.emplace_back(std::move(one)); }, f);
}

/// `end` with the bookkeeping that every end of a phase carries.
template <class End> End with_totals(End end, const turn::loop& turns) {
  end.cost = turns.cost;
  end.usage = turns.used;
  end.calls = turns.calls;
  return end;
}

failed failure(const active& s, std::string code, std::string message) {
  return with_totals(failed{std::move(code), std::move(message), {}, {}, {}}, s.turns);
}
failed failure(const active& s, errc code, std::string message) {
  return failure(s, std::string{to_string(code)}, std::move(message));
}

completed completion(const active& s, std::string sha256, document artifact) {
  return with_totals(
      completed{
          s.work.artifact_path, std::move(sha256), std::move(artifact), s.summary, {}, {}, {}},
      s.turns);
}

std::string out_of_time(const active& s) {
  return "the phase's " + std::to_string(s.work.time_limit_ms / 1'000) + " seconds are over";
}

/// Where these facts end the turn for good, that ends the phase too.
void follow_turn(const active& s, facts& happened) {
  if (happened.empty())
    return;
  // None of the facts of a turn's last decision changes the totals: the calls before them did.
  if (const auto* bad = std::get_if<turn::failed>(&happened.back()))
    happened.push_back(failure(s, bad->code, bad->message));
  else if (const auto* cut = std::get_if<turn::interrupted>(&happened.back());
           cut != nullptr && s.work.time_limit_ms > 0 && cut->reason == out_of_time(s))
    happened.push_back(failure(s, errc::phase_timed_out, cut->reason));
  else if (cut != nullptr)
    happened.push_back(with_totals(aborted{cut->reason, {}, {}, {}}, s.turns));
}

decision<fact> on_turn(const active& s, const turn::command& what, instant now) {
  TRY(auto turned, turn::decide(owner_of(s), s.turns, what, now));
  facts happened;
  if (const auto* tool = std::get_if<turn::tool_finished>(&what);
      tool != nullptr && !turned.empty())
    for (const auto& change : tool->written)
      if (change.path == s.work.artifact_path)
        happened.push_back(artifact_written{change.path, change.sha256});
  add(happened, std::move(turned));
  follow_turn(s, happened);
  return happened;
}

decision<fact> open_turn(const active& s, facts before, std::string prompt, instant now) {
  add(before, turn::begin(owner_of(s), s.turns, std::move(prompt), now));
  follow_turn(s, before);
  return before;
}

// -- commands -------------------------------------------------------------------------------------

decision<fact> on(const absent&, const start& c, instant now) {
  if (c.work.agent.models.empty())
    return refuse(errc::provider_unavailable, "the persona of the phase has no model");
  active begun;
  begun.work = c.work;
  begun.work.prompt.clear(); // the first turn has it
  if (c.work.time_limit_ms > 0)
    begun.due = now + c.work.time_limit_ms * us_per_ms;
  return open_turn(begun, {started{begun.work, begun.due}}, c.work.prompt, now);
}

// An abort that overtakes the start: the start must find a phase that is over.
decision<fact> on(const absent&, const abort& c, instant) {
  if (c.phase.is_nil())
    return refuse(errc::phase_not_found, "the phase has not begun");
  assignment work;
  work.phase = c.phase;
  work.run = c.run;
  work.key = c.key;
  return facts{started{std::move(work)}, aborted{c.reason, {}, {}, {}}};
}

// The run asks again after a restart; `pending` goes on from where the phase is.
decision<fact> on(const active&, const start&, instant) {
  return facts{};
}

decision<fact> on(const active& s, const artifact_checked& c, instant now) {
  if (s.at != status::validating)
    return facts{};
  const auto& path = s.work.artifact_path;
  const auto content = document_of(c.content);
  if (c.present && c.findings.empty()) {
    facts happened{artifact_validated{path, c.sha256, content}};
    if (s.work.approval)
      happened.push_back(approval_awaited{
          {derive(s.work.phase.value, "approval:" + std::to_string(s.round))}, s.round});
    else
      happened.push_back(completion(s, c.sha256, content));
    return happened;
  }
  const auto code = c.present ? errc::artifact_invalid : errc::artifact_missing;
  facts happened{artifact_rejected{path, std::string{to_string(code)}, c.findings, content}};
  if (s.repairs >= max_repairs) {
    happened.push_back(failure(s,
                               code,
                               c.present
                                   ? "the artifact " + path + " is still invalid after its repair"
                                   : "there is still no artifact at " + path));
    return happened;
  }
  happened.push_back(repair_requested{s.repairs + 1});
  return open_turn(s, std::move(happened), c.repair_prompt, now);
}

decision<fact> on(const active& s, const artifact_unreadable& c, instant) {
  if (s.at != status::validating)
    return facts{};
  return facts{failure(s, c.why.code, c.why.message)};
}

decision<fact> on(const active& s, const approval_settled& c, instant now) {
  if (s.at != status::approving || c.approval != s.approval)
    return facts{};
  switch (c.decision) {
  case run::decision_kind::approve:
    return facts{completion(s, s.artifact_sha256, s.artifact)};
  case run::decision_kind::reject:
    return facts{failure(
        s,
        errc::approval_rejected,
        (c.by == approvals::nobody ? "it was rejected: " : c.by + " rejected it: ") + c.comment)};
  case run::decision_kind::abort:
  case run::decision_kind::cancel:
    return facts{with_totals(aborted{c.comment, {}, {}, {}}, s.turns)};
  case run::decision_kind::request_changes:
    break;
  }
  if (s.round >= max_rounds)
    return facts{
        failure(s,
                errc::approval_rounds_exhausted,
                "changes were requested in all " + std::to_string(max_rounds) + " rounds")};
  return open_turn(s,
                   {feedback_recorded{c.approval, s.round, c.by, c.comment}},
                   "A reviewer (" + c.by + ") asks for changes to " + s.work.artifact_path +
                       ":\n\n" + c.comment +
                       "\n\nMake them, write the file again and call complete.",
                   now);
}

decision<fact> on(const active& s, const abort& c, instant now) {
  if (s.at == status::working)
    return on_turn(s, turn::stop{{}, c.reason}, now);
  return facts{with_totals(aborted{c.reason, {}, {}, {}}, s.turns)};
}

// What has written its artifact, or waits for a budget or a person, is not too slow. Nor is what
// works on changes: the time was that of its first round, and most of it went by with a person.
decision<fact> on(const active& s, const time_up&, instant now) {
  const auto& turn = s.turns.now;
  if (s.round > 1 || s.at != status::working || !turn || turn->at == turn::stage::suspended ||
      turn->at == turn::stage::asking)
    return facts{};
  return on_turn(s, turn::stop{{}, out_of_time(s)}, now);
}

decision<fact> on(const closed&, const time_up&, instant) {
  return facts{};
}
decision<fact> on(const closed&, const start&, instant) {
  return facts{};
}
decision<fact> on(const closed&, const abort&, instant) {
  return facts{};
}
decision<fact> on(const closed&, const approval_settled&, instant) {
  return facts{};
}
decision<fact> on(const closed&, const artifact_checked&, instant) {
  return facts{};
}
decision<fact> on(const closed&, const artifact_unreadable&, instant) {
  return facts{};
}

decision<fact> on(const auto& in, const auto& c, instant now) {
  using command_type = std::decay_t<decltype(c)>;
  using state_type = std::decay_t<decltype(in)>;
  if constexpr (turn::turn_command<command_type>) {
    if constexpr (std::is_same_v<state_type, active>)
      return on_turn(in, turn::command{c}, now);
    else if constexpr (std::is_same_v<state_type, closed>)
      return facts{}; // the answer of an effect that no longer matters
  }
  return refuse(errc::invalid_transition, "the phase does not accept this command now");
}

// -- folding --------------------------------------------------------------------------------------

active& running(state& s) {
  auto* in = std::get_if<active>(&s);
  check(in != nullptr, "a fact of a phase that is not active");
  return *in;
}

closed close(const active& s, run::phase_outcome outcome) {
  closed end{s.work.run, {}};
  end.report.key = s.work.key;
  end.report.phase = s.work.phase;
  end.report.outcome = outcome;
  return end;
}

template <class End> void keep_totals(run::phase_closed& report, const End& f) {
  report.cost = f.cost;
  report.usage = f.usage;
  report.calls = f.calls;
}

state finish(const active& s, const completed& f) {
  auto end = close(s, run::phase_outcome::completed);
  end.report.artifact_path = f.artifact_path;
  end.report.sha256 = f.sha256;
  end.report.artifact = f.artifact;
  end.report.summary = f.summary;
  keep_totals(end.report, f);
  return end;
}

state finish(const active& s, const failed& f) {
  auto end = close(s, run::phase_outcome::failed);
  end.report.code = f.code;
  end.report.message = f.message;
  keep_totals(end.report, f);
  return end;
}

std::string check_of(const active& s) {
  return "artifact:" + to_string(s.work.phase) + ":" + std::to_string(s.turns.turns);
}

state finish(const active& s, const aborted& f) {
  auto end = close(s, run::phase_outcome::aborted);
  if (s.at == status::validating)
    end.called_off = check_of(s);
  end.report.message = f.reason;
  keep_totals(end.report, f);
  return end;
}

state on_turn_fact(state from, const turn::fact& f) {
  auto& s = running(from);
  s.turns = turn::evolve(std::move(s.turns), f);
  if (std::holds_alternative<turn::started>(f))
    s.at = status::working;
  if (const auto* done = std::get_if<turn::completed>(&f)) {
    s.at = status::validating;
    s.summary = done->text;
  }
  return from;
}

// -- effects --------------------------------------------------------------------------------------

effect_request check_artifact(const active& s) {
  return {check_of(s),
          effect::check_artifact{s.work.worktree,
                                 s.work.artifact_path,
                                 s.work.schema_ref,
                                 s.work.schema,
                                 s.work.kind,
                                 s.work.artifact_check,
                                 s.work.agent.tool_bounds,
                                 s.work.run,
                                 s.work.key}};
}

effect_request ask_approval(const active& s) {
  run::approval_requested what;
  what.approval = s.approval;
  what.kind = run::approval_kind::artifact;
  what.asker = stream_of(s.work.phase);
  what.phase_key = s.work.key;
  what.subject = s.work.artifact_path;
  what.round = s.round;
  what.question =
      "Is " + s.work.artifact_path + " of the phase " + s.work.key + " as it should be?";
  what.content = s.artifact;
  what.on_expiry = s.work.on_approval_limit;
  return {"approval:" + to_string(s.approval),
          effect::send{stream_of(s.work.run),
                       run::request_approval{std::move(what), s.work.approval_limit_ms},
                       {}}};
}

effects watch_time(const active& s) {
  if (s.due.us == 0 || s.round > 1 || s.at != status::working)
    return {};
  return {{"time:" + to_string(s.work.phase), effect::tell_self{s.due, time_up{}}}};
}

effect_request report_block(const active& s) {
  const auto& call = s.turns.now->call;
  auto why = refuse(errc_from(call.code).code, call.message);
  return {"blocked:" + to_string(call.call),
          effect::send{stream_of(s.work.run),
                       run::phase_blocked{s.work.phase, call.scope, std::move(why)},
                       {}}};
}

/// First what its run must not find at work any more.
effects report_end(const closed& s) {
  effects owed;
  if (!s.called_off.empty())
    owed.push_back({"cancel:" + to_string(s.report.phase), effect::call_off{s.called_off}});
  owed.push_back({"report:" + to_string(s.report.phase),
                  effect::send{stream_of(s.run), run::phase_reported{s.report}, {}}});
  return owed;
}

effects on_turn_effects(const state& from, const turn::fact& f) {
  const auto* s = std::get_if<active>(&from);
  if (s == nullptr)
    return {};
  auto owed = turn::react(owner_of(*s), s->turns, f);
  if (std::holds_alternative<turn::completed>(f))
    owed.push_back(check_artifact(*s));
  if (std::holds_alternative<turn::suspended>(f))
    owed.push_back(report_block(*s));
  return owed;
}

} // namespace
} // namespace ash::phase

namespace ash {

using namespace phase;

decision<phase::fact> phase_aggregate::decide(const state& s, const command& what, instant now) {
  return std::visit([&](const auto& in, const auto& c) { return on(in, c, now); }, s, what);
}

phase::state phase_aggregate::evolve(state from, const fact& happened) {
  const auto turned = [&](const auto& f) { return on_turn_fact(std::move(from), turn::fact{f}); };
  const auto kept = [&](auto&& change) {
    change(running(from));
    return std::move(from);
  };
  return std::visit(match{
                        [&](const started& f) -> state {
                          active begun;
                          begun.work = f.work;
                          begun.due = f.due;
                          return begun;
                        },
                        [&](const artifact_written&) -> state { return std::move(from); },
                        [&](const artifact_validated& f) -> state {
                          return kept([&](active& s) {
                            s.artifact_sha256 = f.sha256;
                            s.artifact = f.content;
                          });
                        },
                        [&](const artifact_rejected&) -> state { return std::move(from); },
                        [&](const repair_requested& f) -> state {
                          return kept([&](active& s) { s.repairs = f.repair; });
                        },
                        [&](const approval_awaited& f) -> state {
                          return kept([&](active& s) {
                            s.at = status::approving;
                            s.approval = f.approval;
                            s.round = f.round;
                          });
                        },
                        [&](const feedback_recorded& f) -> state {
                          return kept([&](active& s) {
                            s.round = f.round + 1;
                            s.repairs = 0;
                          });
                        },
                        [&](const completed& f) -> state { return finish(running(from), f); },
                        [&](const failed& f) -> state { return finish(running(from), f); },
                        [&](const aborted& f) -> state { return finish(running(from), f); },
                        [&](const turn::turn_fact auto& f) -> state { return turned(f); },
                    },
                    happened);
}

effects phase_aggregate::react(const state& s, const fact& happened) {
  const auto turned = [&](const auto& f) { return on_turn_effects(s, turn::fact{f}); };
  const auto ended = [&] { return report_end(std::get<closed>(s)); };
  return std::visit(
      match{
          [&](const started&) {
            const auto* begun = std::get_if<active>(&s);
            return begun == nullptr ? effects{} : watch_time(*begun);
          },
          [](const artifact_written&) { return effects{}; },
          [](const artifact_validated&) { return effects{}; },
          [](const artifact_rejected&) { return effects{}; },
          [](const repair_requested&) { return effects{}; },
          [&](const approval_awaited&) { return effects{ask_approval(std::get<active>(s))}; },
          [](const feedback_recorded&) { return effects{}; },
          [&](const completed&) { return ended(); },
          [&](const failed&) { return ended(); },
          [&](const aborted&) { return ended(); },
          [&](const turn::turn_fact auto& f) { return turned(f); },
      },
      happened);
}

effects phase_aggregate::pending(const state& from) {
  return std::visit(match{
                        [](const absent&) { return effects{}; },
                        [](const closed& s) { return report_end(s); },
                        [](const active& s) {
                          if (s.at == status::validating)
                            return effects{check_artifact(s)};
                          if (s.at == status::approving)
                            return effects{ask_approval(s)};
                          if (s.turns.now && s.turns.now->at == turn::stage::suspended)
                            return effects{report_block(s)};
                          auto owed = turn::pending(owner_of(s), s.turns);
                          append(owed, watch_time(s));
                          return owed;
                        },
                    },
                    from);
}

bool phase_aggregate::is_final(const state& s) {
  return std::holds_alternative<closed>(s);
}

} // namespace ash
