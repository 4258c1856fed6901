// Counts model calls and tool calls by their facts: how many, how long, tokens and money. They
// begin at zero with the process, as Prometheus expects of counters. Not thread-safe.
#pragma once

#include "events/facts/any.hpp"
#include "gateway/metrics/bounded.hpp"
#include "gateway/metrics/sheet.hpp"

#include <map>
#include <tuple>

namespace ash::gateway {

class model_meter {
public:
  void take(const turn::fact& fact);
  void write(sheet& to) const;

private:
  struct model {
    std::string provider;
    std::string name;
    friend auto operator<=>(const model&, const model&) = default;
  };
  struct counts {
    std::map<std::string, std::uint64_t> outcomes;
    std::map<std::string, std::int64_t> tokens; ///< by kind
    std::uint64_t estimated = 0;
    std::uint64_t retries = 0;
    std::uint64_t fallbacks = 0;
    std::int64_t cost_pico = 0;
    std::map<std::string, spread> durations; ///< by error type; empty: none
    std::map<std::string, spread> usage;     ///< by token type
  };

  void on(const turn::call_requested& fact);
  void on(const turn::call_refused& fact);
  void on(const turn::call_completed& fact);
  void on(const turn::call_failed& fact);
  void on(const turn::call_lost& fact);
  void on(const turn::call_retried& fact);
  void on(const turn::model_fell_back& fact);
  void on(const auto&) {} // no fact of a model call

  model shown(std::string_view full_name);
  counts& of(const call_id& call);
  void note_usage(counts& in, const token_usage& usage);
  void note_end(counts& in, std::int64_t latency_ms, std::string_view code);

  bounded_names models_{100};
  bounded_names codes_{100};
  recent_map<call_id, model> calls_{65'536};
  std::map<model, counts> counts_;
};

class tool_meter {
public:
  void take(const tool_call::fact& fact);
  void write(sheet& to) const;

private:
  void on(const tool_call::requested& fact);
  void on(const tool_call::denied& fact);
  void on(const tool_call::completed& fact);
  void on(const tool_call::failed& fact);
  void on(const tool_call::cancelled& fact);
  void on(const tool_call::in_doubt& fact);
  void on(const auto&) {} // no end of a call

  std::string tool_of(const tool_call_id& call) const;
  void note_duration(const tool_call_id& call, std::int64_t ms, std::string_view code);

  bounded_names tools_{100};
  bounded_names codes_{100};
  recent_map<tool_call_id, std::string> calls_{65'536};
  std::map<std::pair<std::string, std::string>, std::uint64_t> outcomes_; ///< by tool and outcome
  std::map<std::pair<std::string, std::string>, spread> durations_;       ///< by tool and error
};

} // namespace ash::gateway
