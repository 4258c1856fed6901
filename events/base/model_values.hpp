// The values that a model call and a tool call are made of. Facts record them, providers and tools
// produce them; both may include only `base`, so they live here.
#pragma once

#include "events/base/error.hpp"
#include "events/base/money.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ash {

/// Tokens of one model call, as the provider counted them. `cached` is part of `input`, `reasoning`
/// part of `output`.
struct token_usage {
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::int64_t cached = 0;
  std::int64_t reasoning = 0;
  bool estimated = false; ///< the provider reported none: counted from the text

  friend bool operator==(const token_usage&, const token_usage&) = default;
};

/// A block of a model's thinking. `signature` is opaque and is sent back as it came; a block whose
/// text is empty carries a redacted one.
struct thinking_block {
  std::string text;
  std::string signature;

  friend bool operator==(const thinking_block&, const thinking_block&) = default;
};

/// A tool call that a model asked for. `arguments` is JSON text, as the model gave it: not yet
/// checked.
struct tool_request {
  std::string id;
  std::string name;
  std::string arguments;

  friend bool operator==(const tool_request&, const tool_request&) = default;
};

/// What a crash in the middle of a tool call means for it.
enum class effect_class : std::uint8_t {
  read,       ///< executed again
  idempotent, ///< executed again with the same key
  write,      ///< never executed again: the call becomes in doubt
};

} // namespace ash
