// Whether a phase is done at all: its condition, over the artifact of a phase before it. Pure.
#pragma once

#include "actors/definitions/definitions.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace ash::definitions {

struct condition_verdict {
  bool holds = false;
  std::string reason; ///< for people, either way
};

/// Judges `artifact`, the text that the phase left; absent where that phase was left out or failed,
/// so that nothing but `exists: false` holds. A text that is no JSON can be compared only as a
/// whole, by `contains`. Numbers compare by value, everything else by JSON type and value.
condition_verdict judge(const condition& what, const std::optional<std::string>& artifact);

/// The comparison as in the YAML file: `review /verdict equals "accept"`.
std::string to_text(const condition& what);

} // namespace ash::definitions
