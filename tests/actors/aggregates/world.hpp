// A world without time, threads or a log on disk: every aggregate's entities, the effects that are
// in flight, and a fake outside that performs them. It can crash: states are folded again and what
// is owed is issued again. Its owner says in which order things happen and what the outside says.
#pragma once

#include "tests/actors/aggregates/samples.hpp"
#include "tests/actors/aggregates/story.hpp"

#include <functional>
#include <map>
#include <memory>

namespace ash::testing {

/// One entity: its facts and the fold of them.
class actor {
public:
  virtual ~actor() = default;
  /// The effects that the command leads to. Errors: as the aggregate decides.
  virtual result<effects> tell(const any_command& what, instant now) = 0;
  [[nodiscard]] virtual effects pending() const = 0;
  virtual void fold_again(const std::vector<any_fact>& facts) = 0;
  /// Whether the fold of the facts as stored is the state that lives.
  [[nodiscard]] virtual bool replays() const = 0;

  [[nodiscard]] const std::vector<any_fact>& facts() const { return facts_; }

protected:
  std::vector<any_fact> facts_;
};

template <aggregate A> class actor_of final : public actor {
public:
  result<effects> tell(const any_command& what, instant now) override {
    const auto narrow = [](const auto& c) -> std::optional<typename A::command> {
      if constexpr (std::is_constructible_v<typename A::command, decltype(c)>)
        return c;
      else
        return std::nullopt;
    };
    const auto command = std::visit(narrow, what);
    if (!command)
      return refuse(errc::invalid_transition, "a command of another aggregate");
    TRY(auto decided, A::decide(state_, *command, now));
    effects wanted;
    for (const auto& f : decided) {
      state_ = A::evolve(std::move(state_), f);
      append(wanted, A::react(std::as_const(state_), f));
      facts_.push_back(widened(f));
    }
    return wanted;
  }
  [[nodiscard]] effects pending() const override { return A::pending(state_); }
  void fold_again(const std::vector<any_fact>& facts) override {
    state_ = {};
    facts_ = facts;
    for (const auto& f : facts)
      state_ = A::evolve(std::move(state_), narrowed<typename A::fact>(f));
  }
  [[nodiscard]] bool replays() const override {
    typename A::state stored{};
    for (const auto& f : facts_)
      stored = A::evolve(std::move(stored), narrowed<typename A::fact>(through_codec(f)));
    return is_same_state(state_, stored);
  }
  [[nodiscard]] const typename A::state& state() const { return state_; }

private:
  typename A::state state_{};
};

/// What the outside says; every answer may depend on what is durable.
struct outside {
  std::function<any_command(const stream_id& owner, call_id call)> model;
  std::function<tool_call::finish(const tool_call::requested&)> tool;
  std::function<any_command(const stream_id& owner)> artifact;
  std::function<bool()> start_fails = [] { return false; };
  std::function<bool()> report_fails = [] { return false; };
  /// Whether a sub-agent writes in a worktree of its own.
  std::function<bool()> child_writes = [] { return false; };
  /// The end that bringing its work together gives.
  std::function<session::ended(const session::ended&)> child_merges = [](const auto& e) {
    return e;
  };
  phase::assignment work = an_assignment(); ///< but for the phase, its key and its scopes
};

class world {
public:
  struct in_flight {
    stream_id owner;
    effect_request request;
    bool called_off = false;
  };
  /// One append: the facts that a command led to.
  struct appended {
    stream_id stream;
    std::vector<any_fact> facts;
  };

  explicit world(outside what) : outside_{std::move(what)} {}

  result<void> tell(const stream_id& to, const any_command& what);
  [[nodiscard]] std::size_t waiting() const { return in_flight_.size(); }
  /// The place of the first in flight whose id begins so; `waiting()`: there is none.
  [[nodiscard]] std::size_t place_of(std::string_view id) const;
  /// Performs the effect at this place of those in flight.
  void perform(std::size_t at);
  /// Performs what is in flight, the oldest first, until nothing is.
  void settle();
  /// Everything in flight is lost; what is owed is issued again.
  void crash();
  /// The world as it is after these appends and a crash.
  void restore(const std::vector<appended>& log, std::size_t count);
  /// The reserve effect at this place gets no further than its first scope, and then all crashes.
  void crash_within(std::size_t at);

  [[nodiscard]] const std::vector<appended>& log() const { return log_; }
  [[nodiscard]] const std::vector<any_fact>& facts_of(const stream_id& stream) const;
  [[nodiscard]] std::vector<stream_id> streams() const;
  [[nodiscard]] const actor& at(const stream_id& stream) const { return *actors_.at(stream); }
  template <aggregate A> const typename A::state& state_of(const stream_id& stream) const {
    return dynamic_cast<const actor_of<A>&>(at(stream)).state();
  }
  /// How often a tool call was run, and a model call was made.
  std::map<tool_call_id, int> tools_run;
  std::map<call_id, int> calls_made;

private:
  actor& find(const stream_id& stream);
  void issue(const stream_id& owner, effects what);
  void answer(const stream_id& to, const any_command& what);
  void perform(const in_flight& what);
  void open_phase(const stream_id& owner, const effect::open_phase& e);
  void open_child(const stream_id& owner, const effect::open_child& e);

  outside outside_;
  std::map<stream_id, std::unique_ptr<actor>> actors_;
  std::vector<in_flight> in_flight_;
  std::vector<appended> log_;
  instant now_ = noon;
};

/// The facts of one type in a stream.
template <class T> std::vector<T> all_of(const std::vector<any_fact>& facts) {
  std::vector<T> found;
  for (const auto& f : facts)
    if (const auto* one = std::get_if<T>(&f))
      found.push_back(*one);
  return found;
}

/// What holds at every moment: see the domain's invariants.
void expect_invariants(const world& w);
/// What holds once nothing is in flight and the work is over.
void expect_nothing_left(const world& w);

} // namespace ash::testing
