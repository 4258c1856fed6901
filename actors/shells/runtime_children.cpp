// What the runtime does about sub-agents: who they are, that they go on with their run, and what
// becomes of the others where one breaks.
#include "actors/aggregates/delegation.hpp"
#include "actors/shells/first_fact.hpp"
#include "actors/shells/runtime_parts.hpp"

#include <algorithm>

namespace ash {
namespace {

constexpr std::size_t page = 1'000;

const auto nobody = [](const result<void>&) {};

} // namespace

result<definitions::persona> runtime::parts::persona_for(const stream_id& root,
                                                         const std::string& name) {
  if (root.kind() == entity_kind::run) {
    TRY(auto id, parse_uuid(root.key()));
    TRY(const auto run, live_run(*log, {id}));
    const auto role = role_of_subagent(name);
    for (const auto& binding : run.bindings)
      if (binding.role == role) {
        TRY(auto who, definitions::persona_from_json(binding.persona_json));
        TRY(const auto consented, consents::read(*log));
        TRY(check_consent(who, providers, consented));
        return who;
      }
  }
  TRY(const auto* library, load_definitions());
  TRY(auto who, library->find_persona(name));
  TRY(const auto consented, consents::read(*log));
  TRY(check_consent(who, planning_with(*library, consented)));
  return who;
}

void runtime::parts::resume_children(const run_id& run) {
  const auto root = stream_of(run);
  for (std::string after;;) {
    const auto heads =
        log->list_streams(entity_kind::session, after, page, log::event_log::listing::open);
    if (!heads || heads.value().empty())
      return; // a log that can't be read: it stops, and the next start resumes again
    for (const auto& head : heads.value())
      if (head.root == root)
        actors->inner().tell(
            head.stream,
            root,
            {{}, root.text(), "resume:" + root.text(), system_now(), turn::resume{}},
            nobody);
    after = heads.value().back().stream.text();
  }
}

void runtime::parts::cancel_calls_of(const stream_id& broken,
                                     const stream_id& root,
                                     const error& why) {
  for (std::string after;;) {
    const auto heads =
        log->list_streams(entity_kind::tool_call, after, page, log::event_log::listing::open);
    if (!heads || heads.value().empty())
      return;
    for (const auto& head : heads.value()) {
      if (head.root != root)
        continue;
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
    }
    after = heads.value().back().stream.text();
  }
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
    const auto child = first_fact<session::created>(*log, stream);
    tool_call::finish gone;
    gone.failed = true;
    gone.code = to_string(why.code);
    gone.text = "The sub-agent broke: " + why.message;
    if (child && !child->asked_by.is_nil())
      tell(stream_of(child->asked_by), std::move(gone));
    return cancel_calls_of(stream, root, why);
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
  if (!call || !delegation::is_asked(call->name))
    return;
  session::created stub;
  stub.session = delegation::child_of(call->call);
  stub.worktree = call->worktree;
  stub.depth = call->depth + 1;
  stub.root = root;
  stub.asked_by = call->call;
  const auto to = stream_of(stub.session);
  tell(to, session::call_off{std::move(stub), why.message});
}

} // namespace ash
