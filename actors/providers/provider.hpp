// The seam to model providers. A provider turns one provider-neutral request into one streamed
// answer. It never retries, never touches the log and never sees money: the turn loop above it does
// that.
#pragma once

#include "events/base/model_values.hpp"
#include "events/base/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ash::provider {

/// One attempt at one model call.
///
/// `body` is the canonical request, JSON text, the same for every provider and exactly what the log
/// keeps:
///   {"system": "…",
///    "messages": [
///      {"role": "user", "content": "…"},
///      {"role": "assistant", "content": "…", "thinking": [{"text", "signature"}],
///       "tool_calls": [{"id", "name", "arguments": "JSON text"}]},
///      {"role": "tool", "tool_call_id": "…", "name": "…", "content": "…", "is_error": false}],
///    "tools": [{"name", "description", "parameters": {JSON Schema}}],
///    "max_tokens": 4096, "temperature": 0.2}
/// `thinking`, `tool_calls`, `tools` and `temperature` may be absent.
struct request {
  std::string call;  ///< the attempt's id, for logs and for scripted faults
  std::string model; ///< the name after `provider:`
  std::string body;
};

/// A whole answer. `raw` is the provider's own final representation (JSON text; for a stream, an
/// array of its events), for the log. Text is valid UTF-8.
struct response {
  std::string text;
  std::vector<thinking_block> thinking;
  std::vector<tool_request> tool_calls;
  token_usage usage;
  std::string finish_reason; ///< `stop`, `tool_calls`, `length`, or what the provider said
  std::optional<usd> reported_cost;
  std::string raw;
};

/// Why there is no answer.
struct fault {
  error why;
  bool retryable = false;                     ///< 429, 5xx, time-out, connection
  std::optional<std::int64_t> retry_after_ms; ///< what the provider asked for
  bool emitted_output = false;                ///< some text or tool call had arrived already
  std::optional<token_usage> usage;           ///< where it is known in spite of the fault
  std::string partial_text;
};

enum class delta_kind : std::uint8_t { text, thinking };

/// Who is told. `on_delta` comes on the provider's thread, any number of times, before exactly one
/// `on_done` (after `cancel` too, with errc::cancelled). Neither may block.
struct observer {
  std::function<void(delta_kind, std::string_view)> on_delta;
  std::function<void(std::variant<response, fault>)> on_done;
};

/// A call under way. Destroying it does not cancel.
class call {
public:
  virtual ~call() = default;
  /// Stops the call at once; `on_done` follows with errc::cancelled unless it has come already.
  virtual void cancel() = 0;
};

/// Thread-safe.
class model_provider {
public:
  virtual ~model_provider() = default;
  /// Begins a call and returns at once. Faults of every kind arrive through `on_done`.
  virtual std::shared_ptr<call> start(request what, observer who) = 0;
};

} // namespace ash::provider
