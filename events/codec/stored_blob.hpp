// Bytes that leave a fact on its way into the log: kept once, by content. Owned by whoever appends.
#pragma once

#include "events/base/hash.hpp"

#include <string>

namespace ash::codec {

/// The bytes of a document and their address.
struct stored_blob {
  sha256_digest hash;
  std::string bytes;
};

} // namespace ash::codec
