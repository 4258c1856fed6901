// What the runtime does about sub-agents: who they are, that they go on with their run, and what
// becomes of the others where one breaks.
#include "actors/aggregates/delegation.hpp"
#include "actors/aggregates/model_review.hpp"
#include "actors/aggregates/session.hpp"
#include "actors/definitions/binding.hpp"
#include "actors/performers/child_effects.hpp"
#include "actors/shells/each_stream.hpp"
#include "actors/shells/first_fact.hpp"
#include "actors/shells/fold.hpp"
#include "actors/shells/runtime_parts.hpp"

#include <algorithm>

namespace ash {
namespace {

/// Whether the call that a child works for is still open: where the child broke, it was answered
/// without it.
bool is_waited_for(const log::event_log& log, const stream_id& child) {
  const auto made = first_fact<session::created>(log, child);
  if (!made)
    return true;
  const auto call = log.find_stream(stream_of(made->asked_by));
  return !call || !call.value() || call.value()->status == log::stream_status::open;
}

/// Whether a session whose turn asked for a child is still in that turn: one that has ended or was
/// cleared called the child off, and that may not have come.
bool is_wanted_by_its_session(const log::event_log& log, const stream_id& child) {
  const auto made = first_fact<session::created>(log, child);
  const auto call = made ? first_fact<tool_call::requested>(log, stream_of(made->asked_by))
                         : std::optional<tool_call::requested>{};
  if (!call || call->owner.kind() != entity_kind::session)
    return true;
  const auto state = fold::newest<session_aggregate>(log, call->owner);
  if (!state)
    return true;
  const auto* asker = std::get_if<session::active>(&state.value());
  if (asker == nullptr || !asker->turns.now)
    return false;
  const auto& asked = asker->turns.now->in_flight;
  return std::any_of(
      asked.begin(), asked.end(), [&](const auto& slot) { return slot.call == call->call; });
}

/// The model that a person chose for a session, in place of its persona's own: none where they are
/// the same. It holds for who is asked there too, as it does in a run.
result<std::optional<std::string>> model_chosen_for(const log::event_log& log,
                                                    const definitions::library& library,
                                                    const stream_id& session) {
  TRY(const auto state, fold::newest<session_aggregate>(log, session));
  const auto* live = std::get_if<session::active>(&state);
  if (live == nullptr || live->about.agent->models.empty())
    return std::optional<std::string>{};
  const auto& agent = *live->about.agent;
  std::vector<std::string> own;
  for (const auto& model : agent.models)
    own.push_back(model.name);
  if (const auto known = library.find_persona(agent.persona)) {
    std::vector<std::string> usual{known.value().model};
    const auto& fallbacks = known.value().fallback_models;
    usual.insert(usual.end(), fallbacks.begin(), fallbacks.end());
    if (usual == own)
      return std::optional<std::string>{};
  }
  return std::optional{own.front()};
}

/// A broken child can't bring its worktree to an end: what it did is kept on its branch. Gives the
/// reason, and where that is; blocks while git works.
std::string
what_is_left_of(log::event_log& log, const session::created& child, std::string reason, errc code) {
  if (child.branch.empty())
    return reason;
  performers::performer_options options;
  options.log = &log;
  const effect::close_child close{child, {reason, std::string{}, std::string{to_string(code)}}};
  const auto closed = performers::close_child(close, options);
  return closed ? closed.value().reason : reason;
}

} // namespace

result<definitions::persona> runtime::parts::persona_for(const stream_id& root,
                                                         const std::string& name) {
  if (root.kind() == entity_kind::run) {
    TRY(auto id, parse_uuid(root.key()));
    TRY(const auto run, live_run(*log, {id}));
    const auto role = role_of_subagent(name);
    for (const auto& binding : run.bindings)
      if (binding.role == role) {
        TRY(auto bound, definitions::persona_from_json(binding.persona_json));
        TRY(const auto consented, consents::read(*log));
        TRY(check_consent(bound, providers, consented));
        return bound;
      }
  }
  TRY(const auto library, last_definitions());
  TRY(auto who, library->find_persona(name));
  if (root.kind() == entity_kind::session) {
    TRY(const auto model, model_chosen_for(*log, *library, root));
    if (model) {
      TRY(who, definitions::with_model(std::move(who), *model));
    }
  }
  TRY(const auto consented, consents::read(*log));
  TRY(check_consent(who, planning_with(*library, consented)));
  return who;
}

void runtime::parts::resume_children(const stream_id& root) {
  const auto resume = [&](const log::stream_head& head) -> result<void> {
    if (head.root == root && head.stream != root) {
      auto what = is_waited_for(*log, head.stream)
                      ? any_command{turn::resume{}}
                      : any_command{session::end{"nobody waits for it any more"}};
      actors->inner().tell(
          head.stream,
          root,
          {{}, root.text(), "resume:" + root.text(), system_now(), std::move(what)},
          nobody);
    }
    return success();
  };
  // A log that can't be read: the next start resumes again.
  const auto ignored =
      each_stream(*log, entity_kind::session, log::event_log::listing::open, resume);
}

/// The process may have ended between the end of a call and the withdrawal of what it asked: its
/// owner may be over too, and nobody else would load it.
void runtime::parts::wake_askers(const stream_id& root, const approvals::book& asked) {
  for (const auto& each : asked)
    if (!each.decision && each.what.asker.kind() == entity_kind::tool_call)
      actors->wake(each.what.asker, root);
}

/// What is beneath a run goes on with it, or rests with it.
void runtime::parts::wake_sessions() {
  for (const auto& run : to_wake_)
    if (const auto found = live_run(*log, run))
      wake_askers(stream_of(run), found.value().approvals);
  const auto wake = [&](const log::stream_head& head) -> result<void> {
    if (stopping_)
      return refuse(errc::shutting_down, "the runtime stops");
    if (head.root.kind() != entity_kind::run)
      wake_session(head.stream, head.root);
    return success();
  };
  // A log that can't be read: the next start wakes them.
  const auto ignored = each_stream(*log, entity_kind::session, log::event_log::listing::open, wake);
}

/// Most sessions rest between two messages: they would take room, and have nothing to do.
void runtime::parts::wake_session(const stream_id& session, const stream_id& root) {
  if (session != root && !(is_waited_for(*log, session) && is_wanted_by_its_session(*log, session)))
    return actors->inner().tell(session,
                                root,
                                {{},
                                 root.text(),
                                 "resume:" + root.text(),
                                 system_now(),
                                 session::end{"nobody waits for it any more"}},
                                nobody);
  const auto state = fold::newest<session_aggregate>(*log, session);
  if (!state || !session_aggregate::pending(state.value()).empty())
    actors->wake(session, root);
  if (const auto* live = state ? std::get_if<session::active>(&state.value()) : nullptr)
    wake_askers(root, live->approvals);
}

void runtime::parts::cancel_calls_of(const stream_id& broken,
                                     const stream_id& root,
                                     const error& why) {
  const auto cancel = [&](const log::stream_head& head) -> result<void> {
    if (head.root != root)
      return success();
    const auto asked = first_fact<tool_call::requested>(*log, head.stream);
    if (asked && asked->owner == broken)
      actors->inner().tell(head.stream,
                           root,
                           {"broken:" + broken.text(),
                            root.text(),
                            {},
                            system_now(),
                            tool_call::cancel{"who asked for it broke: " + why.message}},
                           nobody);
    return success();
  };
  const auto ignored =
      each_stream(*log, entity_kind::tool_call, log::event_log::listing::open, cancel);
}

void runtime::parts::tell_of_broken_call(const stream_id& stream,
                                         const stream_id& root,
                                         const stream_id& otherwise,
                                         const error& why) {
  const auto tell = [&](const stream_id& to, any_command what) {
    actors->inner().tell(
        to,
        root,
        {"broken:" + stream.text(), root.text(), {}, system_now(), std::move(what)},
        nobody);
  };
  if (stream.kind() == entity_kind::session) {
    cancel_calls_of(stream, root, why);
    const auto child = first_fact<session::created>(*log, stream);
    if (!child || child->asked_by.is_nil())
      return;
    tool_call::finish gone;
    gone.failed = true;
    gone.code = to_string(why.code);
    gone.text = what_is_left_of(*log, *child, "The sub-agent broke: " + why.message, why.code);
    gone.child = child->session;
    return tell(stream_of(child->asked_by), std::move(gone));
  }
  const auto id = parse_uuid(stream.key());
  if (!id)
    return;
  const auto call = first_fact<tool_call::requested>(*log, stream);
  const auto& owner = call ? call->owner : otherwise;
  if (!owner.empty()) // the turn goes on without its answer
    tell(owner,
         turn::tool_finished{{id.value()},
                             turn::tool_answer::failed,
                             std::string{to_string(why.code)},
                             "The tool call broke: " + why.message,
                             {}});
  if (!call)
    return;
  const auto reviewer = model_review::session_of(call->call);
  const auto has_reviewer = log->find_stream(stream_of(reviewer));
  if (has_reviewer && has_reviewer.value())
    tell(stream_of(reviewer), session::call_off{delegation::stub_of(*call, reviewer), why.message});
  if (!delegation::is_asked(call->name))
    return;
  const auto child = delegation::child_of(call->call);
  tell(stream_of(child), session::call_off{delegation::stub_of(*call, child), why.message});
}

} // namespace ash
