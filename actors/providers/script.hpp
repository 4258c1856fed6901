// The script of a scripted model: the turns of a YAML file, checked at load, and which of them
// answers a request. `scripted.hpp` documents the format. A script is a value; it holds no state
// and no clock.
#pragma once

#include "actors/providers/canonical.hpp"
#include "events/base/yaml.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ash::provider {

/// What a request must be like for a turn to answer it: all that is set must hold.
struct turn_match {
  std::optional<std::string> model;            ///< glob
  std::vector<std::string> user;               ///< in the last user message, each
  std::vector<std::string> contains;           ///< in the system text or any message, each
  std::optional<std::string> last_result;      ///< in the tool result that ends the request
  std::optional<std::string> last_tool;        ///< the name of the tool of that result
  std::optional<bool> has_tool_result;         ///< after the last user message
  std::optional<std::int64_t> assistant_turns; ///< assistant messages in the whole request
  std::optional<std::int64_t> step;            ///< assistant messages after the last user message
};

/// What an attempt meets instead of an answer.
struct scripted_fault {
  std::int64_t times = 1; ///< how many attempts at the same request, in this process
  std::optional<int> status;
  std::optional<std::int64_t> retry_after_ms;
  std::optional<std::int64_t> cut_after_chunks;
  bool garbage = false;
  std::optional<std::int64_t> hang_ms;
  std::string message;
};

struct scripted_call {
  std::string id; ///< empty: made up from the request
  std::string name;
  std::string arguments;
};

struct scripted_turn {
  std::string name;
  int line = 0;
  turn_match match;
  std::string text;
  std::string thinking;
  std::vector<scripted_call> tool_calls;
  std::string finish_reason;
  std::optional<token_usage> usage;
  std::optional<usd> cost;
  std::int64_t delay_ms = 0;
  std::int64_t chunk = 0; ///< bytes a delta, at code points; 0: one delta
  std::int64_t chunk_delay_ms = 0;
  std::vector<scripted_fault> faults;
};

struct script {
  std::string file;
  std::vector<scripted_turn> turns;

  /// The first turn that matches, or null.
  [[nodiscard]] const scripted_turn* find(const std::string& model,
                                          const canonical_request& asked) const;
};

/// Errors: `config_invalid` and `unknown_field`, with file, line, column and field.
result<script> parse_script(std::string_view text, std::string file);

} // namespace ash::provider
