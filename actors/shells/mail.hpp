// What an entity's actor can be told, and the box that it is put into. Mail never leaves the
// process.
#pragma once

#include "actors/aggregates/commands.hpp"
#include "events/log/event_log.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <variant>

namespace ash::shell {

using on_reply = std::function<void(result<void>)>;

/// A command from anyone.
struct command_mail {
  command_envelope command;
  std::string finishes;     ///< the effect of the receiver that ends with it; empty: none
  on_reply reply;           ///< may be empty
  std::int64_t sent_us = 0; ///< monotonic
};
/// Issue the effects that are owed, though no command comes.
struct wake_mail {};
/// The log's answer to the append in flight.
struct appended_mail {
  std::uint64_t append = 0; ///< which one, counted by the actor
  result<log::receipt> what;
};
/// An effect ended without a command.
struct effect_done_mail {
  std::string id;
};
/// A wait is over: of a refused append, or before the entity is loaded again.
struct retry_mail {};
/// Nobody has asked for the entity for a while: it may go.
struct rest_mail {};
/// The process ends.
struct quit_mail {};

using mail = std::variant<command_mail,
                          wake_mail,
                          appended_mail,
                          effect_done_mail,
                          retry_mail,
                          rest_mail,
                          quit_mail>;

/// Thread-safe; never blocks. What is posted to an actor that is gone is dropped.
class mailbox {
public:
  virtual ~mailbox() = default;
  virtual void post(mail what) = 0;
};

} // namespace ash::shell
