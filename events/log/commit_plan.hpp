// Builds one batch after another: decides whether an append is taken, gives positions and versions,
// chains the hashes and puts what follows into the tables' batch. Owned by the committer, used by
// one thread at a time; it neither writes nor syncs nor answers.
#pragma once

#include "events/log/head_cache.hpp"
#include "events/log/prepared_append.hpp"
#include "events/log/tables.hpp"

#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace ash::log {

class commit_plan {
public:
  commit_plan(tables& store, const log_state& state);

  /// Starts the next batch.
  void begin();
  /// Takes an append into the batch, or answers what was stored under its keys.
  /// Errors: `version_conflict`, `idempotency_conflict`, `argument_invalid` (another root).
  result<receipt> add(prepared_append& what);
  /// See `event_log::fork`. Alone in its batch: it reads what earlier ones wrote.
  result<void> fork(const stream_id& child,
                    const stream_id& root,
                    const stream_id& parent,
                    std::uint64_t version);
  /// See `event_log::save_snapshot`; `encoded` is `encode_snapshot`'s.
  result<void>
  keep_snapshot(const stream_id& stream, std::uint64_t version, std::string_view encoded);
  /// Prunes some of the stream's facts, and says through `more` whether any are left to do. Alone
  /// in its batch.
  result<void> prune(const stream_id& stream, std::uint64_t up_to_version, bool& more);
  /// Ends the batch: puts the changed heads and the state into it.
  void finish();

  [[nodiscard]] table_batch& batch() { return *batch_; }
  [[nodiscard]] bool empty() const { return empty_; }
  [[nodiscard]] const log_state& state() const { return state_; }
  [[nodiscard]] std::uint64_t number() const { return number_; }

private:
  result<std::optional<receipt>> known(const prepared_append& what, const head_cache::slot& head);
  result<std::optional<stored_key>> look_up(const prepared_append& what,
                                            const prepared_append::keyed_entry& key,
                                            const head_cache::slot& head);
  void put_facts(prepared_append& what, receipt at);
  void put_keys(const prepared_append& what, receipt at);
  void put_blobs(const prepared_append& what);
  void set_status(head_cache::slot& head, stream_status status);
  void change(head_cache::slot& head);

  tables& store_;
  log_state state_;
  head_cache heads_;
  std::unique_ptr<table_batch> batch_;
  std::uint64_t number_ = 0;
  bool empty_ = true;
  std::vector<head_cache::slot*> changed_;
  std::unordered_map<std::string, stored_key> new_keys_;
  std::unordered_set<std::string> new_blobs_;
  std::unordered_map<std::string, std::uint64_t> new_snapshots_;
};

} // namespace ash::log
