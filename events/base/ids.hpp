// Identifiers: 128-bit ids with a type of their own for each entity, ids derived from other ids,
// and the names of streams. Fresh random ids are made by the shells and enter with a command.
#pragma once

#include "events/base/result.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace ash {

/// A UUID. Text form: 36 characters, lower case.
struct uuid {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  [[nodiscard]] bool is_nil() const noexcept { return high == 0 && low == 0; }
  friend auto operator<=>(const uuid&, const uuid&) = default;
};

std::string to_string(const uuid& id);
/// Errors: `argument_invalid` unless `text` is a UUID of 36 characters in either case.
result<uuid> parse_uuid(std::string_view text);
/// A random UUID (version 4, so that a few characters tell one from another). Not for aggregates.
uuid random_uuid();
/// The same UUID (version 8) for the same parent and name, always.
uuid derive(const uuid& parent, std::string_view name);

/// A UUID that names one kind of thing.
template <class Tag> struct strong_id {
  uuid value;

  [[nodiscard]] bool is_nil() const noexcept { return value.is_nil(); }
  friend auto operator<=>(const strong_id&, const strong_id&) = default;
};

template <class Tag> std::string to_string(const strong_id<Tag>& id) {
  return to_string(id.value);
}

using session_id = strong_id<struct session_tag>;
using run_id = strong_id<struct run_tag>;
using phase_id = strong_id<struct phase_tag>;
using tool_call_id = strong_id<struct tool_call_tag>;
using turn_id = strong_id<struct turn_tag>;
using call_id = strong_id<struct model_call_tag>; ///< one attempt at one model call
using approval_id = strong_id<struct approval_tag>;
using message_id = strong_id<struct message_tag>;
using incarnation_id = strong_id<struct incarnation_tag>; ///< one life of a log

/// What kind of entity owns a stream.
enum class entity_kind : std::uint8_t { session, run, phase, tool_call, budget, log };

std::string_view to_string(entity_kind kind) noexcept;

/// The name of a stream: `kind/key`, for example `run/0190…` or `budget/day:2026-11-21`. A value,
/// cheap to copy: copies share the text, for every command and every live entity holds some.
class stream_id {
public:
  stream_id() = default;
  stream_id(entity_kind kind, std::string_view key);

  /// Errors: `argument_invalid` for an unknown kind, an empty key, or over 200 bytes.
  static result<stream_id> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const noexcept;
  [[nodiscard]] std::string_view key() const noexcept;
  [[nodiscard]] entity_kind kind() const noexcept { return kind_; }
  [[nodiscard]] bool empty() const noexcept { return text_ == nullptr; }

  friend auto operator<=>(const stream_id& a, const stream_id& b) { return a.text() <=> b.text(); }
  friend bool operator==(const stream_id& a, const stream_id& b) noexcept {
    return a.text_ == b.text_ || a.text() == b.text();
  }

private:
  std::shared_ptr<const std::string> text_; ///< null: no name
  entity_kind kind_ = entity_kind::log;
};

stream_id stream_of(const session_id& id);
stream_id stream_of(const run_id& id);
stream_id stream_of(const phase_id& id);
stream_id stream_of(const tool_call_id& id);
/// `scope` is a budget scope's key, for example `run:UUID` or `day:2026-11-21`.
stream_id stream_of_budget(std::string_view scope);

} // namespace ash

template <> struct std::hash<ash::uuid> {
  std::size_t operator()(const ash::uuid& id) const noexcept {
    return id.high ^ (id.low * 0x9E3779B97F4A7C15ULL);
  }
};
template <class Tag> struct std::hash<ash::strong_id<Tag>> {
  std::size_t operator()(const ash::strong_id<Tag>& id) const noexcept {
    return std::hash<ash::uuid>{}(id.value);
  }
};
template <> struct std::hash<ash::stream_id> {
  std::size_t operator()(const ash::stream_id& id) const noexcept {
    return std::hash<std::string>{}(id.text());
  }
};
