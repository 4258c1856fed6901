// The outlet of a server-sent event stream: one subscription. Private to gateway/live.
#pragma once

#include "gateway/live/bell.hpp"
#include "gateway/live/follower.hpp"

namespace ash::gateway {

class sse_stream final : public outlet {
public:
  /// Errors: as `live_feeds::make_sse`.
  static result<std::unique_ptr<outlet>> open(std::shared_ptr<live_shared> with,
                                              const request& asked);
  ~sse_stream() override;

  std::optional<frame> next() override;
  [[nodiscard]] std::optional<closing> ending() const override;
  void on_ready(std::function<void()> wake) override;
  void taken(std::chrono::steady_clock::time_point now) override;
  void tick(std::chrono::steady_clock::time_point now) override;
  void shut_down(std::string_view reason) override;

private:
  using time = std::chrono::steady_clock::time_point;
  explicit sse_stream(std::shared_ptr<live_shared> with);
  void end(std::optional<frame> last, std::string reason);

  const std::shared_ptr<live_shared> with_;
  const std::shared_ptr<bell> bell_ = std::make_shared<bell>();
  std::unique_ptr<follower> feed_; ///< null once it has ended
  std::optional<frame> said_;      ///< before anything of the feed
  std::optional<closing> closing_;

  bool has_sent_ = false;
  std::optional<time> last_sent_;
  bool is_unacknowledged_ = false;
  std::optional<time> stalled_since_;
};

} // namespace ash::gateway
