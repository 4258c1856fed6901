// Server-sent events, read as bytes arrive. A decoder owns one for one answer. It knows nothing of
// what the events mean and keeps no more than one event.
#pragma once

#include "events/base/result.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ash::provider {

/// `name` is `message` where the stream gave none; `data` are its data lines, joined by `\n`.
struct sse_event {
  std::string name;
  std::string data;

  friend bool operator==(const sse_event&, const sse_event&) = default;
};

class sse_parser {
public:
  explicit sse_parser(std::size_t max_event_bytes = std::size_t{16} << 20)
      : max_event_bytes_(max_event_bytes) {}

  /// Takes any piece of the stream and hands over each event that it completes. Lines end in LF, CR
  /// or CRLF; comments, `id`, `retry` and unknown fields are passed over. Errors:
  /// `provider_response_invalid` for an event beyond the bound; the parser is then of no more use.
  result<> feed(std::string_view bytes, const std::function<void(sse_event)>& on_event);

  /// After the end: the event whose closing blank line never came, if it has data.
  std::optional<sse_event> rest();

private:
  void line(const std::function<void(sse_event)>& on_event);

  std::size_t max_event_bytes_;
  std::string line_;
  std::string name_;
  std::string data_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool first_line_ = true;
};

} // namespace ash::provider
