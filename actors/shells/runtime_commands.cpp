// What the runtime can be asked to do, beside opening and stopping.
#include "actors/aggregates/session.hpp"
#include "actors/performers/scrub_command.hpp"
#include "actors/shells/fold.hpp"
#include "actors/shells/provider_setup.hpp"
#include "actors/shells/run_explanation.hpp"
#include "actors/shells/run_preview.hpp"
#include "actors/shells/runtime_parts.hpp"
#include "events/base/text.hpp"

#include <algorithm>

namespace ash {
namespace {

result<void> check_bound(const run::live& of) {
  for (const auto& phase : of.plan.phases)
    if (std::none_of(of.bindings.begin(), of.bindings.end(), [&](const run::binding& one) {
          return one.role == phase.role && !one.persona_json.empty();
        }))
      return refuse(errc::run_metadata_missing,
                    "the run " + to_string(of.plan.run) + " has no persona for the role '" +
                        phase.role + "': start a new run");
  return success();
}

result<void> check_path_glob(const std::string& path, const scrubber& known) {
  if (path.empty() || path.size() > 1'024 || path.starts_with('/') || path.starts_with('!') ||
      !is_valid_utf8(path))
    return refuse(errc::argument_invalid,
                  "a path is a glob relative to the worktree, such as 'docs/**', not '" +
                      printable(to_valid_utf8(path)) + "'");
  if (const auto fault = definitions::fault_of_path_glob(path); !fault.empty())
    return refuse(errc::argument_invalid,
                  "the path '" + printable(path) + "' would match nothing: it " + fault);
  if (known.clean(path) != path) // cleaned, it would name other paths
    return refuse(errc::argument_invalid,
                  "the path holds something that looks like a key, and paths are recorded: take a "
                  "glob around it");
  return success();
}

error cancelled_by_its_root() {
  return refuse(errc::argument_invalid,
                "an approval is cancelled by whoever asked alone: approve it, reject it, request "
                "changes or abort");
}

} // namespace

planning runtime::parts::planning_with(const definitions::library& library,
                                       const consents& consented) {
  return {
      library, *schemas, providers, options.config, layout, options.started_by, consented, prices};
}

result<void> runtime::parts::tell(const stream_id& root,
                                  const command_source& from,
                                  std::string otherwise,
                                  any_command what) {
  performers::scrub_command(*scrub->now(), what);
  return actors->tell_and_wait(root,
                               root,
                               {from.key.empty() ? std::move(otherwise) : from.key,
                                root.text(),
                                from.causation,
                                system_now(),
                                std::move(what)});
}

// -- consent --------------------------------------------------------------------------------------

result<void> runtime::parts::check_consents(const run::live& of) const {
  TRY(const auto consented, consents::read(*log));
  for (const auto& binding : of.bindings) {
    TRY(const auto who, definitions::persona_from_json(binding.persona_json));
    TRY(check_consent(who, providers, consented));
  }
  return success();
}

result<void> runtime::parts::check_consents(const session_id& of) const {
  TRY(const auto state, fold::newest<session_aggregate>(*log, stream_of(of)));
  const auto* live = std::get_if<session::active>(&state);
  if (live == nullptr)
    return success(); // it will say so itself
  TRY(const auto consented, consents::read(*log));
  const auto& agent = *live->about.agent;
  std::vector<std::string> models;
  for (const auto& model : agent.models)
    models.push_back(model.name);
  return check_consent(
      agent.persona.substr(0, agent.persona.find('@')), models, providers, consented);
}

// -- runs -----------------------------------------------------------------------------------------

result<void> runtime::parts::resume(const run_id& run, const command_source& from) {
  TRY(auto found, live_run(*log, run));
  if (run::is_over(found.at))
    return refuse(errc::run_already_terminal,
                  "the run " + to_string(run) + " is over; start a new one");
  TRY(check_bound(found));
  TRY(check_consents(found));
  TRY(slots->take(found.plan.repo_path, found.plan.base_branch, run));
  auto told =
      tell(stream_of(run), from, "resume:" + to_string(random_uuid()), run::resume{from.by});
  slots->began(run);
  if (told) {
    resume_children(stream_of(run));
    wake_askers(stream_of(run), found.approvals);
  }
  return told;
}

result<void> runtime::parts::resume(const session_id& session, const command_source& from) {
  const auto stream = stream_of(session);
  TRY(const auto head, log->find_stream(stream));
  if (head && head->root != stream)
    return refuse(errc::invalid_transition,
                  "the session " + to_string(session) + " is a sub-agent's: it goes on with '" +
                      head->root.text() + "', which is to be resumed")
        .with("root", head->root.text());
  TRY(check_consents(session));
  TRY(tell(stream, from, "resume:" + to_string(random_uuid()), turn::resume{}));
  resume_children(stream);
  return success();
}

result<run_explanation> runtime::explain_run(const run_request& asked) {
  TRY(const auto library, parts_->load_definitions());
  TRY(const auto consented, consents::read(*parts_->log));
  return ash::explain_run(asked, {*library, parts_->providers, parts_->options.config, consented});
}

result<run_preview> runtime::preview_run(const run_request& asked) {
  TRY(const auto library, parts_->load_definitions());
  TRY(const auto consented, consents::read(*parts_->log));
  return ash::preview_run(asked, parts_->planning_with(*library, consented), *parts_->log);
}

result<run_id> runtime::start_run(const run_request& asked, const command_source& from) {
  TRY(const auto library, parts_->load_definitions());
  TRY(const auto consented, consents::read(*parts_->log));
  TRY(auto command, plan_run(asked, parts_->planning_with(*library, consented)));
  if (!from.by.empty())
    command.what.started_by = from.by;
  const auto run = command.what.run;
  TRY(parts_->slots->take(command.what.repo_path, command.what.base_branch, run));
  auto told = parts_->tell(stream_of(run), from, "start:" + to_string(run), std::move(command));
  parts_->slots->began(run);
  TRY(std::move(told));
  return run;
}

result<void>
runtime::resume_run(const run_id& run, const command_source& from, std::optional<usd> cap) {
  TRY(const auto found, live_run(*parts_->log, run));
  if (cap) {
    TRY(parts_->set_cap("run:" + to_string(run), *cap, from));
  }
  std::vector<std::string> personas;
  for (const auto& binding : found.bindings)
    personas.push_back(binding.persona);
  TRY(parts_->follow_daily_caps(personas, from.by));
  return parts_->resume(run, from);
}

result<void>
runtime::abort_run(const run_id& run, const std::string& reason, const command_source& from) {
  TRY(live_run(*parts_->log, run));
  return parts_->tell(
      stream_of(run), from, "abort:" + to_string(random_uuid()), run::abort{reason, from.by});
}

result<void> runtime::decide_approval(const run_id& run,
                                      const approval_id& approval,
                                      run::decision_kind decision,
                                      const std::string& comment,
                                      const command_source& from) {
  if (decision == run::decision_kind::cancel)
    return cancelled_by_its_root();
  TRY(live_run(*parts_->log, run));
  return parts_->tell(stream_of(run),
                      from,
                      "decide:" + to_string(random_uuid()),
                      run::decide_approval{approval, decision, from.by, comment});
}

result<void>
runtime::grant_path(const run_id& run, const std::string& path, const command_source& from) {
  TRY(check_path_glob(path, *parts_->scrub->now()));
  TRY(live_run(*parts_->log, run));
  return parts_->tell(
      stream_of(run), from, "grant:" + to_string(random_uuid()), run::grant_path{path, from.by});
}

result<void>
runtime::revoke_path(const run_id& run, const std::string& path, const command_source& from) {
  TRY(check_path_glob(path, *parts_->scrub->now()));
  TRY(live_run(*parts_->log, run));
  return parts_->tell(
      stream_of(run), from, "revoke:" + to_string(random_uuid()), run::revoke_path{path, from.by});
}

result<run_id> runtime::run_of_approval(const approval_id& approval) {
  TRY(const auto open, open_runs(*parts_->log));
  for (const auto& one : open.runs)
    for (const auto& asked : one.approvals)
      if (asked.what.approval == approval)
        return one.plan.run;
  return refuse(errc::approval_not_found,
                "no run that is not over has the approval " + to_string(approval));
}

result<session_id> runtime::session_of_approval(const approval_id& approval) {
  const auto& log = *parts_->log;
  for (std::string after;;) {
    TRY(const auto heads,
        log.list_streams(entity_kind::session,
                         after,
                         log::event_log::streams_a_page,
                         log::event_log::listing::open));
    if (heads.empty())
      return refuse(errc::approval_not_found,
                    "no session that is not over has the approval " + to_string(approval));
    for (const auto& head : heads) {
      const auto state = fold::newest<session_aggregate>(log, head.stream);
      if (!state) // set aside: one that can't be read hides no other
        continue;
      const auto* live = std::get_if<session::active>(&state.value());
      if (live != nullptr && approvals::find(live->approvals, approval) != nullptr)
        return live->about.session;
    }
    after = heads.back().stream.text();
  }
}

result<bool>
runtime::set_consent(consent_change what, const std::string& subject, const command_source& from) {
  const auto known = [&](std::string_view kind) -> result<std::vector<std::string>> {
    if (kind == "backend")
      return sending_providers(parts_->providers);
    TRY(const auto library, parts_->last_definitions());
    std::vector<std::string> names;
    for (const auto& each : library->personas())
      names.push_back(each.name);
    return names;
  };
  return change_consent(*parts_->log, what, subject, from.by, system_now(), known);
}

// -- sessions -------------------------------------------------------------------------------------

result<session_id> runtime::create_session(const session_request& asked,
                                           const command_source& from) {
  TRY(const auto library, parts_->load_definitions());
  TRY(const auto consented, consents::read(*parts_->log));
  TRY(auto command, plan_session(asked, parts_->planning_with(*library, consented)));
  const auto session = command.what.session;
  TRY(parts_->tell(stream_of(session), from, "create:" + to_string(session), std::move(command)));
  return session;
}

result<void> runtime::post_message(const session_id& session,
                                   const message_id& message,
                                   const std::string& text,
                                   const command_source& from) {
  TRY(parts_->check_consents(session));
  return parts_->tell(
      stream_of(session), from, "post:" + to_string(random_uuid()), session::post{message, text});
}

result<void> runtime::resume_session(const session_id& session, const command_source& from) {
  TRY(const auto state, fold::newest<session_aggregate>(*parts_->log, stream_of(session)));
  const auto* live = std::get_if<session::active>(&state);
  TRY(parts_->follow_daily_caps(live == nullptr ? std::vector<std::string>{}
                                                : std::vector{live->about.agent->persona},
                                from.by));
  return parts_->resume(session, from);
}

result<void> runtime::stop_turn(const session_id& session,
                                const turn_id& turn,
                                const std::string& reason,
                                const command_source& from) {
  return parts_->tell(
      stream_of(session), from, "stop:" + to_string(random_uuid()), turn::stop{turn, reason});
}

result<void> runtime::end_session(const session_id& session,
                                  const std::string& reason,
                                  const command_source& from) {
  return parts_->tell(
      stream_of(session), from, "end:" + to_string(random_uuid()), session::end{reason});
}

result<void> runtime::decide_approval(const session_id& session,
                                      const approval_id& approval,
                                      run::decision_kind decision,
                                      const std::string& comment,
                                      const command_source& from) {
  if (decision == run::decision_kind::cancel)
    return cancelled_by_its_root();
  return parts_->tell(stream_of(session),
                      from,
                      "decide:" + to_string(random_uuid()),
                      run::decide_approval{approval, decision, from.by, comment});
}

result<void>
runtime::set_plan_mode(const session_id& session, plan_mode mode, const command_source& from) {
  return parts_->tell(stream_of(session),
                      from,
                      "plan mode:" + to_string(random_uuid()),
                      session::set_plan_mode{mode == plan_mode::on});
}

} // namespace ash
