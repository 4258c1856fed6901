// What the tests of feeds share: a log in memory with real facts in it, written by short names.
#pragma once

#include "events/codec/codec.hpp"
#include "events/feed/broadcaster.hpp"
#include "events/log/memory_log.hpp"

#include <map>
#include <stdexcept>

namespace ash::feed::testing {

inline uuid an_id(std::uint64_t number) {
  return {0x0190a7c200004000ULL, 0x8000000000000000ULL | number};
}
inline stream_id a_run(std::uint64_t number) {
  return stream_of(run_id{an_id(number)});
}
inline stream_id a_session(std::uint64_t number) {
  return stream_of(session_id{an_id(number)});
}
inline stream_id a_phase(std::uint64_t number) {
  return stream_of(phase_id{an_id(number)});
}
inline stream_id a_tool_call(std::uint64_t number) {
  return stream_of(tool_call_id{an_id(number)});
}
inline turn_id a_turn(std::uint64_t number) {
  return {an_id(number)};
}

template <class T> T must(result<T> from) {
  if (!from)
    throw std::runtime_error{to_string(from.error())};
  if constexpr (!std::is_void_v<T>)
    return std::move(from).value();
}

/// A log that facts are written to one append at a time; it keeps the streams' versions.
class a_log {
public:
  a_log() : log{log::make_memory_log({incarnation_id{an_id(0xfeed)}})} {}

  /// The position of the last fact.
  std::uint64_t write(const stream_id& stream,
                      const stream_id& root,
                      const std::vector<any_fact>& facts,
                      log::stream_status then = log::stream_status::open) {
    log::append_request what;
    what.stream = stream;
    what.root = root;
    what.expected_version = versions_[stream];
    what.at = {1'763'726'400'000'000 + static_cast<std::int64_t>(log->head()) * us_per_ms};
    what.entries.emplace_back();
    what.entries.back().correlation = root.text();
    what.entries.back().causation = "test";
    what.status = then;
    for (const auto& fact : facts) {
      auto bytes = codec::encode(fact);
      what.entries.back().facts.push_back(
          {std::string{bytes.type},
           bytes.schema_version,
           bytes.transient ? log::durability::transient : log::durability::synced,
           std::move(bytes.payload)});
    }
    const auto at = must(log->append_now(std::move(what)));
    versions_[stream] += at.count;
    return at.first_position + at.count - 1;
  }
  std::uint64_t write(const stream_id& root, const any_fact& fact) {
    return write(root, root, {fact});
  }
  void prune(const stream_id& stream) { must(log->prune_transient(stream, versions_[stream])); }

  std::unique_ptr<log::event_log> log;

private:
  std::map<stream_id, std::uint64_t> versions_;
};

inline any_fact titled(std::string title) {
  return session::titled{std::move(title)};
}
inline any_fact delta(const turn_id& turn, std::string text) {
  return turn::call_delta{turn, {}, std::move(text), false};
}

} // namespace ash::feed::testing
