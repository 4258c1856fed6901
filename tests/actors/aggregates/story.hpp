// Given facts, when commands, then facts: one aggregate told as a story. Every fact goes through
// the codec and is folded a second time from there, so that a story also shows that what is stored
// gives the state that lives. It owns nothing but that state, and performs no effect.
#pragma once

#include "actors/aggregates/budget.hpp"
#include "actors/aggregates/phase.hpp"
#include "actors/aggregates/run.hpp"
#include "actors/aggregates/session.hpp"
#include "actors/aggregates/tool_call.hpp"

#include <gtest/gtest.h>
#include <source_location>

namespace ash::testing {

/// What the log would give back.
any_fact through_codec(const any_fact& fact);
/// JSON text of the fact, with its type.
std::string shown(const any_fact& fact);
/// Whether both are the same to the log.
bool is_same_fact(const any_fact& a, const any_fact& b);

/// Equal, but for the texts that the log keeps apart.
bool is_same_state(const session::state& live, const session::state& stored);
bool is_same_state(const run::state& live, const run::state& stored);
bool is_same_state(const phase::state& live, const phase::state& stored);
bool is_same_state(const tool_call::state& live, const tool_call::state& stored);
bool is_same_state(const budget::state& live, const budget::state& stored);

template <class Fact> any_fact widened(const Fact& fact) {
  return std::visit([](const auto& f) { return any_fact{f}; }, fact);
}

template <class Fact> Fact narrowed(const any_fact& fact) {
  return std::visit(
      [](const auto& f) -> Fact {
        if constexpr (std::is_constructible_v<Fact, decltype(f)>)
          return f;
        else
          throw std::logic_error{"a fact of another aggregate"};
      },
      fact);
}

/// 2026-11-21T12:00:00Z.
constexpr instant noon{1'795'262'400'000'000};

template <aggregate A> class story {
public:
  using fact = typename A::fact;
  using command = typename A::command;
  using place = std::source_location;

  story() = default;
  explicit story(const std::vector<fact>& facts) {
    for (const auto& f : facts)
      take(f);
  }

  /// Decides the command and folds what it leads to. Asserts follow.
  story& when(const command& what, instant now = noon) {
    facts_.clear();
    effects_.clear();
    refusal_.reset();
    auto decided = A::decide(state_, what, now);
    if (!decided) {
      refusal_ = decided.error();
      return *this;
    }
    for (const auto& f : decided.value())
      take(f);
    EXPECT_TRUE(is_same_state(state_, stored_)) << "the stored facts give another state";
    return *this;
  }

  story& then(const std::vector<fact>& expected, place at = place::current()) {
    std::string want;
    std::string got;
    auto same = expected.size() == facts_.size();
    for (std::size_t i = 0; same && i < expected.size(); ++i)
      same = is_same_fact(widened(expected[i]), widened(facts_[i]));
    for (const auto& f : expected)
      want += "\n  " + shown(widened(f));
    for (const auto& f : facts_)
      got += "\n  " + shown(widened(f));
    if (!same)
      fail(at, "expected:" + want + "\ngot:" + got);
    return *this;
  }

  /// The types of the facts, without their contents.
  story& leads_to(const std::vector<std::string>& types, place at = place::current()) {
    std::vector<std::string> got;
    for (const auto& f : facts_)
      got.emplace_back(type_of(widened(f)));
    if (got != types)
      fail(at, "expected " + joined(types) + "\ngot " + joined(got) + refused());
    return *this;
  }
  story& leads_to_nothing(place at = place::current()) { return leads_to({}, at).accepted(at); }

  story& refuses(errc code, place at = place::current()) {
    if (!refusal_ || refusal_->code != code)
      fail(at, "expected the refusal " + std::string{to_string(code)} + refused());
    return *this;
  }

  /// The last fact of this type that the last command led to.
  template <class T> T the(place at = place::current()) const {
    for (auto f = facts_.rbegin(); f != facts_.rend(); ++f)
      if (const auto* found = std::get_if<T>(&*f))
        return *found;
    fail(at, "there is no " + std::string{T::type});
    return {};
  }
  template <class E> std::vector<E> reactions() const { return of_kind<E>(effects_); }
  template <class E> std::vector<E> owed() const { return of_kind<E>(A::pending(state_)); }
  [[nodiscard]] std::vector<std::string> reacted() const { return ids(effects_); }
  [[nodiscard]] std::vector<std::string> owes() const { return ids(A::pending(state_)); }
  [[nodiscard]] const typename A::state& state() const { return state_; }
  [[nodiscard]] bool is_final() const { return A::is_final(state_); }
  template <class S> const S& in() const { return std::get<S>(state_); }

private:
  void take(const fact& f) {
    state_ = A::evolve(std::move(state_), f);
    append(effects_, A::react(std::as_const(state_), f));
    stored_ = A::evolve(std::move(stored_), narrowed<fact>(through_codec(widened(f))));
    facts_.push_back(f);
  }

  story& accepted(place at) {
    if (refusal_)
      fail(at, "it was refused" + refused());
    return *this;
  }

  template <class E> static std::vector<E> of_kind(const effects& all) {
    std::vector<E> found;
    for (const auto& request : all)
      if (const auto* e = std::get_if<E>(&request.what))
        found.push_back(*e);
    return found;
  }
  static std::vector<std::string> ids(const effects& all) {
    std::vector<std::string> out;
    for (const auto& request : all)
      out.push_back(request.id.substr(0, request.id.find(':')));
    return out;
  }
  static std::string joined(const std::vector<std::string>& all) {
    std::string out;
    for (const auto& each : all)
      out += each + " ";
    return out;
  }
  [[nodiscard]] std::string refused() const {
    return refusal_ ? "\nrefused: " + to_string(*refusal_) : std::string{};
  }
  static void fail(const place& at, const std::string& what) {
    ADD_FAILURE_AT(at.file_name(), static_cast<int>(at.line())) << what;
  }

  typename A::state state_{};
  typename A::state stored_{};
  std::vector<fact> facts_;
  effects effects_;
  std::optional<error> refusal_;
};

/// A story that begins with facts that have happened.
template <aggregate A> story<A> given(const std::vector<typename A::fact>& facts = {}) {
  return story<A>{facts};
}

using tool_story = story<tool_call_aggregate>;

/// What the call tells whoever asked for it.
inline turn::tool_finished told(const tool_story& s) {
  return std::get<turn::tool_finished>(s.owed<effect::send>().at(0).what);
}

} // namespace ash::testing
