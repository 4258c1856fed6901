#include "cli/documents.hpp"

#include "actors/shells/inspect.hpp"
#include "cli/http_client.hpp"
#include "cli/remote.hpp"

namespace ash::cli {

document_reader documents_in(const log::event_log& log) {
  return [&log](const std::string& sha256) { return inspect::read_document(log, sha256); };
}

document_reader documents_at(const remote& server) {
  return [&server](const std::string& sha256) {
    return server.get_bytes("/blobs/" + url_encoded(sha256));
  };
}

} // namespace ash::cli
