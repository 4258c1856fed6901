#include "actors/providers/sse_parser.hpp"

#include <utility>

namespace ash::provider {

result<> sse_parser::feed(std::string_view bytes, const std::function<void(sse_event)>& on_event) {
  while (!bytes.empty()) {
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const auto end = bytes.find_first_of("\r\n");
    const auto part = bytes.substr(0, end);
    if (line_.size() + data_.size() + part.size() > max_event_bytes_)
      return refuse(errc::provider_response_invalid,
                    "an event of the stream is larger than " + std::to_string(max_event_bytes_) +
                        " bytes");
    line_.append(part);
    if (end == std::string_view::npos)
      break;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    line(on_event);
    line_.clear();
  }
  return success();
}

void sse_parser::line(const std::function<void(sse_event)>& on_event) {
  auto text = std::string_view{line_};
  if (std::exchange(first_line_, false) && text.starts_with("\xEF\xBB\xBF"))
    text.remove_prefix(3);
  if (text.empty()) {
    if (has_data_)
      on_event({name_.empty() ? "message" : name_, data_});
    name_.clear();
    data_.clear();
    has_data_ = false;
    return;
  }
  const auto colon = text.find(':');
  const auto field = text.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  if (value.starts_with(' '))
    value.remove_prefix(1);
  if (field == "event") {
    name_ = value;
  } else if (field == "data") {
    if (std::exchange(has_data_, true))
      data_ += '\n';
    data_ += value;
  }
}

std::optional<sse_event> sse_parser::rest() {
  if (!line_.empty())
    line([](sse_event) {});
  line_.clear();
  if (!std::exchange(has_data_, false))
    return std::nullopt;
  return sse_event{name_.empty() ? "message" : std::exchange(name_, {}), std::exchange(data_, {})};
}

} // namespace ash::provider
