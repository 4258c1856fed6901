#include "events/log/log_verify.hpp"

#include <algorithm>
#include <unordered_map>

namespace ash::log {
namespace {

constexpr std::size_t max_damages = 100;
constexpr std::uint64_t progress_every = 4'096;
constexpr std::uint64_t tail_records = 10'000;
constexpr std::uint64_t tail_heads = 1'000;

/// One walk over everything. What it learns from the records it compares with the other tables.
class verification {
public:
  explicit verification(const moment& now) : now_{now}, in_{*now.view} {}

  void records(const std::function<void(std::uint64_t, std::uint64_t)>& progress);
  void heads();
  void index(table which);
  void keys();
  void open_streams();
  void blobs();
  void snapshots();

  verify_report report;

private:
  struct seen_stream {
    std::uint64_t version = 0;
    std::uint64_t position = 0;
  };

  void found(std::uint64_t position, std::string what) {
    ++report.damage_count;
    if (report.damages.size() < max_damages)
      report.damages.push_back({position, std::move(what)});
  }
  void found(std::uint64_t position, const error& why) { found(position, damage_of(why).what); }
  void check_end(const table_cursor& at, std::string_view of) {
    if (const auto status = at.status(); !status)
      found(0, std::string{"table "}.append(of).append(": ") + status.error().message);
  }
  void check_record(std::uint64_t position, std::string_view value);
  void follow(const record& what);

