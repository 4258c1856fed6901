// Text as a document of a fact: with its address and size, so that a reader can tell what it was.
#pragma once

#include "events/base/hash.hpp"
#include "events/facts/common.hpp"

#include <utility>

namespace ash {

/// No text gives no document.
inline document document_of(std::string text) {
  if (text.empty())
    return {};
  auto address = sha256_hex(text);
  const auto size = static_cast<std::int64_t>(text.size());
  return {std::move(text), std::move(address), size};
}

} // namespace ash
