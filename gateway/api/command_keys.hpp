// Commands that a client may send again, in spite of a lost answer or a restart of the server. An
// `Idempotency-Key` becomes the key under which the log keeps the command's facts, and, where the
// command makes something, that thing's id: nothing else is stored, so nothing can be forgotten.
#pragma once

#include "actors/shells/runtime.hpp"
#include "gateway/api/router.hpp"

#include <array>
#include <mutex>
#include <string>
#include <string_view>

namespace ash::gateway::api {

/// One command as it is known to the log.
struct command_key {
  command_source source; ///< its key, and the digest of what was asked, as its cause
  uuid made;             ///< the id of what it makes; the same for the same key
};

/// The key of a request. `target` says what is asked of what (`abort run/ID`): a key counts for
/// that alone. `body` is canonical. Without the header it is a fresh one. Errors:
/// `argument_invalid` for a key that is not 1–200 printable ASCII characters.
result<command_key> key_of(const call& asked,
                           const log::event_log& log,
                           std::string_view target,
                           std::string_view body);

/// Keeps requests with one key from running at the same time.
class command_keys {
public:
  [[nodiscard]] std::unique_lock<std::mutex> hold(const command_key& which);

private:
  std::array<std::mutex, 64> stripes_;
};

} // namespace ash::gateway::api
