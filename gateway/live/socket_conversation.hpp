// A WebSocket's conversation: its subscriptions in turn, the answers to what it said, its limits.
// Private to gateway/live.
#pragma once

#include "gateway/live/bell.hpp"
#include "gateway/live/messages.hpp"

#include <deque>

namespace ash::gateway {

class socket_conversation final : public conversation {
public:
  socket_conversation(std::shared_ptr<live_shared> with,
                      live_feeds::authorisation shown,
                      std::string client);
  ~socket_conversation() override;

  void on_message(std::string_view text) override;
  std::optional<frame> next() override;
  [[nodiscard]] std::optional<closing> ending() const override;
  void on_ready(std::function<void()> wake) override;
  void taken(std::chrono::steady_clock::time_point now) override;
  void tick(std::chrono::steady_clock::time_point now) override;
  void shut_down(std::string_view reason) override;

private:
  using time = std::chrono::steady_clock::time_point;
  struct following {
    std::string id;
    std::unique_ptr<follower> by;
  };
  /// What workers bring back, from any thread, also when the conversation is gone.
  struct inbox {
    std::mutex lock;
    std::vector<std::pair<std::string, response>> results;
  };

  void hear(const said::auth& what);
  void hear(const said::subscribe& what);
  void hear(const said::unsubscribe& what);
  void hear(const said::credit& what);
  void hear(said::command&& what);
  void hear(const said::ping& what);

  void greet();
  void say(frame what);
  void answer_error(const std::string& id, const error& why);
  void end(std::uint16_t code, std::string reason);
  void end_all(std::string_view code, std::string_view reason);
  void take_results();
  std::optional<frame> next_of_feeds();
  void beat(time now);
  void close_starved(time now);
  void watch_socket(time now);
  [[nodiscard]] std::vector<following>::iterator find(std::string_view id);

  const std::shared_ptr<live_shared> with_;
  const std::string client_;
  const std::shared_ptr<bell> bell_ = std::make_shared<bell>();
  const std::shared_ptr<inbox> inbox_ = std::make_shared<inbox>();
  bool is_authorised_;
  std::deque<frame> answers_; ///< before anything of the feeds; bounded
  std::vector<following> feeds_;
  std::size_t turn_ = 0; ///< whose turn it is among feeds_
  std::size_t commands_ = 0;
  std::optional<closing> closing_;

  std::optional<time> began_;      ///< at the first tick
  bool has_sent_ = false;          ///< since the last tick
  std::optional<time> last_sent_;  ///< as ticks see it
  bool is_unacknowledged_ = false; ///< something was given and not yet taken
  std::optional<time> stalled_since_;
};

} // namespace ash::gateway
