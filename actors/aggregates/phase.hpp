// One phase of a run: turns of its agent until the artifact is there and valid, one repair, an
// approval where the workflow wants one.
#pragma once

#include "actors/aggregates/aggregate.hpp"
#include "actors/aggregates/turn_loop.hpp"

namespace ash::phase {

/// An artifact gets one repair an attempt, an approval three rounds.
constexpr std::int64_t max_repairs = 1;
constexpr std::int64_t max_rounds = 3;

enum class status : std::uint8_t { working, validating, approving };
BOOST_DESCRIBE_ENUM(status, working, validating, approving)

struct absent {};
BOOST_DESCRIBE_STRUCT(absent, (), ())

struct active {
  assignment work;
  turn::loop turns;
  status at = status::working;
  std::int64_t repairs = 0; ///< of the present attempt
  std::int64_t round = 1;   ///< of approval
  approval_id approval;
  std::string artifact_sha256; ///< of the artifact that is valid
  document artifact;
  std::string summary; ///< the last turn's closing text
  instant due;         ///< when its time is up; 0: never
};
BOOST_DESCRIBE_STRUCT(
    active,
    (),
    (work, turns, at, repairs, round, approval, artifact_sha256, artifact, summary, due))

/// What its run is told, as often as it asks.
struct closed {
  run_id run;
  run::phase_closed report;
  std::string called_off = {}; ///< the check of its artifact, which ran when it was aborted
};
BOOST_DESCRIBE_STRUCT(closed, (), (run, report, called_off))

using state = std::variant<absent, active, closed>;

} // namespace ash::phase

namespace ash {

struct phase_aggregate {
  static constexpr entity_kind kind = entity_kind::phase;
  using state = phase::state;
  using command = phase::command;
  using fact = phase::fact;

  static decision<fact> decide(const state& now_in, const command& what, instant now);
  static state evolve(state from, const fact& happened);
  static effects react(const state& now_in, const fact& happened);
  static effects pending(const state& now_in);
  static bool is_final(const state& now_in);
};

} // namespace ash
