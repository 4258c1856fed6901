// Histories made by hand, fact after fact, as the read models meet them: runs with phases, calls,
// money and approvals, and conversations. The same calls give the same facts at the same times.
#pragma once

#include "events/facts/any.hpp"
#include "events/log/event_log.hpp"

#include <map>
#include <string>
#include <vector>

namespace ash::projections::testing {

constexpr instant noon{1'795'262'400'000'000}; // 2026-11-21T12:00:00Z
constexpr usd one_cent{10'000'000'000};

template <class Id> Id an_id(std::string_view name) {
  return {derive(uuid{7, 7}, name)};
}

class history {
public:
  /// Spends from the budget scope `scope`, which no other history may write to.
  explicit history(log::event_log& to, std::string scope = "day:2026-11-21")
      : to_{to}, scope_{std::move(scope)} {}

  /// Appends the facts, in one append, a second after the last one. Gives their last position.
  std::uint64_t
  add(const stream_id& stream, const stream_id& root, const std::vector<any_fact>& facts);

  /// A whole run: two phases, each with two model calls, two tool calls and an artifact. It ends
  /// complete, unless it is to wait for an approval.
  run_id add_run(const std::string& name);
  run_id add_waiting_run(const std::string& name);
  /// Two turns, the first message edited and sent again.
  session_id add_session(const std::string& name);

private:
  run_id begin_run(const std::string& name);
  phase_id add_phase(const run_id& run, const std::string& key);
  void add_turn(const stream_id& owner, const stream_id& root, const std::string& name);
  void spend(const stream_id& owner, const call_id& call);

  log::event_log& to_;
  std::string scope_;
  instant now_ = noon;
  std::map<stream_id, std::uint64_t> versions_;
};

} // namespace ash::projections::testing
