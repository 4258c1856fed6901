// The text of a document that an effect carries: at hand, or in the log under its hash. Reads only.
#pragma once

#include "events/facts/common.hpp"
#include "events/log/event_log.hpp"

namespace ash::performers {

/// The whole text. Errors: `blob_not_found`, `log_corrupt`, `argument_invalid` for a malformed
/// hash.
result<std::string> text_of(const document& what, const log::event_log& log);

/// Reads 64 hexadecimal characters. Errors: `argument_invalid`.
result<sha256_digest> parse_sha256(std::string_view hex);

} // namespace ash::performers