  const moment& now_;
  const table_view& in_;
  sha256_digest previous_;
  bool chained_ = true;  ///< `previous_` is the hash of the record before
  std::string last_key_; ///< of the entry that the last record belongs to
  std::uint64_t key_count_ = 0;
  std::unordered_map<std::string, seen_stream> streams_;
};

void verification::follow(const record& what) {
  auto& stream = streams_[what.stream.text()];
  if (stream.version == 0) {
    const auto head = find_head(in_, what.stream);
    if (!head || !head.value())
      found(what.position, "stream " + what.stream.text() + " has no head");
    else
      stream.version = head.value()->parent_version;
  }
  if (what.version != stream.version + 1)
    found(what.position,
          "version " + std::to_string(what.version) + " of stream " + what.stream.text() +
              " follows version " + std::to_string(stream.version));
  stream = {what.version, what.position};
  const auto key = what.idempotency_key.empty()
                       ? std::string{}
                       : idempotency_table_key(what.stream, what.idempotency_key);
  key_count_ += !key.empty() && key != last_key_ ? 1U : 0U;
  last_key_ = key;
}

void verification::check_record(std::uint64_t position, std::string_view value) {
  auto read = decode_record(value, position);
  if (!read) {
    found(position, read.error());
    chained_ = false;
    return;
  }
  if (chained_ && read.value().what.previous != previous_)
    found(position, "the record does not follow the one before it");
  previous_ = read.value().what.hash;
  chained_ = true;
  if (const auto whole = complete_payload(in_, read.value()); !whole)
    found(position, whole.error());
  follow(read.value().what);
}

void verification::records(const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  const auto at = in_.cursor(table::records);
  at->seek(position_key(0));
  for (std::uint64_t position = 1; position <= now_.state.head; ++position) {
    const auto here = at->valid() ? position_of_key(at->key()) : 0;
    if (here != position) {
      const auto status = at->status();
      found(position, status ? "the record is missing" : status.error().message);
      chained_ = false;
      // After damage to a block the cursor has to be set anew; a plain gap needs that only once.
      if (!at->valid() || here < position)
        at->seek(position_key(position + 1));
      continue;
    }
    ++report.records;
    check_record(position, at->value());
    at->next();
    if (progress && position % progress_every == 0)
      progress(position, now_.state.head);
  }
  report.head = now_.state.head;
  if (chained_ && previous_ != now_.state.head_hash)
    found(now_.state.head, "the log's state has another hash for its head");
  if (progress)
    progress(now_.state.head, now_.state.head);
}

void verification::heads() {
  const auto at = in_.cursor(table::heads);
  for (at->seek({}); at->valid(); at->next()) {
    ++report.streams;
    const auto name = stream_id::parse(at->key());
    if (!name) {
      found(0, "a stream's head is kept under a name that is none");
      continue;
    }
    const auto stored = decode_head(at->value(), name.value());
    if (!stored) {
      found(0, stored.error());
      continue;
    }
    const auto& head = stored.value().head;
    const auto seen = streams_.find(name.value().text());
    const auto version = seen == streams_.end() ? head.parent_version : seen->second.version;
    if (head.version != version)
      found(head.position,
            "the head of stream " + name.value().text() + " is at version " +
                std::to_string(head.version) + ", its records end at " + std::to_string(version));
    std::string ignored;
    const auto listed = in_.get(table::open, at->key(), ignored);
    if (!listed || listed.value() != (head.status == stream_status::open))
      found(head.position, "the list of open streams is wrong about " + name.value().text());
  }
  check_end(*at, "heads");
  if (report.streams != now_.state.streams)
    found(0, "the log's state counts another number of streams");
}

void verification::index(table which) {
  const auto name_of = table_names[static_cast<std::size_t>(which)];
  const auto at = in_.cursor(which);
  std::uint64_t sum = 0;
  for (at->seek({}); at->valid(); at->next()) {
    const auto place = parse_index_key(at->key());
    const auto entry = decode_index(at->value());
    if (!place || !entry) {
      found(0, place ? entry.error() : place.error());
      continue;
    }
    const auto first = entry.value().first_position;
    sum += entry.value().count;
    std::string value;
    const auto there = in_.get(table::records, position_key(first), value);
    const auto read = there && there.value() ? decode_record(value, first)
                                             : result<stored_record>{corrupt(first, "missing")};
    if (!read)
      continue; // found by the walk over the records
    const auto& what = read.value().what;
    const bool right =
        which == table::by_stream
            ? what.stream.text() == place.value().name && what.version == place.value().number
            : what.root.text() == place.value().name && what.position == place.value().number;
    if (!right)
      found(first, std::string{"index "}.append(name_of) + " leads to another record");
  }
  check_end(*at, name_of);
  if (sum != now_.state.head)
    found(0,
          std::string{"index "}.append(name_of) + " leads to " + std::to_string(sum) +
              " records of " + std::to_string(now_.state.head));
}

void verification::keys() {
  const auto at = in_.cursor(table::keys);
  std::uint64_t count = 0;
  for (at->seek({}); at->valid(); at->next()) {
    ++count;
    const auto place = parse_idempotency_key(at->key());
    const auto stored = decode_key(at->value());
    if (!place || !stored) {
      found(0, place ? stored.error() : place.error());
      continue;
    }
    const auto first = stored.value().what.first_position;
    std::string value;
    const auto there = in_.get(table::records, position_key(first), value);
    if (!there || !there.value())
      continue; // found by the walk over the records
    const auto read = decode_record(value, first);
    if (read && (read.value().what.stream.text() != place.value().stream ||
                 read.value().what.idempotency_key != place.value().key ||
                 read.value().what.version != stored.value().what.first_version))
      found(first, "an idempotency key leads to another record");
  }
  check_end(*at, "keys");
  if (count != key_count_)
    found(0,
          std::to_string(count) + " idempotency keys are kept, the records have " +
              std::to_string(key_count_));
}

void verification::open_streams() {
  const auto at = in_.cursor(table::open);
  std::uint64_t count = 0;
  for (at->seek({}); at->valid(); at->next())
    ++count;
  check_end(*at, "open");
  if (count != now_.state.open_streams)
    found(0, "the log's state counts another number of open streams");
}

void verification::blobs() {
  const auto at = in_.cursor(table::blobs);
  for (at->seek({}); at->valid(); at->next()) {
    ++report.blobs;
    const auto name = "blob " + to_hex(at->key());
    const auto read = unpack(at->value(), name);
    if (!read)
      found(0, read.error());
    else if (view(read.value().hash) != at->key())
      found(0, name + " holds the bytes of another");
  }
  check_end(*at, "blobs");
  if (report.blobs != now_.state.blobs)
    found(0, "the log's state counts another number of blobs");
}

void verification::snapshots() {
  const auto at = in_.cursor(table::snapshots);
  for (at->seek({}); at->valid(); at->next()) {
    const auto name = stream_id::parse(at->key());
    if (!name)
      found(0, "a snapshot is kept under a name that is none");
    else if (const auto read = decode_snapshot(at->value(), name.value()); !read)
      found(0, read.error());
  }
  check_end(*at, "snapshots");
}

} // namespace

result<verify_report>
verify_log(const moment& now, const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  verification all{now};
  all.records(progress);
  all.heads();
  all.index(table::by_stream);
  all.index(table::by_root);
  all.keys();
  all.open_streams();
  all.blobs();
  all.snapshots();
  return std::move(all.report);
}

result<void> check_tail(const moment& now) {
  const auto head = now.state.head;
  const auto at = now.view->cursor(table::records);
  at->seek(position_key(head + 1));
  if (at->valid())
    return corrupt(head + 1, "there is a record beyond the log's head");
  TRY(at->status());
  std::unordered_map<std::string, const record*> last;
  records tail;
  const auto from = head - std::min(head, tail_records);
  at->seek(position_key(from + 1));
  for (auto position = from + 1; position <= head; ++position, at->next()) {
    if (!at->valid() || position_of_key(at->key()) != position) {
      const auto status = at->status();
      return corrupt(position, status ? "the record is missing" : status.error().message);
    }
    TRY(auto read, decode_record(at->value(), position));
    const bool first = position == from + 1;
    const auto& before = first ? sha256_digest{} : tail.back().hash;
    if ((!first || from == 0) && read.what.previous != before)
      return corrupt(position, "the record does not follow the one before it");
    read.what.payload.clear();
    tail.push_back(std::move(read.what));
  }
  if (head != 0 && tail.back().hash != now.state.head_hash)
    return corrupt(head, "the log's state has another hash for its head");
  const auto checked = std::min<std::uint64_t>(tail.size(), tail_heads);
  for (auto i = tail.size() - checked; i < tail.size(); ++i)
    last[tail[i].stream.text()] = &tail[i];
  for (const auto& [name, what] : last) {
    TRY(const auto stored, find_head(*now.view, what->stream));
    if (!stored || stored->version != what->version || stored->position != what->position)
      return corrupt(what->position, "the head of stream " + name + " is at another version");
  }
  return success();
}

} // namespace ash::log
