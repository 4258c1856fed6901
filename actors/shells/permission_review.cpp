#include "actors/shells/permission_review.hpp"

#include "actors/aggregates/run.hpp"
#include "actors/aggregates/tool_call.hpp"
#include "actors/performers/agent_terms.hpp"
#include "actors/performers/child_effects.hpp"
#include "actors/shells/fold.hpp"
#include "actors/shells/run_plan.hpp"
#include "events/base/text.hpp"
#include "events/base/tool_arguments.hpp"
#include "events/codec/codec.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <map>

namespace ash::permissions {
namespace {

namespace defs = definitions;

constexpr std::string_view from_config = "config";
constexpr std::size_t most_shown_of_a_call = 4'096;

result<run::live> run_in(const log::event_log& log, const run_id& run) {
  TRY(auto folded, fold::whole<run_aggregate>(log, stream_of(run)));
  auto* found = std::get_if<run::live>(&folded.state);
  if (found == nullptr)
    return refuse(errc::run_not_found, "there is no run " + to_string(run));
  return std::move(*found);
}

result<std::vector<policy::path_change>> path_changes_of(const log::event_log& log,
                                                         const run_id& run) {
  std::vector<policy::path_change> out;
  for (std::uint64_t after = 0;;) {
    TRY(const auto records, log.read_stream(stream_of(run), after));
    if (records.empty())
      return out;
    for (const auto& record : records) {
      after = record.version;
      if (record.type != run::path_granted::type && record.type != run::path_revoked::type)
        continue;
      TRY(const auto fact, codec::decode(record.type, record.schema_version, record.payload));
      if (const auto* granted = std::get_if<run::path_granted>(&fact))
        out.push_back({policy::writable::yes, granted->path});
      if (const auto* revoked = std::get_if<run::path_revoked>(&fact))
        out.push_back({policy::writable::taken_back, revoked->path});
    }
  }
}

/// A phase's own artifact may always be written.
void add_artifacts(const run::live& of, const std::string& role, std::vector<std::string>& paths) {
  if (paths == std::vector<std::string>{"**"})
    return;
  for (const auto& phase : of.plan.phases)
    if (phase.role == role)
      paths.push_back(phase.artifact_path);
}

using modes_by_phase = std::map<std::string, std::optional<defs::permission_mode>>;

result<modes_by_phase> persona_modes(const run::live& of) {
  modes_by_phase out;
  for (const auto& phase : of.plan.phases)
    for (const auto& bound : of.bindings) {
      if (bound.role != phase.role || bound.persona_json.empty())
        continue;
      TRY(const auto who, defs::persona_from_json(bound.persona_json));
      out[phase.key] = who.permissions.mode;
    }
  return out;
}

/// The command or the path of a call, else all of its arguments.
std::string subject_of(const tool_call::requested& call) {
  if (const auto given = parse_tool_arguments(call.arguments); given)
    for (const auto* name : {"command", "path", "file_path"})
      if (const auto* value = given.value().if_contains(name);
          value != nullptr && value->is_string())
        return {value->get_string().data(), value->get_string().size()};
  return call.arguments;
}

tool_terms changed_terms(const tool_call::requested& call,
                         const change& under,
                         std::optional<defs::permission_mode> persona_mode) {
  auto terms = call.terms;
  if (under.rules) {
    std::erase_if(terms.permissions, [](const auto& rule) { return rule.origin == from_config; });
    tool_terms first;
    performers::add_permissions(first, {{}, *under.rules}, under.origin);
    const auto behind =
        std::find_if_not(terms.permissions.begin(), terms.permissions.end(), [](const auto& rule) {
          return rule.origin.starts_with(policy::of_subagent);
        });
    terms.permissions.insert(behind, first.permissions.begin(), first.permissions.end());
  }
  if (under.mode) { // a persona's own holds where it is the stricter one
    terms.mode = static_cast<permission_mode>(*under.mode);
    performers::add_permissions(terms, {persona_mode, {}}, {});
  }
  return terms;
}

json::object to_json(const changed_verdict& of) {
  const auto verdict = [](const policy::permit& p) {
    return json::object{{"verdict", policy::to_string(p.verdict)}, {"rule", p.rule}};
  };
  const auto what = to_valid_utf8(of.what);
  return {{"call", to_string(of.call)},
          {"phase", of.phase_key},
          {"tool", of.tool},
          {"what", utf8_prefix(what, most_shown_of_a_call)},
          {"before", verdict(of.before)},
          {"after", verdict(of.after)}};
}

} // namespace

effective of_config(const defs::config& from) {
  return {std::string{from_config}, tool_bounds_of(from)};
}

effective of_persona(const defs::config& from, const defs::persona& who) {
  effective out{"persona " + identity(who), tool_bounds_of(from)};
  performers::add_permissions(out.terms, who, {});
  return out;
}

result<std::vector<effective>> of_run(const log::event_log& log, const run_id& run) {
  TRY(const auto found, run_in(log, run));
  TRY(const auto changes, path_changes_of(log, run));
  std::vector<effective> out;
  for (const auto& bound : found.bindings) {
    TRY(const auto who, defs::persona_from_json(bound.persona_json));
    effective one{bound.role + " (" + bound.persona + ")", found.plan.tool_bounds};
    if (bound.role.starts_with(role_of_subagent({})))
      one.terms = performers::child_bounds(std::move(one.terms), who);
    else
      performers::add_permissions(one.terms, who, {});
    add_artifacts(found, bound.role, one.terms.writable_paths);
    if (!changes.empty())
      one.terms.writable_paths = policy::with_changes(std::move(one.terms.writable_paths), changes);
    out.push_back(std::move(one));
  }
  return out;
}

std::optional<changed_verdict> compare(const tool_call::requested& call,
                                       const change& under,
                                       std::optional<defs::permission_mode> persona_mode) {
  changed_verdict out;
  out.before = tool_call::verdict_on(call);
  auto changed = call;
  changed.terms = changed_terms(call, under, persona_mode);
  out.after = tool_call::verdict_on(changed);
  if (out.before.verdict == out.after.verdict)
    return std::nullopt;
  out.call = call.call;
  out.phase_key = call.phase_key;
  out.tool = call.name;
  out.what = subject_of(call);
  return out;
}

result<replayed> replay(const log::event_log& log, const run_id& run, const change& under) {
  TRY(const auto found, run_in(log, run));
  TRY(const auto modes, persona_modes(found));
  replayed out;
  for (std::uint64_t after = 0;;) {
    TRY(const auto records, log.read_root(stream_of(run), after));
    if (records.empty())
      return out;
    for (const auto& record : records) {
      after = record.position;
      if (record.type != tool_call::requested::type)
        continue;
      TRY(const auto fact, codec::decode(record.type, record.schema_version, record.payload));
      const auto& call = std::get<tool_call::requested>(fact);
      ++out.calls;
      auto mode = std::optional<defs::permission_mode>{};
      if (const auto known = modes.find(call.phase_key); known != modes.end() && call.depth == 0)
        mode = known->second;
      else if (call.terms.mode != found.plan.tool_bounds.mode) // of a sub-agent's persona
        mode = static_cast<defs::permission_mode>(call.terms.mode);
      if (auto changed = compare(call, under, mode))
        out.changed.push_back(std::move(*changed));
    }
  }
}

json::object to_json(const effective& of) {
  json::array rules;
  for (const auto& rule : of.terms.permissions)
    rules.push_back(json::object{{"verdict", policy::to_string(rule.verdict)},
                                 {"tool", rule.tool},
                                 {"pattern", rule.pattern},
                                 {"path", rule.path},
                                 {"source", rule.origin}});
  const auto mode = static_cast<defs::permission_mode>(of.terms.mode);
  const auto& reviewer = of.terms.reviewer;
  const auto& paths = of.terms.writable_paths;
  return {{"who", of.who},
          {"mode", defs::to_string(mode)},
          {"reviewer", reviewer.empty() ? json::value{} : json::value(reviewer)},
          {"rules", std::move(rules)},
          {"writable_paths", json::array(paths.begin(), paths.end())}};
}

json::object to_json(const run_id& run, const replayed& of) {
  json::array changed;
  for (const auto& each : of.changed)
    changed.push_back(to_json(each));
  return {{"run", to_string(run)}, {"calls", of.calls}, {"changed", std::move(changed)}};
}

} // namespace ash::permissions
