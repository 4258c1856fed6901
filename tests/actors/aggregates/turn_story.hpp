// Stories of a phase's first turn, told up to the stage that a test is about.
#pragma once

#include "tests/actors/aggregates/samples.hpp"
#include "tests/actors/aggregates/story.hpp"

namespace ash::testing {

using phase_story = story<phase_aggregate>;

inline const turn::loop& loop_of(const phase_story& s) {
  return s.in<phase::active>().turns;
}
inline call_id the_call(const phase_story& s) {
  return loop_of(s).now->call.call;
}
inline turn_id turn_of(const phase_story& s) {
  return loop_of(s).now->turn;
}
inline tool_call_id the_tool(const phase_story& s) {
  return loop_of(s).now->in_flight.at(0).call;
}

inline phase_story a_turn_that_reserves(const phase::assignment& work = an_assignment()) {
  auto s = given<phase_aggregate>();
  s.when(phase::start{work});
  return s;
}

inline phase_story a_turn_that_calls(const phase::assignment& work = an_assignment()) {
  auto s = a_turn_that_reserves(work);
  s.when(turn::budget_reserved{the_call(s)});
  return s;
}

inline phase_story a_turn_that_settles(const phase::assignment& work = an_assignment()) {
  auto s = a_turn_that_calls(work);
  s.when(says(the_call(s), "finished"));
  return s;
}

/// The model's present call asks for these tools, and is settled.
inline void ask_tools(phase_story& s, std::vector<tool_request> tools) {
  if (loop_of(s).now->at == turn::stage::reserving)
    s.when(turn::budget_reserved{the_call(s)});
  s.when(wants(the_call(s), std::move(tools)));
  s.when(turn::budget_settled{the_call(s)});
}

inline phase_story a_turn_with_a_tool(const phase::assignment& work = an_assignment()) {
  auto s = a_turn_that_calls(work);
  ask_tools(s, {asks("write_file", R"({"path":"a"})")});
  return s;
}

inline void fail_call(phase_story& s, errc code) {
  s.when(fails(the_call(s), code, true));
  s.when(turn::budget_settled{the_call(s)});
}

/// The turn ends well, and the artifact is to be checked.
inline phase_story a_phase_that_validates(const phase::assignment& work = an_assignment()) {
  auto s = a_turn_that_settles(work);
  s.when(turn::budget_settled{the_call(s)});
  return s;
}

/// From a turn that has just begun to its good end.
inline void finish_turn(phase_story& s) {
  s.when(turn::budget_reserved{the_call(s)});
  s.when(says(the_call(s), "finished again"));
  s.when(turn::budget_settled{the_call(s)});
}

} // namespace ash::testing
