#include "events/base/ids.hpp"

#include "events/base/check.hpp"
#include "events/base/hash.hpp"

#include <array>
#include <optional>
#include <sys/random.h>

namespace ash {
namespace {

constexpr std::size_t max_stream_bytes = 200;
constexpr std::array<std::string_view, 6> kind_names{
    "session", "run", "phase", "tool", "budget", "log"};

uuid with_version(std::uint64_t high, std::uint64_t low, std::uint64_t version) {
  return {(high & ~0xF000ULL) | (version << 12), (low & ~(3ULL << 62)) | (2ULL << 62)};
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return std::nullopt;
}

bool is_dash_place(std::size_t i) {
  return i == 8 || i == 13 || i == 18 || i == 23;
}

} // namespace

std::string to_string(const uuid& id) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (is_dash_place(text.size()))
      text += '-';
    const auto half = nibble < 16 ? id.high : id.low;
    text += digits[(half >> (60 - 4 * (nibble % 16))) & 0xF];
  }
  return text;
}

result<uuid> parse_uuid(std::string_view text) {
  const auto bad = [&] {
    return refuse(errc::argument_invalid, "not a UUID: '" + std::string{text.substr(0, 64)} + "'");
  };
  if (text.size() != 36)
    return bad();
  std::array<std::uint64_t, 2> halves{};
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_dash_place(i)) {
      if (text[i] != '-')
        return bad();
      continue;
    }
    const auto digit = hex_digit(text[i]);
    if (!digit)
      return bad();
    halves[nibble / 16] = (halves[nibble / 16] << 4) | *digit;
    ++nibble;
  }
  return uuid{halves[0], halves[1]};
}

uuid random_uuid() {
  std::array<std::uint64_t, 2> random{};
  check(getrandom(random.data(), sizeof random, 0) == sizeof random, "getrandom failed");
  return with_version(random[0], random[1], 4);
}

uuid derive(const uuid& parent, std::string_view name) {
  const auto digest = sha256(to_string(parent) + '\n' + std::string{name});
  std::array<std::uint64_t, 2> halves{};
  for (std::size_t i = 0; i < 16; ++i)
    halves[i / 8] = (halves[i / 8] << 8) | digest.bytes[i];
  return with_version(halves[0], halves[1], 8);
}

std::string_view to_string(entity_kind kind) noexcept {
  return kind_names[static_cast<std::size_t>(kind)];
}

stream_id::stream_id(entity_kind kind, std::string_view key) : kind_{kind} {
  check(!key.empty(), "a stream needs a key");
  std::string text;
  const auto kind_name = to_string(kind);
  text.reserve(kind_name.size() + 1 + key.size());
  text.append(kind_name).append("/").append(key);
  check(text.size() <= max_stream_bytes, "a stream's name is too long");
  text_ = std::make_shared<const std::string>(std::move(text));
}

const std::string& stream_id::text() const noexcept {
  static const std::string none;
  return text_ ? *text_ : none;
}

result<stream_id> stream_id::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size() || text.size() > max_stream_bytes)
    return refuse(errc::argument_invalid,
                  "not a stream name (kind/key): '" + std::string{text.substr(0, 64)} + "'");
  for (std::size_t i = 0; i < kind_names.size(); ++i)
    if (kind_names[i] == text.substr(0, slash))
      return stream_id{static_cast<entity_kind>(i), text.substr(slash + 1)};
  return refuse(errc::argument_invalid,
                "unknown kind of stream in '" + std::string{text} +
                    "': use session, run, phase, tool, budget or log");
}

std::string_view stream_id::key() const noexcept {
  const std::string_view all = text();
  const auto slash = all.find('/');
  return all.substr(slash == std::string_view::npos ? all.size() : slash + 1);
}

stream_id stream_of(const session_id& id) {
  return {entity_kind::session, to_string(id)};
}
stream_id stream_of(const run_id& id) {
  return {entity_kind::run, to_string(id)};
}
stream_id stream_of(const phase_id& id) {
  return {entity_kind::phase, to_string(id)};
}
stream_id stream_of(const tool_call_id& id) {
  return {entity_kind::tool_call, to_string(id)};
}
stream_id stream_of_budget(std::string_view scope) {
  return {entity_kind::budget, scope};
}

} // namespace ash
