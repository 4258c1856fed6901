#include "actors/providers/decoder.hpp"

#include "actors/providers/canonical.hpp"
#include "actors/tokens/tokens.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace ash::provider {
namespace {

constexpr std::size_t max_message = 600;
constexpr std::size_t max_excerpt = 200;
constexpr json_limits answer_limits{.max_bytes = std::size_t{64} << 20, .max_depth = 128};

/// `text` without the provider's key. A text shorter than a real key is left: it may be any word.
std::string without_secret(std::string text, const std::string& secret) {
  constexpr std::string_view shown = "[key]";
  if (secret.size() < 8)
    return text;
  for (auto at = text.find(secret); at != std::string::npos;
       at = text.find(secret, at + shown.size()))
    text.replace(at, secret.size(), shown);
  return text;
}

/// The same, and without anything that looks like a key.
std::string scrubbed(std::string_view words, const std::string& secret) {
  auto text = without_secret(std::string{words}, secret);
  // Providers quote a wrong key in part: `Incorrect API key provided: sk-ab***yz`.
  const auto of_key = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '*' || c == '.';
  };
  for (auto at = text.find("sk-"); at != std::string::npos; at = text.find("sk-", at + 1)) {
    if (at > 0 && of_key(text[at - 1]))
      continue;
    const auto end =
        std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), of_key);
    const auto length = static_cast<std::size_t>(end - text.begin()) - at;
    if (length >= 8)
      text.replace(at, length, "[key]");
  }
  return text;
}

std::string text_or_number(const json::object& in, std::string_view key) {
  const auto* found = in.if_contains(key);
  if (!found)
    return {};
  if (const auto* text = found->if_string())
    return {text->data(), text->size()};
  return found->is_number() ? to_json_text(*found) : std::string{};
}

/// The words of an error object, or of whatever a provider put in its place.
std::string words_of(const json::value& error) {
  if (const auto* text = error.if_string())
    return {text->data(), text->size()};
  const auto* object = error.if_object();
  if (!object)
    return to_json_text(error);
  auto words = text_or_number(*object, "message");
  if (words.empty())
    words = text_or_number(*object, "detail");
  if (const auto* metadata = object_in(*object, "metadata")) // OpenRouter: what the backend said
    if (const auto raw = text_or_number(*metadata, "raw"); !raw.empty())
      words += (words.empty() ? "" : ": ") + raw;
  return words.empty() ? to_json_text(error) : words;
}

/// The provider's own message in the body of an error.
std::string words_of_body(std::string_view body) {
  const auto parsed = parse_json(body, "the error", answer_limits);
  if (!parsed || !parsed.value().is_object())
    return std::string{utf8_prefix(to_valid_utf8(body), max_excerpt)};
  const auto& top = parsed.value().get_object();
  const auto* error = top.if_contains("error");
  return words_of(error ? *error : parsed.value());
}

} // namespace

bool is_retryable_status(int status) {
  return status == 408 || status == 409 || status == 425 || status == 429 || status >= 500;
}

std::optional<std::int64_t> count_of(const json::object& in, std::string_view key) {
  const auto* found = in.if_contains(key);
  if (!found)
    return std::nullopt;
  constexpr double most = 1e15;
  if (const auto* count = found->if_int64(); count && *count >= 0 && double(*count) <= most)
    return *count;
  if (const auto* count = found->if_double();
      count && *count >= 0 && *count <= most && std::floor(*count) == *count)
    return static_cast<std::int64_t>(*count);
  return std::nullopt;
}

const json::string* text_in(const json::object& in, std::string_view key) {
  const auto* found = in.if_contains(key);
  return found ? found->if_string() : nullptr;
}

const json::object* object_in(const json::object& in, std::string_view key) {
  const auto* found = in.if_contains(key);
  return found ? found->if_object() : nullptr;
}

// -- bytes in ------------------------------------------------------------------------------------

/// Whether the form of the answer is known: some servers answer a request to stream with one JSON
/// text, and some give a stream the wrong content type, so the first byte decides.
bool decoder::find_form(std::string_view bytes) {
  if (form_ != form::unknown)
    return true;
  body_.append(bytes);
  auto start = std::string_view{body_};
  if (start.size() < 3 && std::string_view{"\xEF\xBB\xBF"}.starts_with(start))
    return false;
  start.remove_prefix(start.starts_with("\xEF\xBB\xBF") ? 3 : 0);
  const auto first = start.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos)
    return false;
  form_ = start[first] == '{' || start[first] == '[' ? form::one_json : form::events;
  return true;
}

