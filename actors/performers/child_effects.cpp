#include "actors/performers/child_effects.hpp"

#include "actors/aggregates/budget.hpp"
#include "actors/aggregates/delegation.hpp"
#include "actors/aggregates/model_review.hpp"
#include "actors/aggregates/permissions.hpp"
#include "actors/aggregates/tool_call.hpp"
#include "actors/performers/agent_terms.hpp"
#include "actors/performers/child_workspace.hpp"
#include "actors/performers/reviewer_session.hpp"
#include "actors/performers/tell_again.hpp"
#include "actors/performers/tool_effects.hpp"
#include "events/base/fail_point.hpp"
#include "events/base/text.hpp"
#include "events/codec/codec.hpp"

#include <algorithm>
#include <filesystem>

namespace ash::performers {
namespace {

namespace defs = definitions;

/// The first fact of a stream. Errors: `log_corrupt` where it is of another kind or missing.
template <class Fact> result<Fact> first_of(const log::event_log& log, const stream_id& stream) {
  TRY(const auto records, log.read_stream(stream, 0, {1}));
  if (!records.empty()) {
    const auto& first = records.front();
    TRY(auto fact, codec::decode(first.type, first.schema_version, first.payload));
    if (auto* wanted = std::get_if<Fact>(&fact))
      return std::move(*wanted);
  }
  return refuse(errc::log_corrupt, "the stream '" + stream.text() + "' does not begin as it must");
}

bool takes_back(const std::string& glob) {
  return glob.starts_with('!');
}

/// Whether every path that `inner` names is named by `outer` too, as far as their texts show.
bool covers(const std::string& outer, const std::string& inner) {
  if (outer == inner || outer == "**")
    return true;
  return outer.ends_with("/**") && inner.starts_with(outer.substr(0, outer.size() - 2));
}

/// What both lists let be written; what either takes back stays taken back.
std::vector<std::string> both(const std::vector<std::string>& asker,
                              const std::vector<std::string>& child) {
  std::vector<std::string> out;
  for (const auto& glob : child) {
    if (takes_back(glob)) {
      out.push_back(glob);
      continue;
    }
    for (const auto& outer : asker)
      if (!takes_back(outer) && (covers(outer, glob) || covers(glob, outer)))
        out.push_back(covers(outer, glob) ? glob : outer);
  }
  if (out.empty() || std::all_of(out.begin(), out.end(), takes_back))
    out.insert(out.begin(), std::string{no_path});
  std::copy_if(asker.begin(), asker.end(), std::back_inserter(out), takes_back);
  return out;
}

/// Where a child of a run works apart from its asker; empty where it works beside it.
struct apart_place {
  std::string repo;
  std::string worktree;
  std::string branch;
};

result<apart_place>
place_of(const stream_id& root, const session_id& child, const log::event_log& log) {
  TRY(const auto run, first_of<run::created>(log, root));
  const auto id = to_string(child);
  const auto own = "-sub-" + id.substr(id.size() - 12);
  return apart_place{run.repo_path, run.worktree + own, run.branch + own};
}

bool exists(const stream_id& stream, const performer_options& options) {
  const auto found = options.log->find_stream(stream);
  return found && found.value();
}

/// Takes away what was made for a child that was called off, or refused, before it began: its
/// session does not name it, so nobody else would. A child that never said where it works may have
/// been given a place before a crash. Errors: `cancelled`.
result<void> drop_unused_place(const effect::open_child& what,
                               const performer_options& options,
                               std::stop_token stop) {
  if (what.what.root.kind() != entity_kind::run ||
      what.session == model_review::session_of(what.what.call))
    return success();
  const auto place = place_of(what.what.root, what.session, *options.log);
  if (!place)
    return success();
  const auto stream = stream_of(what.session);
  if (exists(stream, options)) {
    const auto made = first_of<session::created>(*options.log, stream);
    if (!made || !made.value().branch.empty())
      return success();
  }
  const auto& [repo, worktree, branch] = place.value();
  const auto kept = give_up({repo, what.what.worktree, worktree, branch}, std::move(stop));
  if (!kept && kept.error().code == errc::cancelled)
    return kept.error();
  return success(); // what can't be removed stays on a branch that names the child
}

/// The session, with the worktree that it names; of one that exists, what names it.
result<session::created> ready_to_begin(const effect::open_child& what,
                                        const performer_options& options,
                                        std::stop_token stop) {
  if (exists(stream_of(what.session), options)) {
    TRY(drop_unused_place(what, options, std::move(stop)));
    session::created known;
    known.session = what.session;
    known.asked_by = what.what.call;
    known.root = what.what.root;
    return known;
  }
  if (what.session == model_review::session_of(what.what.call))
    return reviewer_of(what.what, options);
  TRY(auto child, child_of(what, options));
  if (what.what.root.kind() != entity_kind::run || !writes_files(child.agent->tools))
    return child;
  TRY(auto place, place_of(what.what.root, what.session, *options.log));
  pass(fail_point::workspace_before);
  TRY(branch_off({place.repo, what.what.worktree, place.worktree, place.branch}, std::move(stop)));
  pass(fail_point::workspace_after);
  child.worktree = std::move(place.worktree);
  child.branch = std::move(place.branch);
  return child;
}

/// Where a child's work is. What could not be committed is in its worktree still.
std::string where_kept(const session::created& child) {
  std::error_code none;
  return (std::filesystem::exists(child.worktree, none)
              ? "in " + printable(child.worktree) + " and "
              : std::string{}) +
         "on the branch " + child.branch;
}

session::ended with_code(session::ended outcome, const error& why, const session::created& child) {
  outcome.code = to_string(why.code);
  outcome.reason = "what it did could not be merged, and is kept " + where_kept(child) + ": " +
                   why.message + (outcome.result.empty() ? "" : "\n\nIt said: " + outcome.result);
  return outcome;
}

} // namespace

bool writes_files(const std::vector<tool_spec>& tools) {
  return std::any_of(tools.begin(), tools.end(), [](const tool_spec& one) {
    return one.effect != effect_class::read && !delegation::is_asked(one.name);
  });
}

tool_terms child_bounds(tool_terms of_asker, const defs::persona& who) {
  auto out = std::move(of_asker);
  out.network = out.network && who.network == defs::network_access::granted;
  tool_terms own;
  own.mode = out.mode;
  add_permissions(own, who, {});
  out.mode = own.mode;
  for (auto& rule : own.permissions)
    rule.origin = std::string{policy::of_subagent} + identity(who);
  out.permissions.insert(out.permissions.begin(), own.permissions.begin(), own.permissions.end());
  out.writable_paths = out.writable_paths.empty() ? std::move(own.writable_paths)
                                                  : both(out.writable_paths, own.writable_paths);
  return out;
}

std::vector<budget_terms> child_scopes(const session_id& child,
                                       const std::vector<budget_terms>& of_asker,
                                       const std::string& persona,
                                       const std::optional<budget_terms>& persona_day) {
  const auto cap = of_asker.empty() ? usd{} : of_asker.front().cap;
  auto out = budget::scopes_beneath(
      {{"session:" + to_string(child), cap, {}, budget_policy::warn_continue}}, of_asker);
  if (!persona_day)
    return out;
  auto own = *persona_day;
  own.scope = budget::scope_of_persona(persona, utc_date(system_now()));
  return budget::scopes_beneath(std::move(out), {std::move(own)});
}

result<session::created> child_of(const effect::open_child& what,
                                  const performer_options& options) {
  TRY(const auto asked, delegation::read(what.what.arguments));
  if (!options.personas)
    return refuse(errc::persona_not_found, "there are no personas to ask here");
  TRY(const auto who, options.personas(what.what.root, asked.persona));
  const auto prices = options.prices ? options.prices->now() : nullptr;
  auto out = delegation::stub_of(what.what, what.session);
  auto agent = agent_terms_of(who, prices ? *prices : defs::price_table::shipped());
  TRY(agent.tools, tool_specs_of(who, options.tools));
  agent.tool_bounds = child_bounds(what.what.terms, who);
  agent.policy_hash = policy::hash(tool_call::rules_of(agent.tool_bounds));
  out.agent = std::move(agent);
  out.scopes = child_scopes(what.session, what.what.scopes, who.name, options.persona_day);
  out.task = delegation::message_of(asked);
  return out;
}

void perform_open_child(effect_ptr effect,
                        const effect::open_child& what,
                        const performer_options& options,
                        entity_directory& directory,
                        timer_thread& timers,
                        work_pool& files) {
  auto child = ready_to_begin(what, options, effect->stop_token());
  if (!child && child.error().code == errc::cancelled)
    return effect->drop();
  if (!child)
    return effect->end(failed_tool_call(child.error()));
  const auto keep_trying = [effect](const error& why) {
    return may_pass(why) && !effect->stop_token().stop_requested();
  };
  const auto is_apart = !child.value().branch.empty();
  const auto end = [effect, is_apart, what, &options, &files](std::optional<any_command> with) {
    if (!is_apart)
      return effect->end(std::move(with));
    files.run([effect, what, &options, with = std::move(with)] {
      if (drop_unused_place(what, options, effect->stop_token()))
        effect->end(with);
      else
        effect->drop(); // it is owed again after the restart
    });
  };
  // Without an id of its own, so that a session that exists is reached, and goes on, each time.
  tell_again(directory,
             timers,
             {stream_of(what.session), effect->owner().root},
             {{},
              effect->owner().root.text(),
              effect->id(),
              system_now(),
              session::create{std::move(child).value()}},
             keep_trying,
             [effect, end](result<void> reply) {
               if (reply)
                 end(std::nullopt);
               else if (reply.error().code == errc::shutting_down || may_pass(reply.error()))
                 effect->drop();
               else
                 end(failed_tool_call(reply.error()));
             });
}

namespace {

/// The paths that the tools of a session wrote, each once.
result<std::vector<std::string>> written_by(const log::event_log& log, const stream_id& session) {
  std::vector<std::string> out;
  for (std::uint64_t after = 0;;) {
    TRY(const auto records, log.read_stream(session, after));
    if (records.empty())
      return out;
    for (const auto& record : records) {
      after = record.version;
      if (record.type != turn::tool_answered::type)
        continue;
      TRY(const auto fact, codec::decode(record.type, record.schema_version, record.payload));
      for (const auto& change : std::get<turn::tool_answered>(fact).written)
        if (std::find(out.begin(), out.end(), change.path) == out.end())
          out.push_back(change.path);
    }
  }
}

} // namespace

result<session::ended> close_child(const effect::close_child& what,
                                   const performer_options& options,
                                   std::stop_token stop) {
  const auto& child = what.what;
  auto outcome = what.outcome;
  auto asked = first_of<tool_call::requested>(*options.log, stream_of(child.asked_by));
  auto run = first_of<run::created>(*options.log, child.root);
  if (!asked || !run)
    return with_code(outcome, asked ? run.error() : asked.error(), child);
  auto written = written_by(*options.log, stream_of(child.session));
  if (!written)
    return with_code(outcome, written.error(), child);
  const child_place where{run.value().repo_path,
                          asked.value().worktree,
                          child.worktree,
                          child.branch,
                          std::move(written).value()};
  if (!outcome.code.empty()) {
    auto kept = give_up(where, stop);
    if (!kept && kept.error().code == errc::cancelled)
      return std::move(kept).error();
    if (!kept || kept.value())
      outcome.reason += " (what it had done is " + where_kept(child) + ")";
    return outcome;
  }
  auto merged = merge_back(where, stop);
  if (merged)
    return outcome;
  if (merged.error().code == errc::cancelled)
    return std::move(merged).error();
  return with_code(std::move(outcome), merged.error(), child);
}

void perform_close_child(running_effect& effect,
                         const effect::close_child& what,
                         const performer_options& options) {
  pass(fail_point::workspace_before);
  auto outcome = close_child(what, options, effect.stop_token());
  pass(fail_point::workspace_after);
  if (outcome)
    effect.end(session::child_closed{std::move(outcome).value()});
  else
    effect.drop(); // only a stop calls it off: it is owed again after the restart
}

} // namespace ash::performers
