// The event log over its tables: everything that memory and RocksDB have in common. With a
// committer it is a writer; without one a reader, which refuses to change anything. Private to
// events/log.
#pragma once

#include "events/log/committer.hpp"

#include <mutex>
#include <shared_mutex>

namespace ash::log {

class table_log : public event_log {
public:
  /// A writer that goes on from `state`.
  table_log(std::unique_ptr<tables> store,
            incarnation_id incarnation,
            const log_state& state,
            committer_options options);
  /// A reader of what is there.
  table_log(std::unique_ptr<tables> store, incarnation_id incarnation, const log_state& state);

  void append(append_request what, on_appended then) override;
  result<void> save_snapshot(const stream_id& stream, snapshot state) override;
  result<void> prune_transient(const stream_id& stream, std::uint64_t up_to_version) override;
  result<void> fork(const stream_id& child,
                    const stream_id& root,
                    const stream_id& parent,
                    std::uint64_t version) override;

  [[nodiscard]] incarnation_id incarnation() const override;
  [[nodiscard]] std::uint64_t head() const override;
  result<std::vector<record>> read(std::uint64_t after, read_limit limit) const override;
  result<std::vector<record>> read_stream(const stream_id& stream,
                                          std::uint64_t after_version,
                                          read_limit limit) const override;
  result<std::vector<record>>
  read_root(const stream_id& root, std::uint64_t after, read_limit limit) const override;
  result<std::optional<stream_head>> find_stream(const stream_id& stream) const override;
  result<std::vector<stream_head>> list_streams(entity_kind kind,
                                                std::string_view after,
                                                std::size_t max,
                                                listing which) const override;
  result<std::optional<receipt>> find_key(const stream_id& stream,
                                          std::string_view key) const override;
  result<std::optional<snapshot>> load_snapshot(const stream_id& stream) const override;
  result<std::string> read_blob(const sha256_digest& hash) const override;
  [[nodiscard]] std::shared_ptr<void> on_commit(commit_listener listener) override;
  result<verify_report>
  verify(std::function<void(std::uint64_t, std::uint64_t)> progress) const override;
  result<log_stats> stats() const override;

protected:
  /// Of a reader: what it now sees. The caller holds `reading_` exclusively.
  void show(incarnation_id incarnation, const log_state& state);

  std::unique_ptr<tables> store_;
  std::unique_ptr<committer> committer_; ///< null: a reader
  /// A reader's tables change under it when it catches up: reads hold this shared.
  mutable std::shared_mutex reading_;

private:
  /// A durable moment; a reader's holds while `held` is locked.
  struct reading {
    std::shared_lock<std::shared_mutex> held;
    std::shared_ptr<const moment> now;
  };
  [[nodiscard]] reading begin_reading() const;

  mutable std::mutex life_lock_;
  incarnation_id incarnation_;
  std::shared_ptr<const moment> seen_; ///< of a reader; guarded by reading_
};

} // namespace ash::log
