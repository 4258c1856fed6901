// What a WebSocket's client may say: its text frames as values. They come from outside, so they are
// bounded, and an unknown member is refused. Pure functions. Private to gateway/live.
#pragma once

#include "gateway/http/message.hpp"
#include "gateway/live/follower.hpp"

#include <variant>

namespace ash::gateway {

namespace said {

struct auth {
  std::string token;
};
struct subscribe {
  std::string id;
  follow_request what;
};
struct unsubscribe {
  std::string id;
};
struct credit {
  std::string id;
  std::uint64_t add = 0;
};
struct command {
  std::string id;
  gateway::request what; ///< but for `client`
};
struct ping {
  std::string id; ///< empty: none was given
};

} // namespace said

using message = std::variant<said::auth,
                             said::subscribe,
                             said::unsubscribe,
                             said::credit,
                             said::command,
                             said::ping>;

/// What the client named its message, where that can be read: for the error that answers it.
struct unread_message {
  std::string id;
  error why;
};

constexpr std::size_t max_id_bytes = 64;

/// A message, or why it is none: `argument_invalid`, `unknown_field`.
std::variant<message, unread_message> read_message(std::string_view text, std::size_t max_bytes);

} // namespace ash::gateway
