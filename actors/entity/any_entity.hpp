// What a shell does, as a plain class: it takes commands, decides a batch of them on the state that
// they produce one after another, asks for one append, and lets answers and effects out once that
// is durable. Owned by one driver (an actor, or a simulator), which does all I/O. It knows no
// actor, log or codec, reads no clock, and is not thread-safe.
#pragma once

#include "actors/aggregates/aggregate.hpp"
#include "actors/entity/recent_ids.hpp"
#include "events/base/apart.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ash {

/// What the driver knows a command by; returned with its answer.
using reply_token = std::uint64_t;

/// A command that waits or is being written.
struct queued_command {
  command_envelope command;
  reply_token token = 0;
  std::string finishes; ///< the effect in flight that ends with this command; empty: none
};

/// The facts of one command.
struct append_entry {
  std::string key; ///< idempotency key; may be empty
  std::string correlation;
  std::string causation;
  std::vector<any_fact> facts;
};

enum class stream_after : std::uint8_t { open, closed };

/// The one append that an entity wants now.
struct append_intent {
  stream_id stream;
  stream_id root;
  std::uint64_t expected_version = 0;
  instant at; ///< of the last command in it
  std::vector<append_entry> entries;
  stream_after status = stream_after::open;
  /// No key of these entries is in the stream up to `expected_version`: the entity has looked.
  bool keys_are_new = false;
};

struct reply {
  reply_token token = 0;
  result<void> answer = success();
};

/// What the driver has to do, in this order.
struct output {
  std::vector<reply> replies;
  effects wanted;
  /// A snapshot of the state is due: to be taken before the next `drain`.
  bool snapshot_due = false;
  std::optional<append_intent> append;
};

/// What became of an append.
struct appended_facts {
  std::uint64_t first_version = 0;
  std::uint64_t count = 0;
};

struct entity_bounds {
  std::size_t queued = 10'000;                      ///< commands
  std::size_t queued_bytes = std::size_t{32} << 20; ///< of commands
  std::size_t batch = 4'096;                        ///< commands in one append
  std::size_t batch_bytes = std::size_t{8} << 20;   ///< of commands in one append
  std::uint64_t snapshot_every = 200;               ///< facts
  std::size_t recent_ids = 1'024;
};

/// Whether facts under this idempotency key are in the stream: the driver asks the log.
using key_lookup = std::function<result<bool>(const stream_id&, std::string_view key)>;

struct entity_setup {
  stream_id stream;
  stream_id root;
  std::shared_ptr<const key_lookup> is_stored; ///< null: an id that was forgotten counts as new
  std::shared_ptr<const entity_bounds> bounds; ///< null: the defaults
};

/// An effect whose end has not been heard of yet.
struct effect_in_flight {
  std::string id;
  bool holds = true; ///< the entity has to stay until it ends; a timer waits without it
};

class any_entity {
public:
  explicit any_entity(entity_setup setup);
  any_entity(const any_entity&) = delete;
  any_entity& operator=(const any_entity&) = delete;
  virtual ~any_entity() = default;

  // -- rehydration: folds only, before the first command ----------------------------------------

  /// The next fact of the stream, and its idempotency key. Errors: `log_corrupt` for a fact of
  /// another kind of entity.
  virtual result<void> load(const any_fact& fact, std::string_view key) = 0;
  /// A fact whose payload was pruned: no state depends on it.
  void skip(std::string_view key);
  /// The effects that the entity's former life had in flight; their answers still come.
  void carry_over(std::vector<effect_in_flight> former);

  // -- work -------------------------------------------------------------------------------------

  /// Queues a command. Errors: `queue_full` (the command was not taken), `argument_invalid` for an
  /// id over 200 bytes.
  result<void> receive(queued_command what);
  /// Decides what waits, unless an append is in flight. The driver calls it after `receive` and
  /// after `appended`, whenever it suits: what came in between is decided together. Errors: the log
  /// could not be asked for a key; the entity is to be discarded.
  virtual result<output> drain() = 0;
  /// The append is durable: answers and effects come out. A failed append has no answer here: the
  /// entity is ahead of the log then, and is to be discarded.
  output appended(const appended_facts& what);
  /// The owed effects are issued by the next `drain`, even where no command comes.
  void wake() noexcept { woken_ = true; }
  /// An effect ended without a command.
  void effect_done(std::string_view id);
  /// The commands without an answer, in order, for the entity that follows this one.
  [[nodiscard]] std::vector<queued_command> take_unanswered();

  // -- looks ------------------------------------------------------------------------------------

  [[nodiscard]] virtual entity_kind kind() const noexcept = 0;
  [[nodiscard]] virtual bool is_final() const = 0;
  [[nodiscard]] const stream_id& stream() const noexcept { return stream_; }
  [[nodiscard]] const stream_id& root() const noexcept { return root_ ? *root_ : stream_; }
  /// Of the last fact that was loaded or decided.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
  [[nodiscard]] bool is_appending() const noexcept { return appending_; }
  [[nodiscard]] bool has_queued() const noexcept { return work_ && !work_->queue.empty(); }
  [[nodiscard]] const std::vector<effect_in_flight>& effects_in_flight() const noexcept {
    return in_flight_;
  }
  /// Nothing waits, is written or is in flight but timers: the entity can be dropped and loaded
  /// again later.
  [[nodiscard]] bool is_idle() const noexcept;

protected:
  virtual effects owed() const = 0;
  /// Whether the command was answered before; `digest` is its id's, where it has one.
  result<bool> is_repeated(const command_envelope& command, const uuid& digest) const;
  /// `is_repeated` knows of every key of the stream.
  [[nodiscard]] bool knows_every_key() const noexcept;
  [[nodiscard]] bool has_work() const noexcept { return has_queued() || woken_; }

  /// What is being done. Hundreds of thousands of entities are live and idle: they hold none.
  struct work {
    std::vector<queued_command> queue;
    std::size_t queued_bytes = 0;
    std::vector<queued_command> batch; ///< decided, not yet durable
    std::vector<reply> replies;        ///< to the batch
    effects wanted;                    ///< of the batch
  };

  /// Moves the next batch out of the queue.
  work& take_batch();
  void after_load(std::string_view key);
  void after_snapshot(std::uint64_t version);
  /// The output of a batch that led to no facts.
  output release();
  const entity_bounds& bounds() const noexcept { return *bounds_; }

  std::unique_ptr<work> work_;
  bool repeated_ = false; ///< somebody lost an answer: what is owed is issued again
  bool appending_ = false;
  std::uint64_t version_ = 0;
  recent_ids answered_;

private:
  void issue(effects what, effects& out);
  work& make_work();

  stream_id stream_;
  apart<stream_id> root_; ///< none where it is the stream itself
  std::shared_ptr<const key_lookup> is_stored_;
  std::shared_ptr<const entity_bounds> bounds_;
  std::vector<effect_in_flight> in_flight_;
  std::uint64_t snapshot_version_ = 0;
  bool owes_ = true; ///< `pending` has not been issued since the entity was loaded
  bool woken_ = false;
};

/// Longest id of a command, in bytes: the log's bound of an idempotency key.
constexpr std::size_t max_command_id_bytes = 200;

} // namespace ash
