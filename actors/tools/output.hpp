// How a tool's output becomes an outcome: what the model sees is bounded, valid UTF-8 and says what
// was left out; the whole, as far as it was captured, stays beside it.
#pragma once

#include "actors/tools/tool.hpp"

#include <string>
#include <string_view>

namespace ash::tool {

enum class cut : std::uint8_t {
  tail,   ///< keep the beginning: files, lists
  middle, ///< keep beginning and end: commands, whose last lines matter most
};

/// An outcome that shows `whole` (any bytes). Over `visible_bytes`, `text` is cut with a note and
/// `full` holds the whole up to `captured_bytes`.
outcome shown_output(const context& where, std::string whole, cut how);

/// A failed outcome with the error's message.
outcome failed(const error& why);

} // namespace ash::tool
