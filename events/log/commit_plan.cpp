#include "events/log/commit_plan.hpp"

#include "events/log/log_reads.hpp"

namespace ash::log {
namespace {

// A head is about 500 bytes: 16 Ki of them are what the hot streams of one machine need. The others
// cost one look into the table an append.
constexpr std::size_t cached_heads = 16'384;
constexpr std::size_t pruned_at_once = 1'000;

error stale(const stream_id& stream, std::uint64_t expected, std::uint64_t actual) {
  return refuse(errc::version_conflict,
                "stream " + stream.text() + " is at version " + std::to_string(actual) +
                    ", not at the expected " + std::to_string(expected) +
                    "; load it again and decide anew")
      .with("stream", stream.text())
      .with("version", std::to_string(actual));
}

error key_conflict(const stream_id& stream, std::string_view table_key, std::string_view why) {
  const auto key = table_key.substr(1 + stream.text().size());
  return refuse(errc::idempotency_conflict,
                "idempotency key '" + std::string{key} + "' of stream " + stream.text() + " " +
                    std::string{why} + "; use a new key for another command");
}

} // namespace

commit_plan::commit_plan(tables& store, const log_state& state)
    : store_{store}, state_{state}, heads_{cached_heads}, batch_{store.new_batch()} {}

void commit_plan::begin() {
  for (auto* each : changed_)
    each->changed = false;
  changed_.clear();
  new_keys_.clear();
  new_blobs_.clear();
  new_snapshots_.clear();
  heads_.trim();
  batch_->clear();
  empty_ = true;
  ++number_;
}

void commit_plan::change(head_cache::slot& head) {
  head.batch = number_;
  head.exists = true;
  if (!head.changed)
    changed_.push_back(&head);
  head.changed = true;
  empty_ = false;
}

void commit_plan::set_status(head_cache::slot& head, stream_status status) {
  const auto& name = head.stored.head.stream.text();
  const bool was_open = head.exists && head.stored.head.status == stream_status::open;
  const bool is_open = status == stream_status::open;
  if (!head.exists)
    ++state_.streams;
  if (is_open && !was_open) {
    batch_->put(table::open, name, {});
    ++state_.open_streams;
  } else if (!is_open && was_open) {
    batch_->erase(table::open, name);
    --state_.open_streams;
  }
  head.stored.head.status = status;
}

result<std::optional<stored_key>> commit_plan::look_up(const prepared_append& what,
                                                       const prepared_append::keyed_entry& key,
                                                       const head_cache::slot& head) {
  // Nothing was written to the stream since the caller looked: its answer still holds.
  if (what.looked_up_after && head.batch <= *what.looked_up_after)
    return key.found;
  if (head.batch == number_)
    if (const auto fresh = new_keys_.find(key.table_key); fresh != new_keys_.end())
      return std::optional{fresh->second};
  return find_stored_key(*store_.newest(), key.table_key);
}

result<std::optional<receipt>> commit_plan::known(const prepared_append& what,
                                                  const head_cache::slot& head) {
  std::optional<receipt> first;
  std::size_t hits = 0;
  const prepared_append::keyed_entry* hit = nullptr;
  for (const auto& each : what.keys) {
    TRY(auto stored, look_up(what, each, head));
    if (!stored)
      continue;
    if (stored->content != each.content)
      return key_conflict(what.stream, each.table_key, "was used for other facts");
    if (what.entries > 1 && stored->append && stored->append->content == what.content)
      return std::optional{stored->append->what};
    ++hits;
    hit = &each;
    if (first)
      first->count += stored->what.count;
    else
      first = stored->what;
  }
  if (hits == 0 || hits == what.entries)
    return first;
  if (head.stored.head.version != what.expected_version)
    return stale(what.stream, what.expected_version, head.stored.head.version);
  return key_conflict(what.stream, hit->table_key, "was stored before, but not with these others");
}

result<receipt> commit_plan::add(prepared_append& what) {
  TRY(auto* slot, heads_.find(what.stream, store_, number_ - 1));
  auto& head = slot->stored.head;
  // A stream that does not exist can't have any key.
  if (slot->exists && !(what.keys_are_new && head.version == what.expected_version)) {
    TRY(auto before, known(what, *slot));
    if (before) {
      before->duplicate = true;
      return *before;
    }
  }
  if (head.version != what.expected_version)
    return stale(what.stream, what.expected_version, head.version);
  if (slot->exists && head.root != what.root)
    return refuse(errc::argument_invalid,
                  "stream " + what.stream.text() + " belongs to root " + head.root.text() +
                      ", not to " + what.root.text());
  const receipt at{state_.head + 1, head.version + 1, what.begins.size(), false};
  put_blobs(what);
  put_facts(what, at);
  put_keys(what, at);
  set_status(*slot, what.status);
  head.root = what.root;
  head.version += at.count;
  head.position = state_.head;
  change(*slot);
  return at;
}

void commit_plan::put_facts(prepared_append& what, receipt at) {
  for (std::size_t i = 0; i < what.begins.size(); ++i) {
    const auto begin = what.begins[i];
    const auto end = i + 1 < what.begins.size() ? what.begins[i + 1] : what.records.size();
    ++state_.head;
    state_.head_hash =
        seal_record(what.records, begin, state_.head, at.first_version + i, state_.head_hash);
    batch_->put(table::records,
                position_key(state_.head),
                std::string_view{what.records}.substr(begin, end - begin));
  }
  const auto entry = encode_index({at.first_position, at.count});
  batch_->put(table::by_stream, index_key(what.stream, at.first_version), entry);
  batch_->put(table::by_root, index_key(what.root, at.first_position), entry);
}

void commit_plan::put_keys(const prepared_append& what, receipt at) {
  for (const auto& each : what.keys) {
    stored_key stored{
        {at.first_position + each.first_fact, at.first_version + each.first_fact, each.facts, true},
        each.content,
        {}};
    if (what.entries > 1)
      stored.append = stored_key::whole{at, what.content};
    batch_->put(table::keys, each.table_key, encode_key(stored));
    new_keys_.emplace(each.table_key, stored);
  }
}

void commit_plan::put_blobs(const prepared_append& what) {
  for (const auto& each : what.blobs) {
    const auto key = view(each.hash);
    std::string there;
    if (new_blobs_.contains(std::string{key}))
      continue;
    // Bytes that can't be read back are written again: that mends them.
    const auto found = store_.newest()->get(table::blobs, key, there);
    if (found && found.value())
      continue;
    batch_->put(table::blobs, key, each.value);
    new_blobs_.emplace(key);
    ++state_.blobs;
  }
}

result<void> commit_plan::fork(const stream_id& child,
                               const stream_id& root,
                               const stream_id& parent,
                               std::uint64_t version) {
  TRY(auto* from, heads_.find(parent, store_, number_ - 1));
  TRY(auto* slot, heads_.find(child, store_, number_ - 1));
  if (!from->exists)
    return refuse(errc::feed_not_found, "there is no stream " + parent.text() + " to fork");
  if (from->stored.head.version < version)
    return stale(parent, version, from->stored.head.version);
  if (slot->exists)
    return refuse(errc::version_conflict,
                  "stream " + child.text() + " exists already; fork to a new name");
  auto position = from->stored.head.position;
  if (version != from->stored.head.version) {
    TRY(const auto found, find_position(*store_.newest(), parent, version));
    position = found;
  }
  set_status(*slot, stream_status::open);
  auto& head = slot->stored.head;
  head.root = root;
  head.version = version;
  head.position = position;
  head.parent = parent;
  head.parent_version = version;
  change(*slot);
  return success();
}

result<void> commit_plan::keep_snapshot(const stream_id& stream,
                                        std::uint64_t version,
                                        std::string_view encoded) {
  TRY(auto* slot, heads_.find(stream, store_, number_ - 1));
  if (!slot->exists)
    return refuse(errc::feed_not_found, "there is no stream " + stream.text() + " to snapshot");
  if (slot->stored.head.version < version)
    return stale(stream, version, slot->stored.head.version);
  std::optional<std::uint64_t> newest;
  if (const auto fresh = new_snapshots_.find(stream.text()); fresh != new_snapshots_.end()) {
    newest = fresh->second;
  } else {
    std::string value;
    TRY(const auto found, store_.newest()->get(table::snapshots, stream.text(), value));
    // A damaged snapshot gives way to a good one.
    if (const auto old = decode_snapshot(value, stream); found && old)
      newest = old.value().version;
    state_.snapshots += found ? 0U : 1U;
  }
  if (newest && *newest > version)
    return success();
  batch_->put(table::snapshots, stream.text(), encoded);
  new_snapshots_.insert_or_assign(stream.text(), version);
  empty_ = false;
  return success();
}

result<void> commit_plan::prune(const stream_id& stream, std::uint64_t up_to_version, bool& more) {
  more = false;
  TRY(auto* slot, heads_.find(stream, store_, number_ - 1));
  if (!slot->exists)
    return refuse(errc::feed_not_found, "there is no stream " + stream.text() + " to prune");
  auto& pruned_to = slot->stored.pruned_to;
  const auto end = std::min(up_to_version, slot->stored.head.version);
  if (pruned_to >= end)
    return success();
  const auto view = store_.newest();
  TRY(const auto facts, raw_records(*view, stream, pruned_to, pruned_at_once));
  auto done = pruned_to;
  for (const auto& [position, value] : facts) {
    TRY(const auto stored, decode_record(value, position));
    if (stored.what.version > end)
      break;
    done = stored.what.version;
    if (stored.what.keep == durability::transient && !stored.what.pruned &&
        stored.payload_size != 0)
      batch_->put(table::records, position_key(position), prune_record(value));
  }
  // Own facts of a fork begin after the shared prefix, which is its parent's to prune.
  more = !facts.empty() && done < end;
  pruned_to = facts.empty() ? end : done;
  change(*slot);
  return success();
}

void commit_plan::finish() {
  if (empty_)
    return;
  for (const auto* each : changed_)
    batch_->put(table::heads, each->stored.head.stream.text(), encode_head(each->stored));
  batch_->put(table::meta, state_key, encode_state(state_));
}

} // namespace ash::log
