// Which records a feed has: everything, a category, a run or session with all beneath it, one
// stream, or one turn with its tool calls; and of those the types that a client asked for.
#pragma once

#include "events/base/ids.hpp"
#include "events/base/text.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ash::feed {

enum class feed_kind : std::uint8_t {
  everything,
  category, ///< the streams of one kind
  root,     ///< a run or session, and all beneath it
  stream,   ///< one stream
  turn,     ///< the facts of one turn in its owner's stream, and the tool calls it made
};

/// What a feed's name means. A value.
class selector {
public:
  /// `all`; `category/KIND`; `run/ID` and `session/ID`; any other stream's name, such as
  /// `phase/ID` or `budget/day:2026-11-21`; `session/ID/turn/TURN` and `phase/ID/turn/TURN`.
  /// Whether there is such a stream is for the log to say. Errors: `feed_not_found`.
  static result<selector> parse(std::string_view name);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] feed_kind kind() const noexcept { return kind_; }
  /// Of `category`.
  [[nodiscard]] entity_kind category() const noexcept { return category_; }
  /// Of `root` and `stream`; of `turn` its owner.
  [[nodiscard]] const stream_id& stream() const noexcept { return stream_; }
  /// Of `turn`.
  [[nodiscard]] const turn_id& turn() const noexcept { return turn_; }

private:
  std::string name_ = "all";
  feed_kind kind_ = feed_kind::everything;
  entity_kind category_ = entity_kind::log;
  stream_id stream_;
  turn_id turn_;
};

/// Patterns over types, such as `run.*` or `llm.call.delta`: `*` stands for any characters. None:
/// every type passes.
class type_filter {
public:
  static constexpr std::size_t max_patterns = 32;
  static constexpr std::size_t max_pattern_bytes = 100;

  type_filter() = default;
  /// Errors: `argument_invalid` for too many patterns, an empty one, or one with other characters
  /// than those of types and `*`.
  static result<type_filter> make(std::vector<std::string> patterns);

  [[nodiscard]] bool passes(std::string_view type) const noexcept;
  [[nodiscard]] const std::vector<std::string>& patterns() const noexcept { return patterns_; }

private:
  std::vector<std::string> patterns_;
};

} // namespace ash::feed
