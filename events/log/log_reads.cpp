#include "events/log/log_reads.hpp"

#include <algorithm>

namespace ash::log {
namespace {

// A chain of forks longer than this is a circle that damage has made.
constexpr std::size_t max_fork_depth = 10'000;

/// Takes records until the limit is reached.
class collector {
public:
  collector(const table_view& in, read_limit limit)
      : view_{in}, limit_{limit}, at_{in.cursor(table::records)} {}

  /// The record at `position`; false where the limit leaves no room for it.
  result<bool> take(std::uint64_t position) {
    if (taken.size() >= std::max<std::size_t>(limit_.max_records, 1))
      return false;
    TRY(move_to(position));
    TRY(auto read, decode_record(at_->value(), position));
    const auto size = read.what.pruned ? 0 : read.payload_size;
    if (!taken.empty() && bytes_ + size > limit_.max_bytes)
      return false;
    TRY(complete_payload(view_, read));
    if (last_ + 1 == position && !taken.empty() && taken.back().hash != read.what.previous)
      return corrupt(position, "the record does not follow the one before it");
    bytes_ += size;
    last_ = position;
    taken.push_back(std::move(read.what));
    return true;
  }

  records taken;

private:
  result<void> move_to(std::uint64_t position) {
    if (last_ != 0 && last_ + 1 == position && at_->valid())
      at_->next();
    else
      at_->seek(position_key(position));
    if (at_->valid() && position_of_key(at_->key()) == position)
      return success();
    if (const auto status = at_->status(); !status)
      return corrupt(position, "the record can't be read (" + status.error().message + ")");
    return corrupt(position, "the record is missing");
  }

  const table_view& view_;
  read_limit limit_;
  std::unique_ptr<table_cursor> at_;
  std::uint64_t last_ = 0;
  std::size_t bytes_ = 0;
};

/// Walks one index: appends of one name, from the one that holds `number` or follows it.
class index_walk {
public:
  index_walk(const table_view& in, table index, const stream_id& name, std::uint64_t number)
      : name_{name}, at_{in.cursor(index)} {
    const auto key = index_key(name, number);
    at_->seek_back(key);
    std::uint64_t ignored = 0;
    if (!at_->valid() || !is_index_key_of(at_->key(), name, ignored))
      at_->seek(key);
  }

