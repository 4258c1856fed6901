// From the bytes of one HTTP answer to a response or a fault. The base class knows what all
// providers share: streams of events or one JSON text, errors by status, cut streams, bounded
// excerpts, the key kept out of every message. A provider's own decoder only reads its events into
// the draft.
#pragma once

#include "actors/providers/provider.hpp"
#include "actors/providers/sse_parser.hpp"
#include "actors/providers/transport.hpp"
#include "events/base/json.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace ash::provider {

/// What an answer consists of so far. `usage` is set once the provider counted the whole answer;
/// `input_usage` is what it said at the beginning.
struct draft {
  std::string text;
  std::vector<thinking_block> thinking;
  std::vector<tool_request> tool_calls;
  std::optional<token_usage> usage;
  std::optional<token_usage> input_usage;
  std::optional<usd> cost;
  std::string finish_reason;
  bool whole = false;   ///< the provider said that the answer is finished
  bool ended = false;   ///< nothing more will come on this stream
  bool emitted = false; ///< some text, thinking or tool call had arrived
};

/// What both sides of one exchange need to know.
struct exchange {
  std::string provider; ///< its name, for messages
  std::string secret;   ///< the key, kept out of messages
  request what;
  std::function<void(delta_kind, std::string_view)> on_delta;
};

class decoder {
public:
  explicit decoder(exchange about) : about_(std::move(about)) {}
  virtual ~decoder() = default;
  decoder(const decoder&) = delete;
  decoder& operator=(const decoder&) = delete;

  /// Takes the next bytes of a 2xx answer.
  appetite feed(std::string_view bytes);
  /// The result, once the exchange has ended.
  std::variant<response, fault> finish(const http_outcome& outcome);

protected:
  /// One event of a stream, its data parsed. `[DONE]` never comes here.
  virtual void event(const sse_event& raw, const json::object& data) = 0;
  /// A whole answer that came as one JSON object; `raw` is its text.
  virtual void whole(const json::object& data, std::string_view raw) = 0;
  /// Called once before a response is made of a draft that is whole.
  virtual void settle() = 0;

  /// Adds to the draft's text, or announces thinking, and tells the observer.
  void say(delta_kind kind, std::string_view piece);
  /// Ends the answer with a fault: the first one counts.
  void break_off(errc code, std::string_view message, bool retryable);
  /// The same for an error object inside an answer: by its HTTP-like status where it has one.
  void break_off(const json::value& error_object, bool retryable_by_default);

  draft& made() noexcept { return draft_; }
  [[nodiscard]] const exchange& about() const noexcept { return about_; }

private:
  enum class form : std::uint8_t { unknown, events, one_json };

  bool find_form(std::string_view bytes);
  void take(const sse_event& raw);
  void take_rest();
  void take_one_json();
  [[nodiscard]] fault fault_now(error why, bool retryable) const;
  [[nodiscard]] fault fault_of_status(const http_outcome& outcome) const;
  [[nodiscard]] fault cut_stream() const;
  [[nodiscard]] token_usage estimated_usage() const;
  [[nodiscard]] response respond();
  [[nodiscard]] std::string clean(std::string_view text) const;

  exchange about_;
  draft draft_;
  form form_ = form::unknown;
  sse_parser parser_;
  std::string body_; ///< of the form one_json; until the form is known, the first bytes
  std::string raw_;  ///< the events' data, as a JSON list that is still open
  std::string excerpt_;
  std::optional<fault> fault_;
};

/// Whether a request that failed with this HTTP status may succeed later.
bool is_retryable_status(int status);

/// The number under `key`, if it is a whole number that is not negative; providers write both 12
/// and 12.0.
std::optional<std::int64_t> count_of(const json::object& in, std::string_view key);
/// The text or the object under `key`, or null.
const json::string* text_in(const json::object& in, std::string_view key);
const json::object* object_in(const json::object& in, std::string_view key);

/// Sends `what` and has `how` read the answer; `on_done` of `who` comes once, at its end.
std::shared_ptr<call> begin_exchange(http_transport& transport,
                                     http_request what,
                                     std::shared_ptr<decoder> how,
                                     std::function<void(std::variant<response, fault>)> on_done);

/// A call that fails without being sent: `on_done` comes on the transport's thread.
std::shared_ptr<call> fail_call(http_transport& transport,
                                error why,
                                std::function<void(std::variant<response, fault>)> on_done);

} // namespace ash::provider
