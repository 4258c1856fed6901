#include "actors/performers/run_history.hpp"

#include "actors/aggregates/budget.hpp"
#include "events/base/json.hpp"
#include "events/base/match.hpp"
#include "events/codec/codec.hpp"
#include "events/codec/pack.hpp"

#include <algorithm>

namespace ash::performers {
namespace {

phase_history* phase_in(run_history& in, const stream_id& stream) {
  for (auto one = in.phases.rbegin(); one != in.phases.rend(); ++one)
    if (stream_of(one->phase) == stream)
      return &*one;
  return nullptr;
}

call_history* call_in(phase_history& in, const call_id& call) {
  for (auto one = in.calls.rbegin(); one != in.calls.rend(); ++one)
    if (one->call == call)
      return &*one;
  return nullptr;
}

void end(run_history& in, std::string state, std::string code, std::string message, instant at) {
  in.state = std::move(state);
  in.code = std::move(code);
  in.message = std::move(message);
  in.ended = at;
}

void close(run_history& in, const run::phase_closed& f, instant at) {
  auto* phase = phase_in(in, stream_of(f.phase));
  if (phase == nullptr)
    return;
  phase->state = f.outcome == run::phase_outcome::completed ? "completed"
                 : f.outcome == run::phase_outcome::failed  ? "failed"
                                                            : "aborted";
  phase->artifact_path = f.artifact_path;
  phase->sha256 = f.sha256;
  phase->summary = f.summary;
  phase->code = f.code;
  phase->message = f.message;
  phase->ended = at;
}

/// One that has done nothing yet.
phase_history planned_phase(const run_history& in, const std::string& key) {
  phase_history phase;
  phase.key = key;
  for (const auto& planned : in.plan.phases)
    if (planned.key == key) {
      phase.role = planned.role;
      phase.artifact_path = planned.artifact_path;
    }
  for (const auto& binding : in.bindings)
    if (binding.role == phase.role)
      phase.persona = binding.persona;
  return phase;
}

void open(run_history& in, const run::phase_opened& f, instant at) {
  auto phase = planned_phase(in, f.key);
  phase.phase = f.phase;
  phase.attempt = f.attempt;
  phase.started = at;
  in.phases.push_back(std::move(phase));
}

phase_history never_opened(const run_history& in, const std::string& key) {
  auto phase = planned_phase(in, key);
  phase.attempt = 0;
  phase.state = in.ended.us == 0 ? "pending" : "not_begun";
  for (const auto& omitted : in.omitted)
    if (omitted.key == key) {
      phase.state = "omitted";
      phase.left_out_because = omitted.reason;
    }
  return phase;
}

/// An opened one as it stands now.
phase_history as_it_stands(const run_history& in, phase_history phase) {
  if (phase.ended.us != 0)
    return phase;
  for (const auto& [approval, key] : in.open_questions)
    if (key == phase.key)
      phase.awaits.push_back(approval);
  if (!phase.awaits.empty())
    phase.state = "awaiting_approval";
  else if (in.state == "interrupted")
    phase.state = "interrupted";
  return phase;
}

std::string state_of_resumed(const run_history& in) {
  return in.open_questions.empty() ? "executing" : "awaiting_approval";
}

void ask(run_history& in, const run::approval_requested& f) {
  in.open_questions[f.approval] = f.phase_key;
  if (in.state == "executing")
    in.state = "awaiting_approval";
}

void answer(run_history& in, const run::approval_decided& f) {
  in.open_questions.erase(f.approval);
  if (in.state == "awaiting_approval" && in.open_questions.empty())
    in.state = "executing";
}

/// Facts of the run's own stream; whether `happened` is one.
bool add_run_fact(run_history& in, const any_fact& happened, instant at) {
  return std::visit(match{
                        [&](const run::created& f) {
                          in.plan = f;
                          in.started = at;
                          return true;
                        },
                        [&](const run::bound& f) {
                          in.bindings = f.bindings;
                          return true;
                        },
                        [](const run::started&) { return true; },
                        [&](const run::workspace_prepared& f) {
                          in.base_commit = f.base_commit;
                          return true;
                        },
                        [&](const run::phase_opened& f) {
                          open(in, f, at);
                          return true;
                        },
                        [&](const run::phase_closed& f) {
                          close(in, f, at);
                          return true;
                        },
                        [](const run::phase_skipped&) { return true; },
                        [&](const run::phase_omitted& f) {
                          in.omitted.push_back(f);
                          return true;
                        },
                        [&](const run::approval_requested& f) {
                          ask(in, f);
                          return true;
                        },
                        [&](const run::approval_decided& f) {
                          answer(in, f);
                          return true;
                        },
                        [&](const run::report_composed& f) {
                          in.report = f;
                          return true;
                        },
                        [](const run::report_failed&) { return true; },
                        [&](const run::completed&) {
                          end(in, "completed", {}, {}, at);
                          return true;
                        },
                        [&](const run::failed& f) {
                          end(in, "failed", f.code, f.message, at);
                          return true;
                        },
                        [&](const run::aborted& f) {
                          end(in, "aborted", {}, f.reason, at);
                          return true;
                        },
                        [&](const run::interrupted& f) {
                          end(in, "interrupted", {}, f.message, {});
                          ++in.interruptions;
                          return true;
                        },
                        [&](const run::resumed&) {
                          end(in, state_of_resumed(in), {}, {}, {});
                          ++in.resumes;
                          return true;
                        },
                        [](const auto&) { return false; },
                    },
                    happened);
}

void add_phase_fact(phase_history& in, const any_fact& happened) {
  std::visit(match{
                 [&](const phase::artifact_rejected& f) {
                   in.rejected.push_back(f);
                   in.rejected.back().content = {};
                 },
                 [&](const phase::repair_requested&) { ++in.repairs; },
                 [&](const turn::call_requested& f) {
                   in.calls.push_back({f.call, f.model, f.purpose, f.attempt, "open", {}, {}, 0});
                 },
                 [&](const turn::call_completed& f) {
                   if (auto* call = call_in(in, f.call)) {
                     call->outcome = "completed";
                     call->usage = f.usage;
                     call->cost = f.cost;
                     call->latency_ms = f.latency_ms;
                   }
                 },
                 [&](const turn::call_failed& f) {
                   if (auto* call = call_in(in, f.call)) {
                     call->outcome = f.code;
                     call->usage = f.usage;
                     call->cost = f.cost;
                     call->latency_ms = f.latency_ms;
                   }
                 },
                 [&](const turn::call_refused& f) {
                   if (auto* call = call_in(in, f.call))
                     call->outcome = f.code;
                 },
                 [&](const turn::call_lost& f) {
                   if (auto* call = call_in(in, f.call)) {
                     call->outcome = "lost";
                     call->cost = f.cost;
                   }
                 },
                 [&](const turn::tool_answered& f) {
                   static constexpr std::string_view names[] = {
                       "completed", "failed", "denied", "cancelled", "in_doubt"};
                   ++in.tool_calls[std::string{names[static_cast<std::size_t>(f.answer)]}];
                 },
                 [](const auto&) {},
             },
             happened);
}

/// What a scope's cap is by now, where it has been opened: somebody may have changed it since.
result<usd> cap_in_force(const log::event_log& log, const budget_terms& planned) {
  const auto scope = stream_of_budget(planned.scope);
  auto cap = planned.cap;
  std::uint64_t after = 0;
  TRY(const auto kept, log.load_snapshot(scope)); // a day's scope may be long
  if (kept)
    if (const auto state = codec::unpack<budget::state>(kept->bytes); state && state.value().open) {
      cap = state.value().terms.cap;
      after = kept->version;
    }
  for (;;) {
    TRY(const auto records, log.read_stream(scope, after));
    if (records.empty())
      return cap;
    after = records.back().version;
    for (const auto& record : records) {
      if (record.type != budget::opened::type && record.type != budget::cap_changed::type)
        continue;
      TRY(const auto fact, codec::decode(record.type, record.schema_version, record.payload));
      if (const auto* opened = std::get_if<budget::opened>(&fact))
        cap = opened->terms.cap;
      else if (const auto* changed = std::get_if<budget::cap_changed>(&fact))
        cap = changed->cap;
    }
  }
}

} // namespace

void run_history::add(const stream_id& stream, const any_fact& happened, instant at) {
  last_fact = at;
  if (add_run_fact(*this, happened, at))
    return;
  const auto phase_of = [&](const stream_id& which) {
    const auto known = works_for.find(which);
    return known == works_for.end() ? which : known->second;
  };
  if (const auto* asked = std::get_if<tool_call::requested>(&happened))
    works_for[stream] = phase_of(asked->owner);
  if (const auto* child = std::get_if<session::created>(&happened);
      child != nullptr && !child->asked_by.is_nil())
    works_for[stream] = phase_of(stream_of(child->asked_by));
  if (auto* phase = phase_in(*this, phase_of(stream)))
    add_phase_fact(*phase, happened);
}

std::vector<phase_history> run_history::all_phases() const {
  std::vector<phase_history> out;
  for (const auto& planned : plan.phases) {
    const auto before = out.size();
    for (const auto& phase : phases)
      if (phase.key == planned.key)
        out.push_back(as_it_stands(*this, phase));
    if (out.size() == before)
      out.push_back(never_opened(*this, planned.key));
  }
  return out;
}

usd run_history::cost() const {
  usd all;
  for (const auto& phase : phases)
    for (const auto& call : phase.calls)
      all += call.cost;
  return all;
}

token_usage run_history::usage() const {
  token_usage all;
  for (const auto& phase : phases)
    for (const auto& call : phase.calls) {
      all.input += call.usage.input;
      all.output += call.usage.output;
      all.cached += call.usage.cached;
      all.reasoning += call.usage.reasoning;
      all.estimated = all.estimated || call.usage.estimated;
    }
  return all;
}

std::int64_t run_history::tool_call_count() const {
  std::int64_t all = 0;
  for (const auto& phase : phases)
    for (const auto& [how, count] : phase.tool_calls)
      all += count;
  return all;
}

std::size_t run_history::phases_done() const {
  return static_cast<std::size_t>(std::count_if(
      phases.begin(), phases.end(), [](const auto& one) { return one.state == "completed"; }));
}

std::string run_history::model_of(std::string_view role) const {
  for (const auto& binding : bindings) {
    if (binding.role != role)
      continue;
    const auto persona = parse_json(binding.persona_json, "persona");
    if (persona && persona.value().is_object())
      if (const auto* model = persona.value().as_object().if_contains("model");
          model != nullptr && model->is_string())
        return std::string{model->as_string()};
  }
  return {};
}

result<run_history>
read_run_history(const log::event_log& log, const run_id& run, history_depth depth) {
  const auto root = stream_of(run);
  run_history out;
  for (std::uint64_t after = 0;;) {
    TRY(auto records,
        depth == history_depth::run_only ? log.read_stream(root, after)
                                         : log.read_root(root, after));
    if (records.empty())
      break;
    after = depth == history_depth::run_only ? records.back().version : records.back().position;
    for (const auto& record : records) {
      if (record.keep == log::durability::transient)
        continue;
      TRY(auto fact, codec::decode(record.type, record.schema_version, record.payload));
      out.add(record.stream, fact, record.at);
    }
  }
  if (out.plan.run.is_nil())
    return refuse(errc::run_not_found, "there is no run " + to_string(run))
        .with("run", to_string(run));
  if (depth == history_depth::everything)
    for (auto& scope : out.plan.scopes) {
      TRY(scope.cap, cap_in_force(log, scope));
    }
  return out;
}

} // namespace ash::performers
