// Who is live: every stream's actor, of which there is at most one. It activates on demand, asks
// those that nobody needs to rest, and counts. It holds the actors' boxes, and never looks into an
// entity.
#pragma once

#include "actors/shells/mail.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace ash::shell {

constexpr std::size_t kinds = 6; ///< of entity_kind

struct registry_counts {
  std::array<std::uint64_t, kinds> live{}; ///< by entity_kind
  std::uint64_t activations = 0;
  std::uint64_t passivations = 0;
};

struct rest_rules {
  std::int64_t idle_us = 60'000'000;
  std::int64_t final_idle_us = 1'000'000; ///< of an entity to which nothing more can happen
  std::size_t max_live = 200'000;         ///< above this the longest unused go first
};

class registry {
public:
  using spawner = std::function<std::shared_ptr<mailbox>(const stream_id&, const stream_id& root)>;

  explicit registry(spawner spawn) : spawn_(std::move(spawn)) {}

  /// Posts a command or a wake to the stream's actor, which is activated where there is none.
  /// False, and nothing was taken, once `close` was called.
  bool deliver(const stream_id& to, const stream_id& root, mail& what);
  /// Posts to the stream's actor where it is live.
  void notify(const stream_id& to, mail what);

  /// From the actor itself, when it is idle: forgets it, unless something was delivered beyond the
  /// first `handled` mails. True: nothing will come any more.
  bool retire(const stream_id& stream, std::uint64_t handled);
  /// The entity is final: it may rest soon.
  void note_final(const stream_id& stream);
  /// Asks those to rest that `rules` let go. `now_us` is monotonic.
  void sweep(std::int64_t now_us, const rest_rules& rules);

  /// From now on nothing is delivered; every actor is told to quit and forgotten.
  void close();

  [[nodiscard]] registry_counts counts() const;
  [[nodiscard]] std::size_t live() const noexcept { return live_.load(); }

private:
  struct slot {
    std::shared_ptr<mailbox> box;
    std::uint64_t delivered = 0;
    std::int64_t last_used_us = 0;
    bool is_final = false;
  };
  struct shard {
    mutable std::mutex mutex;
    std::unordered_map<stream_id, slot> slots;
  };

  shard& shard_of(const stream_id& stream);
  void crowd_out(std::size_t surplus);

  spawner spawn_;
  std::array<shard, 64> shards_;
  std::atomic<bool> closed_{false};
  std::atomic<std::size_t> live_{0};
  std::array<std::atomic<std::uint64_t>, kinds> live_by_kind_{};
  std::atomic<std::uint64_t> activations_{0};
  std::atomic<std::uint64_t> passivations_{0};
};

} // namespace ash::shell
