// Follows a log on a thread of its own and keeps a store's read models up to date; the log never
// waits for it. What becomes of a store that is away, of another layout, of another log and of a
// rebuild is decided here. Owned by `read_models`.
#pragma once

#include "projections/read_models.hpp"
#include "projections/store/store.hpp"
#include "projections/writer.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace ash::projections {

/// The generation to write to: the live one where it is of this log and layout, else the one that
/// is being built, else a new one. `fresh` asks for a new one. Within a transaction of its own.
struct chosen {
  generation which;
  bool is_live = false;
  /// What queries see until `which` is live, where it is of this log and layout.
  std::optional<generation> before = {};
};
enum class choice : std::uint8_t { what_is_there, fresh };
result<chosen> choose_generation(connection& at,
                                 const log::event_log& from,
                                 const std::vector<view*>& views,
                                 choice how);

class projector {
public:
  /// Starts. Both outlive this.
  projector(log::event_log& from, store& to, std::size_t batch_facts = writer::most_facts);
  ~projector();
  projector(const projector&) = delete;
  projector& operator=(const projector&) = delete;

  [[nodiscard]] projection_status status() const;
  [[nodiscard]] result<void> wait_for(std::uint64_t position,
                                      std::chrono::milliseconds timeout) const;
  void rebuild();
  void stop();

private:
  void run();
  result<void> serve();
  result<void> follow(writer& to, writer& before, chosen& where, connection& at);
  void publish(const writer& from, const writer& before, const chosen& where);
  void wait_for_news(std::uint64_t seen);
  bool pause(std::chrono::milliseconds how_long);

  const log::event_log& log_;
  store& store_;
  const std::size_t batch_facts_;

  mutable std::mutex mutex_;
  mutable std::condition_variable moved_; ///< rows, or the end
  std::condition_variable wake_;          ///< of the thread
  projection_status status_;
  std::uint64_t visible_ = 0; ///< what queries see is up to here
  bool rebuild_asked_ = false;
  bool stopping_ = false;

  std::shared_ptr<void> listening_;
  std::thread thread_;
};

} // namespace ash::projections
