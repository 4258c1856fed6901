#include "actors/performers/budget_effects.hpp"

#include "actors/performers/tell_again.hpp"
#include "events/base/fail_point.hpp"

namespace ash::performers {
namespace {

/// One command a scope, in order, each repeated while it may still succeed.
class scope_walk : public std::enable_shared_from_this<scope_walk> {
public:
  enum class refusals : std::uint8_t { end_it, are_retried };
  struct plan {
    std::vector<std::string> scopes;
    std::string command_id;
    std::function<any_command(std::size_t scope)> command;
    std::function<any_command()> all_done;
    /// What to answer where a scope refuses for good.
    std::function<any_command(std::size_t scope, error why)> refused;
    refusals on_refusal = refusals::end_it;
    /// Whether the end is not wanted any more: then it is owed again after a restart.
    std::function<bool()> held = [] { return false; };
  };

  scope_walk(effect_ptr effect, plan how, entity_directory& directory, timer_thread& timers)
      : effect_{std::move(effect)}, plan_{std::move(how)}, directory_{directory}, timers_{timers} {}

  void ask() {
    if (at_ == plan_.scopes.size()) {
      pass(fail_point::budget_after);
      if (plan_.held())
        effect_->drop();
      else
        effect_->end(plan_.all_done());
      return;
    }
    const auto& scope = plan_.scopes[at_];
    tell_again(
        directory_,
        timers_,
        {stream_of_budget(scope), root_for(scope)},
        {plan_.command_id,
         effect_->owner().root.text(),
         effect_->id(),
         system_now(),
         plan_.command(at_)},
        [self = shared_from_this()](const error& why) { return self->goes_on_after(why); },
        [self = shared_from_this()](result<void> reply) { self->replied(std::move(reply)); });
  }

private:
  /// The scope of a sub-agent belongs to whatever is above all of its askers.
  stream_id root_for(const std::string& scope) const {
    const auto own = root_of_scope(scope);
    return own.kind() == entity_kind::session ? effect_->owner().root : own;
  }

  bool goes_on_after(const error& why) const {
    if (why.code == errc::shutting_down || why.code == errc::entity_broken)
      return false;
    return plan_.on_refusal == refusals::are_retried ||
           (may_pass(why) && !effect_->stop_token().stop_requested());
  }

  void replied(result<void> reply) {
    const auto skipped = !reply && reply.error().code == errc::entity_broken &&
                         plan_.on_refusal == refusals::are_retried;
    // A broken scope can't settle before a restart; the others and the call's owner go on.
    if (reply || skipped) {
      ++at_;
      ask();
    } else if (may_pass(reply.error())) {
      effect_->drop(); // the process stops: after a restart the effect is owed again
    } else {
      pass(fail_point::budget_after);
      effect_->end(plan_.refused(at_, std::move(reply).error()));
    }
  }

  effect_ptr effect_;
  plan plan_;
  entity_directory& directory_;
  timer_thread& timers_;
  std::size_t at_ = 0;
};

std::vector<std::string> names(const std::vector<budget_terms>& scopes) {
  std::vector<std::string> out;
  for (const auto& terms : scopes)
    out.push_back(terms.scope);
  return out;
}

} // namespace

stream_id root_of_scope(std::string_view scope) {
  if (scope.starts_with("run:"))
    return {entity_kind::run, scope.substr(4)};
  if (scope.starts_with("session:"))
    return {entity_kind::session, scope.substr(8)};
  return stream_of_budget(scope);
}

void perform_reserve(effect_ptr effect,
                     effect::reserve what,
                     entity_directory& directory,
                     timer_thread& timers,
                     const std::atomic<bool>& held) {
  pass(fail_point::budget_before);
  scope_walk::plan how;
  how.held = [&held] { return held.load(); };
  how.scopes = names(what.scopes);
  how.command_id = "reserve:" + to_string(what.call);
  how.command = [what, owner = effect->owner().stream](std::size_t scope) -> any_command {
    const auto& terms = what.scopes[scope];
    return budget::reserve{
        what.call, owner, what.amount, terms, effect::approval_for(what, terms.scope)};
  };
  how.all_done = [call = what.call]() -> any_command { return turn::budget_reserved{call}; };
  how.refused = [what](std::size_t scope, error why) -> any_command {
    return turn::budget_refused{what.call, what.scopes[scope].scope, std::move(why)};
  };
  std::make_shared<scope_walk>(std::move(effect), std::move(how), directory, timers)->ask();
}

void perform_settle(effect_ptr effect,
                    effect::settle what,
                    entity_directory& directory,
                    timer_thread& timers) {
  pass(fail_point::budget_before);
  scope_walk::plan how;
  how.scopes = names(what.scopes);
  how.command_id = "settle:" + to_string(what.call);
  how.command = [what](std::size_t) -> any_command {
    if (what.spent)
      return budget::settle{what.call, what.actual};
    return budget::release{what.call};
  };
  how.all_done = [call = what.call]() -> any_command { return turn::budget_settled{call}; };
  how.on_refusal = scope_walk::refusals::are_retried;
  std::make_shared<scope_walk>(std::move(effect), std::move(how), directory, timers)->ask();
}

} // namespace ash::performers
