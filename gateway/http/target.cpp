#include "gateway/http/target.hpp"

#include "events/base/text.hpp"

#include <algorithm>
#include <optional>

namespace ash::gateway {
namespace {

constexpr std::size_t max_query_names = 64;

std::optional<unsigned> digit(char c) {
  if (c >= '0' && c <= '9')
    return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f')
    return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F')
    return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

error malformed(std::string_view why) {
  return refuse(errc::request_malformed, "the request's target " + std::string{why});
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

enum class plus : std::uint8_t { as_it_is, a_space };

result<std::string> decode(std::string_view text, plus sign) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' && sign == plus::a_space ? ' ' : text[i];
      continue;
    }
    const auto high = i + 1 < text.size() ? digit(text[i + 1]) : std::nullopt;
    const auto low = i + 2 < text.size() ? digit(text[i + 2]) : std::nullopt;
    if (!high || !low)
      return malformed("has a % that is no escape: write %25 for the sign itself");
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  if (std::any_of(out.begin(), out.end(), is_control))
    return malformed("has control characters");
  if (!is_valid_utf8(out))
    return malformed("is not UTF-8");
  return out;
}

/// Judged after it was decoded, so that an escaped slash or dot is no way around.
result<std::string> decode_path(std::string_view text) {
  TRY(auto path, decode(text, plus::as_it_is));
  if (path.find('\\') != std::string::npos)
    return malformed("has a backslash");
  std::string_view rest{path};
  while (!rest.empty()) {
    rest.remove_prefix(1); // the slash
    const auto end = std::min(rest.find('/'), rest.size());
    const auto segment = rest.substr(0, end);
    if (segment == "." || segment == "..")
      return malformed("has a segment . or ..");
    if (segment.empty() && end != rest.size())
      return malformed("has an empty segment");
    rest.remove_prefix(end);
  }
  return path;
}

result<void> add_pair(std::map<std::string, std::string>& to, std::string_view pair) {
  const auto equals = std::min(pair.find('='), pair.size());
  TRY(auto name, decode(pair.substr(0, equals), plus::a_space));
  TRY(auto value, decode(pair.substr(std::min(equals + 1, pair.size())), plus::a_space));
  if (to.size() == max_query_names)
    return malformed("has more than 64 names in its query");
  if (!to.emplace(name, std::move(value)).second)
    return malformed("gives the name " + printable(name) + " twice");
  return success();
}

} // namespace

result<target> parse_target(std::string_view text) {
  if (!text.starts_with('/'))
    return malformed("does not begin with a slash");
  if (text.find('#') != std::string_view::npos)
    return malformed("has a fragment");
  const auto question = std::min(text.find('?'), text.size());
  target out;
  TRY(out.path, decode_path(text.substr(0, question)));
  auto rest = text.substr(std::min(question + 1, text.size()));
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    if (end > 0) {
      TRY(add_pair(out.query, rest.substr(0, end)));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

} // namespace ash::gateway