appetite decoder::feed(std::string_view bytes) {
  if (excerpt_.size() < max_excerpt)
    excerpt_.append(bytes.substr(0, max_excerpt - excerpt_.size()));
  const auto was_known = form_ != form::unknown;
  if (!find_form(bytes))
    return body_.size() < 65'536 ? appetite::more : appetite::stop;
  if (form_ == form::one_json) {
    if (was_known)
      body_.append(bytes);
    return appetite::more;
  }
  const auto pending = was_known ? std::string{} : std::exchange(body_, {});
  const auto fed = parser_.feed(was_known ? bytes : std::string_view{pending},
                                [this](const sse_event& raw) { take(raw); });
  if (!fed)
    break_off(fed.error().code, fed.error().message, false);
  if (fault_)
    return appetite::stop;
  return draft_.ended ? appetite::enough : appetite::more;
}

void decoder::take(const sse_event& raw) {
  if (fault_ || draft_.ended)
    return;
  if (raw.data.starts_with("[DONE]")) {
    draft_.whole = draft_.ended = true;
    return;
  }
  const auto data = parse_json(raw.data, "an event of the stream", answer_limits);
  if (!data || !data.value().is_object()) {
    const auto why = data ? "an event of the stream is not an object" : data.error().message;
    break_off(errc::provider_response_invalid,
              why + ": " + std::string{utf8_prefix(to_valid_utf8(raw.data), max_excerpt)},
              true);
    return;
  }
  raw_ += (raw_.empty() ? "[" : ",") + raw.data;
  event(raw, data.value().get_object());
}

/// The last event of a stream whose blank line is missing. Cut off in its middle it is no garbage.
void decoder::take_rest() {
  const auto rest = parser_.rest();
  if (rest && (rest->data.starts_with("[DONE]") || parse_json(rest->data, "", answer_limits)))
    take(*rest);
}

void decoder::take_one_json() {
  const auto data = parse_json(body_, "the answer", answer_limits);
  if (!data || !data.value().is_object()) {
    const auto why = data ? "the answer is not an object" : data.error().message;
    break_off(errc::provider_response_invalid,
              why + ": " + std::string{utf8_prefix(to_valid_utf8(excerpt_), max_excerpt)},
              true);
    return;
  }
  const auto& object = data.value().get_object();
  if (const auto* error = object.if_contains("error"); error && !error->is_null())
    break_off(*error, true);
  else
    whole(object, body_);
}

// -- what the provider's decoder reports ---------------------------------------------------------

void decoder::say(delta_kind kind, std::string_view piece) {
  if (piece.empty() || fault_)
    return;
  draft_.emitted = true;
  if (kind == delta_kind::text)
    draft_.text.append(piece);
  if (about_.on_delta)
    about_.on_delta(kind, piece);
}

void decoder::break_off(errc code, std::string_view message, bool retryable) {
  if (!fault_)
    fault_ = fault_now(refuse(code, about_.provider + ": " + clean(message)), retryable);
}

void decoder::break_off(const json::value& error_object, bool retryable_by_default) {
  auto retryable = retryable_by_default;
  if (const auto* object = error_object.if_object()) {
    const auto code = text_or_number(*object, "code");
    const auto kind = code + ' ' + text_or_number(*object, "type");
    int status = 0;
    const auto [end, ec] = std::from_chars(code.data(), code.data() + code.size(), status);
    if (ec == std::errc{} && end == code.data() + code.size() && status >= 400 && status < 600)
      retryable = is_retryable_status(status);
    for (const auto* lasting : {"invalid_request",
                                "authentication",
                                "permission",
                                "not_found",
                                "insufficient_quota",
                                "billing",
                                "content_policy",
                                "too_large"})
      if (kind.find(lasting) != std::string::npos)
        retryable = false;
  }
  break_off(retryable ? errc::provider_unavailable : errc::provider_rejected,
            words_of(error_object),
            retryable);
}

// -- the end -------------------------------------------------------------------------------------

std::variant<response, fault> decoder::finish(const http_outcome& outcome) {
  if (!fault_ && outcome.status >= 200 && outcome.status < 300) {
    // A JSON text that the connection cut is judged by the connection's failure.
    if (form_ == form::one_json && !outcome.why)
      take_one_json();
    else if (form_ == form::events)
      take_rest();
  }
  if (fault_)
    return *std::move(fault_);
  const auto stopped = outcome.why && (outcome.why->code == errc::cancelled ||
                                       outcome.why->code == errc::shutting_down);
  if (draft_.whole && !stopped) {
    settle();
    return fault_ ? std::variant<response, fault>{*std::move(fault_)} : respond();
  }
  const auto refused = outcome.status != 0 && (outcome.status < 200 || outcome.status >= 300);
  if (refused && !stopped)
    return fault_of_status(outcome);
  if (!outcome.why)
    return cut_stream();
  auto why = *outcome.why;
  why.message = about_.provider + ": " + clean(why.message);
  auto made = fault_now(std::move(why), outcome.retryable);
  // The provider may have done all of the work, and charge for it.
  if (outcome.was_sent && !refused && !made.usage)
    made.usage = estimated_usage();
  return made;
}