  /// The append here: its first number, position and count. None at the end.
  struct step {
    std::uint64_t first = 0;
    index_entry entry;
  };
  result<std::optional<step>> here() const {
    step found;
    if (!at_->valid()) {
      TRY(at_->status());
      return std::optional<step>{};
    }
    if (!is_index_key_of(at_->key(), name_, found.first))
      return std::optional<step>{};
    TRY(found.entry, decode_index(at_->value()));
    return std::optional{found};
  }
  void next() { at_->next(); }

private:
  const stream_id& name_;
  std::unique_ptr<table_cursor> at_;
};

error wrong_index(std::uint64_t position, const stream_id& name) {
  return corrupt(position, "the index of " + name.text() + " leads to another record");
}

struct segment {
  stream_id stream;
  std::uint64_t from = 0; ///< the first version
  std::uint64_t to = 0;   ///< the last one
};

/// Where the facts of a stream after a version are, oldest first.
result<std::vector<segment>> segments(const table_view& in, stream_id stream, std::uint64_t after) {
  std::vector<segment> found;
  auto to = ~std::uint64_t{0};
  for (std::size_t depth = 0; depth < max_fork_depth; ++depth) {
    TRY(const auto head, find_head(in, stream));
    if (!head) {
      if (depth == 0)
        return found;
      return corrupt(0, "stream " + stream.text() + " was forked, but is missing");
    }
    to = std::min(to, head->version);
    if (to > head->parent_version)
      found.push_back({stream, std::max(head->parent_version, after) + 1, to});
    if (!head->parent || head->parent_version <= after) {
      std::reverse(found.begin(), found.end());
      return found;
    }
    to = std::min(to, head->parent_version);
    stream = *head->parent;
  }
  return corrupt(0, "the forks of stream " + stream.text() + " form a circle");
}

/// False where the limit was reached.
result<bool> collect(const table_view& in, const segment& part, collector& into) {
  auto version = part.from;
  for (index_walk walk{in, table::by_stream, part.stream, version}; version <= part.to;
       walk.next()) {
    TRY(const auto step, walk.here());
    if (!step || step->first > version)
      return corrupt(0,
                     "version " + std::to_string(version) + " of stream " + part.stream.text() +
                         " is missing from the index");
    for (; version < step->first + step->entry.count && version <= part.to; ++version) {
      const auto position = step->entry.first_position + (version - step->first);
      TRY(const auto more, into.take(position));
      if (!more)
        return false;
      const auto& read = into.taken.back();
      if (read.stream != part.stream || read.version != version)
        return wrong_index(position, part.stream);
    }
  }
  return true;
}

} // namespace

result<void> complete_payload(const table_view& in, stored_record& read) {
  if (!read.in_blob || read.what.pruned)
    return success();
  auto bytes = read_blob(in, read.what.payload_hash);
  if (!bytes)
    return corrupt(read.what.position, "the payload's blob: " + bytes.error().message);
  if (bytes.value().size() != read.payload_size)
    return corrupt(read.what.position, "the payload's blob has another size");
  read.what.payload = std::move(bytes).value();
  return success();
}

result<records> read_log(const moment& now, std::uint64_t after, read_limit limit) {
  collector into{*now.view, limit};
  for (auto position = after; position < now.state.head;) {
    TRY(const auto more, into.take(++position));
    if (!more)
      break;
  }
  return std::move(into.taken);
}

result<records> read_stream(const moment& now,
                            const stream_id& stream,
                            std::uint64_t after_version,
                            read_limit limit) {
  TRY(const auto parts, segments(*now.view, stream, after_version));
  collector into{*now.view, limit};
  for (const auto& part : parts) {
    if (part.to <= after_version)
      continue;
    TRY(const auto more, collect(*now.view, part, into));
    if (!more)
      break;
  }
  return std::move(into.taken);
}

result<records>
read_root(const moment& now, const stream_id& root, std::uint64_t after, read_limit limit) {
  collector into{*now.view, limit};
  if (after >= now.state.head)
    return std::move(into.taken);
  for (index_walk walk{*now.view, table::by_root, root, after + 1};; walk.next()) {
    TRY(const auto step, walk.here());
    if (!step)
      return std::move(into.taken);
    const auto end = step->entry.first_position + step->entry.count;
    if (step->first != step->entry.first_position || end <= step->first)
      return wrong_index(step->first, root);
    for (auto position = std::max(step->first, after + 1); position < end; ++position) {
      if (position > now.state.head)
        return std::move(into.taken);
      TRY(const auto more, into.take(position));
      if (!more)
        return std::move(into.taken);
      if (into.taken.back().root != root)
        return wrong_index(position, root);
    }
  }
}

result<std::optional<stream_head>> find_head(const table_view& in, const stream_id& stream) {
  std::string value;
  TRY(const auto found, in.get(table::heads, stream.text(), value));
  if (!found)
    return std::optional<stream_head>{};
  TRY(auto stored, decode_head(value, stream));
  return std::optional{std::move(stored.head)};
}

result<std::vector<stream_head>> list_heads(const table_view& in,
                                            entity_kind kind,
                                            std::string_view after,
                                            std::size_t max,
                                            event_log::listing which) {
  const auto prefix = std::string{to_string(kind)} + "/";
  const auto over = which == event_log::listing::open ? table::open : table::heads;
  std::vector<stream_head> found;
  const auto at = in.cursor(over);
  // The first name that sorts after `after` is it with a zero byte behind.
  at->seek(after.empty() || after < prefix ? prefix : std::string{after} + '\0');
  for (; found.size() < max && at->valid() && at->key().starts_with(prefix); at->next()) {
    auto name = stream_id::parse(at->key());
    if (!name)
      return corrupt(0, "the list of streams has a name that is none");
    if (which == event_log::listing::all) {
      TRY(auto stored, decode_head(at->value(), name.value()));
      found.push_back(std::move(stored.head));
      continue;
    }
    TRY(auto head, find_head(in, name.value()));
    if (!head)
      return corrupt(0, "stream " + name.value().text() + " is listed as open, but is missing");
    found.push_back(std::move(*head));
  }
  TRY(at->status());
  return found;
}

result<std::optional<snapshot>> load_snapshot(const table_view& in, const stream_id& stream) {
  std::string value;
  TRY(const auto found, in.get(table::snapshots, stream.text(), value));
  if (!found)
    return std::optional<snapshot>{};
  TRY(auto state, decode_snapshot(value, stream));
  return std::optional{std::move(state)};
}

result<std::string> read_blob(const table_view& in, const sha256_digest& hash) {
  std::string value;
  TRY(const auto found, in.get(table::blobs, view(hash), value));
  if (!found)
    return refuse(errc::blob_not_found, "there is no blob " + to_string(hash) + " in the log");
  TRY(auto read, unpack(value, "blob " + to_string(hash)));
  if (read.hash != hash)
    return corrupt(0, "blob " + to_string(hash) + " holds the bytes of another");
  return std::move(read.bytes);
}

result<std::uint64_t>
find_position(const table_view& in, const stream_id& stream, std::uint64_t version) {
  TRY(const auto parts, segments(in, stream, version - 1));
  for (const auto& part : parts) {
    if (version < part.from || version > part.to)
      continue;
    const index_walk walk{in, table::by_stream, part.stream, version};
    TRY(const auto step, walk.here());
    if (step && step->first <= version && version < step->first + step->entry.count)
      return step->entry.first_position + (version - step->first);
  }
  return corrupt(0,
                 "version " + std::to_string(version) + " of stream " + stream.text() +
                     " is missing from the index");
}

result<std::vector<std::pair<std::uint64_t, std::string>>> raw_records(const table_view& in,
                                                                       const stream_id& stream,
                                                                       std::uint64_t after_version,
                                                                       std::size_t max) {
  std::vector<std::pair<std::uint64_t, std::string>> found;
  for (index_walk walk{in, table::by_stream, stream, after_version + 1};; walk.next()) {
    TRY(const auto step, walk.here());
    if (!step)
      return found;
    const auto skipped = after_version < step->first ? 0 : after_version + 1 - step->first;
    for (auto i = skipped; i < step->entry.count; ++i) {
      if (found.size() == max)
        return found;
      const auto position = step->entry.first_position + i;
      std::string value;
      TRY(const auto there, in.get(table::records, position_key(position), value));
      if (!there)
        return corrupt(position, "the record is missing");
      found.emplace_back(position, std::move(value));
    }
  }
}

} // namespace ash::log
