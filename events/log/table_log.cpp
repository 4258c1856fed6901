#include "events/log/table_log.hpp"

#include "events/log/log_verify.hpp"

namespace ash::log {
namespace {

error for_reading_only() {
  return refuse(errc::invalid_transition,
                "this log is open for reading only; send the change to the process that writes it");
}

} // namespace

table_log::table_log(std::unique_ptr<tables> store,
                     incarnation_id incarnation,
                     const log_state& state,
                     committer_options options)
    : store_{std::move(store)}, committer_{std::make_unique<committer>(
                                    *store_, state, std::move(options))},
      incarnation_{incarnation} {}

table_log::table_log(std::unique_ptr<tables> store,
                     incarnation_id incarnation,
                     const log_state& state)
    : store_{std::move(store)}, incarnation_{incarnation} {
  show(incarnation, state);
}

void table_log::show(incarnation_id incarnation, const log_state& state) {
  seen_ = std::make_shared<moment>(moment{store_->newest(), state, 0});
  const std::lock_guard guard{life_lock_};
  incarnation_ = incarnation;
}

table_log::reading table_log::begin_reading() const {
  if (committer_)
    return {{}, committer_->now()};
  std::shared_lock held{reading_};
  return {std::move(held), seen_};
}

// -- writing --------------------------------------------------------------------------------------

void table_log::append(append_request what, on_appended then) {
  if (!committer_)
    return then(for_reading_only());
  auto prepared = prepare(what);
  if (!prepared)
    return then(std::move(prepared).error());
  // A new stream can't have a key yet, and most streams are looked up only by their next append.
  if (what.expected_version != 0 && !what.keys_are_new && !prepared.value().keys.empty()) {
    const auto now = committer_->now();
    if (auto looked = look_up_keys(prepared.value(), *now->view, now->batch); !looked)
      return then(std::move(looked).error());
  }
  committer_->submit(std::move(prepared).value(), std::move(then));
}

result<void> table_log::save_snapshot(const stream_id& stream, snapshot state) {
  if (!committer_)
    return for_reading_only();
  if (stream.empty() || state.version == 0)
    return refuse(errc::argument_invalid, "a snapshot needs a stream and a version of 1 or more");
  if (state.bytes.size() > max_append_bytes)
    return refuse(errc::limit_exceeded,
                  "the snapshot of stream " + stream.text() + " is over " +
                      std::to_string(max_append_bytes) + " bytes");
  const auto encoded = encode_snapshot(state);
  // A snapshot can be made again from the facts, so it never waits for the disk.
  return committer_->submit_and_wait(
      {[&](commit_plan& plan) { return plan.keep_snapshot(stream, state.version, encoded); },
       false,
       false,
       encoded.size()});
}

result<void> table_log::prune_transient(const stream_id& stream, std::uint64_t up_to_version) {
  if (!committer_)
    return for_reading_only();
  for (bool more = true; more;) {
    // In steps, so that a long range never holds up the appends of others.
    TRY(committer_->submit_and_wait(
        {[&](commit_plan& plan) { return plan.prune(stream, up_to_version, more); },
         false,
         true,
         0}));
  }
  return success();
}

result<void> table_log::fork(const stream_id& child,
                             const stream_id& root,
                             const stream_id& parent,
                             std::uint64_t version) {
  if (!committer_)
    return for_reading_only();
  if (child.empty() || root.empty() || version == 0)
    return refuse(errc::argument_invalid, "a fork needs a name, a root and a version of 1 or more");
  return committer_->submit_and_wait(
      {[&](commit_plan& plan) { return plan.fork(child, root, parent, version); }, true, true, 0});
}

// -- reading --------------------------------------------------------------------------------------

incarnation_id table_log::incarnation() const {
  const std::lock_guard guard{life_lock_};
  return incarnation_;
}

std::uint64_t table_log::head() const {
  return committer_ ? committer_->head() : begin_reading().now->state.head;
}

result<std::vector<record>> table_log::read(std::uint64_t after, read_limit limit) const {
  const auto at = begin_reading();
  return read_log(*at.now, after, limit);
}

result<std::vector<record>> table_log::read_stream(const stream_id& stream,
                                                   std::uint64_t after_version,
                                                   read_limit limit) const {
  const auto at = begin_reading();
  return log::read_stream(*at.now, stream, after_version, limit);
}

result<std::vector<record>>
table_log::read_root(const stream_id& root, std::uint64_t after, read_limit limit) const {
  const auto at = begin_reading();
  return log::read_root(*at.now, root, after, limit);
}

result<std::optional<stream_head>> table_log::find_stream(const stream_id& stream) const {
  const auto at = begin_reading();
  return find_head(*at.now->view, stream);
}

result<std::vector<stream_head>> table_log::list_streams(entity_kind kind,
                                                         std::string_view after,
                                                         std::size_t max,
                                                         listing which) const {
  const auto at = begin_reading();
  return list_heads(*at.now->view, kind, after, max, which);
}

result<std::optional<receipt>> table_log::find_key(const stream_id& stream,
                                                   std::string_view key) const {
  const auto at = begin_reading();
  if (key.empty())
    return std::optional<receipt>{};
  TRY(const auto stored, find_stored_key(*at.now->view, idempotency_table_key(stream, key)));
  return stored ? std::optional{stored->what} : std::nullopt;
}

result<std::optional<snapshot>> table_log::load_snapshot(const stream_id& stream) const {
  const auto at = begin_reading();
  return log::load_snapshot(*at.now->view, stream);
}

result<std::string> table_log::read_blob(const sha256_digest& hash) const {
  const auto at = begin_reading();
  return log::read_blob(*at.now->view, hash);
}

std::shared_ptr<void> table_log::on_commit(commit_listener listener) {
  // A reader commits nothing: its listener is never called.
  return committer_ ? committer_->on_commit(std::move(listener)) : std::make_shared<int>(0);
}

// -- care -----------------------------------------------------------------------------------------

result<verify_report>
table_log::verify(std::function<void(std::uint64_t, std::uint64_t)> progress) const {
  const auto at = begin_reading();
  return verify_log(*at.now, progress);
}

result<log_stats> table_log::stats() const {
  const auto at = begin_reading();
  const auto& state = at.now->state;
  log_stats all;
  all.incarnation = incarnation();
  all.head = state.head;
  all.streams = state.streams;
  all.open_streams = state.open_streams;
  all.blobs = state.blobs;
  all.snapshots = state.snapshots;
  all.disk_bytes = store_->disk_bytes();
  if (committer_) {
    all.appends = committer_->appends();
    all.sync_count = committer_->sync_count();
    all.queued_bytes = committer_->queued_bytes();
    committer_->count_into(all);
  }
  return all;
}

} // namespace ash::log
