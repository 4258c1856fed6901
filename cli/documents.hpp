// The texts that facts name by their SHA-256, from the log at hand or from the server over it.
#pragma once

#include "events/base/result.hpp"
#include "events/log/event_log.hpp"

#include <functional>
#include <string>

namespace ash::cli {

class remote;

/// Gives a document's text. Errors: `blob_not_found`, `argument_invalid` where that is no SHA-256,
/// and those of reading or asking.
using document_reader = std::function<result<std::string>(const std::string& sha256)>;

/// The reader holds on to its source.
document_reader documents_in(const log::event_log& log);
document_reader documents_at(const remote& server);

} // namespace ash::cli
