#include "gateway/live/live.hpp"

#include "gateway/live/socket_conversation.hpp"
#include "gateway/live/sse_stream.hpp"

namespace ash::gateway {

live_feeds::live_feeds(live_services with)
    : shared_{std::make_shared<live_shared>(std::move(with))} {}
live_feeds::~live_feeds() = default;

std::unique_ptr<conversation> live_feeds::make_conversation(authorisation shown,
                                                            std::string client) {
  return std::make_unique<socket_conversation>(shared_, shown, std::move(client));
}

result<std::unique_ptr<outlet>> live_feeds::make_sse(const request& asked) {
  return sse_stream::open(shared_, asked);
}

live_stats live_feeds::stats() const {
  const auto& of = *shared_;
  return {of.conversations.load(),
          of.sse_streams.load(),
          of.frames.load(),
          of.events.load(),
          of.snapshots.load(),
          of.commands.load(),
          of.closed_slow.load(),
          of.resyncs.load()};
}

} // namespace ash::gateway
