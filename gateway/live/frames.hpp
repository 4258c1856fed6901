// How the live protocol's frames are written: the text around what all readers share. Pure
// functions. Private to gateway/live.
#pragma once

#include "events/base/json.hpp"
#include "events/feed/subscription.hpp"
#include "gateway/live/outlet.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace ash::gateway {

/// Frames of one subscription, for a WebSocket or for SSE.
class frame_writer {
public:
  /// A WebSocket's: each frame names the subscription.
  static frame_writer for_socket(std::string_view id);
  static frame_writer for_sse();

  [[nodiscard]] frame event(const feed::an_event& what) const;
  /// `shared` is {"stream", "version", "position", "at", …}, for all readers; the frame's own
  /// position is where the reader then is. Without `prev` it stands for everything up to there.
  [[nodiscard]] frame snapshot(const feed::cursor& where,
                               std::optional<std::uint64_t> prev,
                               std::shared_ptr<const std::string> shared) const;
  [[nodiscard]] frame caught_up(const feed::cursor& where) const;
  /// `code` is `feed.closed`, `unsubscribed` or one of the error catalogue.
  [[nodiscard]] frame
  closed(const feed::cursor& where, std::string_view code, std::string_view reason) const;
  /// The cursor that was given is of another incarnation; `now` is the end of this one.
  [[nodiscard]] frame resync_required(const feed::cursor& now) const;

private:
  [[nodiscard]] frame make(std::string_view type, std::string_view sse_id, std::string body) const;

  bool is_sse_ = false;
  std::string named_; ///< `"id":"…",`; empty for SSE
};

/// {"type": TYPE, …members}: what a socket is told beside its subscriptions.
frame socket_frame(std::string_view type, const json::object& members);

} // namespace ash::gateway
