// What a tool call is after each fact.
#include "actors/aggregates/tool_call_parts.hpp"
#include "events/base/match.hpp"

namespace ash::tool_call {
namespace {

using turn::tool_answer;

finished end(const state& from,
             tool_answer answer,
             std::string code,
             std::string text,
             std::vector<file_change> written) {
  const auto& what = request_of(from);
  return {what.call, what.owner, answer, std::move(code), std::move(text), std::move(written)};
}

/// It ran to its end: hooks may follow.
state end_after_hooks(const state& from, finished came) {
  const auto& what = request_of(from);
  if (!has_hooks(what, hook_event::post_tool))
    return came;
  return finishing{what, std::move(came)};
}

/// What it waited for when it was cancelled, a person or hooks, is not waited for any more.
finished end_by(const state& from, const cancelled& f) {
  auto ended = end(from,
                   tool_answer::cancelled,
                   std::string{to_string(errc::cancelled)},
                   "Cancelled: " + f.reason,
                   {});
  if (const auto* waiting = std::get_if<reviewing>(&from)) {
    ended.root = waiting->what.root;
    ended.withdrawn = waiting->awaits.approval;
    if (is_at_hooks(*waiting))
      ended.called_off = hooks_before(ended.call);
  }
  return ended;
}

/// What runs for it ends first, but for hooks: the answer that they follow is there.
state call_off(state from, const cancel_requested& f) {
  if (auto* done = std::get_if<finishing>(&from)) {
    done->came.called_off = hooks_after(f.call);
    return std::move(done->came);
  }
  if (const auto* judged = std::get_if<consulting>(&from))
    return consulting{judged->what, judged->reviewer, true, f.reason};
  return running{request_of(from), true, running_in(from).child, f.reason};
}

} // namespace
} // namespace ash::tool_call

namespace ash {

using namespace tool_call;

tool_call::state tool_call_aggregate::evolve(state from, const fact& happened) {
  return std::visit(
      match{
          [&](const requested& f) -> state {
            return reviewing{f, {}};
          },
          [&](const reviewed& f) -> state {
            if (f.verdict == review_verdict::approved) // nothing but hooks stands in its way now
              return reviewing{request_of(from), {}};
            return std::move(from);
          },
          [&](const started&) -> state {
            return running{request_of(from), false, {}, {}};
          },
          [&](const denied& f) -> state {
            return end(from, tool_answer::denied, f.code, "Not executed: " + f.message, {});
          },
          [&](const completed& f) {
            return end_after_hooks(from, end(from, tool_answer::completed, {}, f.text, f.written));
          },
          [&](const failed& f) {
            return end_after_hooks(from, end(from, tool_answer::failed, f.code, f.text, f.written));
          },
          [&](const cancelled& f) -> state { return end_by(from, f); },
          [&](const cancel_requested& f) { return call_off(std::move(from), f); },
          [&](const in_doubt&) -> state {
            return end(
                from,
                tool_answer::in_doubt,
                std::string{to_string(errc::tool_in_doubt)},
                "IN DOUBT: the runtime stopped while this call was running. It may or may not "
                "have taken effect, and it was not run again. Look at the present state before "
                "you decide what to do.",
                {});
          },
          [&](const review_awaited& f) -> state {
            return reviewing{request_of(from), f};
          },
          [&](const delegated& f) -> state {
            if (const auto* asked = std::get_if<reviewing>(&from))
              return consulting{asked->what, f.session, false, {}};
            return running{request_of(from), false, f.session, {}};
          },
          [&](const run::hook_ran& f) -> state {
            auto* done = std::get_if<finishing>(&from);
            if (done != nullptr && f.on == hook_event::post_tool)
              return std::move(done->came);
            return std::move(from);
          },
      },
      happened);
}

} // namespace ash