fault decoder::fault_now(error why, bool retryable) const {
  fault made;
  made.why = std::move(why).with("provider", about_.provider).with("model", about_.what.model);
  made.retryable = retryable;
  made.emitted_output = draft_.emitted;
  made.partial_text = draft_.text;
  made.usage = draft_.usage;
  if (!made.usage && draft_.input_usage) {
    made.usage = draft_.input_usage;
    made.usage->output = std::max(made.usage->output, estimated_usage().output);
    made.usage->estimated = true;
  }
  return made;
}

fault decoder::fault_of_status(const http_outcome& outcome) const {
  const auto retryable = is_retryable_status(outcome.status);
  const auto status = std::to_string(outcome.status);
  auto words = clean(words_of_body(outcome.body));
  if (outcome.status >= 300 && outcome.status < 400)
    words = "a redirection, which is not followed: set the provider's base URL to its target";
  auto made = fault_now(
      refuse(retryable ? errc::provider_unavailable : errc::provider_rejected,
             about_.provider + " answered " + status + (words.empty() ? "" : ": " + words))
          .with("status", status),
      retryable);
  made.retry_after_ms = outcome.retry_after_ms;
  return made;
}

fault decoder::cut_stream() const {
  if (form_ == form::events && raw_.empty())
    return fault_now(refuse(errc::provider_response_invalid,
                            about_.provider +
                                ": the answer is neither a stream of events nor JSON: " +
                                clean(utf8_prefix(to_valid_utf8(excerpt_), max_excerpt))),
                     true);
  const auto* what =
      raw_.empty() ? ": the answer is empty" : ": the stream ended before the answer did";
  return fault_now(refuse(errc::provider_unavailable, about_.provider + what), true);
}

token_usage decoder::estimated_usage() const {
  token_usage usage;
  usage.estimated = true;
  usage.input = count_tokens(about_.what.body);
  usage.output = count_tokens(draft_.text);
  for (const auto& block : draft_.thinking)
    usage.reasoning += count_tokens(block.text);
  for (const auto& call : draft_.tool_calls)
    usage.output += count_tokens(call.name) + count_tokens(call.arguments);
  usage.output += usage.reasoning;
  return usage;
}

response decoder::respond() {
  response made;
  made.usage = draft_.usage ? *draft_.usage : estimated_usage();
  made.text = std::move(draft_.text);
  made.thinking = std::move(draft_.thinking);
  made.tool_calls = std::move(draft_.tool_calls);
  made.finish_reason = std::move(draft_.finish_reason);
  made.reported_cost = draft_.cost;
  made.raw = without_secret(form_ == form::one_json ? body_
                            : raw_.empty()          ? "[]"
                                                    : raw_ + ']',
                            about_.secret);
  return made;
}

std::string decoder::clean(std::string_view text) const {
  const auto safe = printable(scrubbed(to_valid_utf8(text), about_.secret));
  const auto cut = utf8_prefix(safe, max_message);
  return std::string{cut} + (cut.size() < safe.size() ? "…" : "");
}

// -- calls ---------------------------------------------------------------------------------------

std::shared_ptr<call> begin_exchange(http_transport& transport,
                                     http_request what,
                                     std::shared_ptr<decoder> how,
                                     std::function<void(std::variant<response, fault>)> on_done) {
  http_observer who;
  who.on_bytes = [how](std::string_view bytes) { return how->feed(bytes); };
  who.on_end = [how, done = std::move(on_done)](const http_outcome& outcome) {
    done(how->finish(outcome));
  };
  return transport.post(std::move(what), std::move(who));
}

std::shared_ptr<call> fail_call(http_transport& transport,
                                error why,
                                std::function<void(std::variant<response, fault>)> on_done) {
  class failed_call final : public call {
  public:
    void cancel() override {} // its end is on the way already
  };
  transport.run([why = std::move(why), done = std::move(on_done)] {
    fault made;
    made.why = why;
    done(std::move(made));
  });
  return std::make_shared<failed_call>();
}

} // namespace ash::provider
