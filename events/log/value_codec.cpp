// The values of every table but the records': see record_codec.hpp.
#include "events/base/check.hpp"
#include "events/log/byte_order.hpp"
#include "events/log/record_codec.hpp"

#include <zstd.h>

namespace ash::log {
namespace {

constexpr std::uint8_t value_format = 1;
constexpr std::uint8_t stored_raw = 0;
constexpr std::uint8_t stored_zstd = 1;
// Enough for texts and JSON; higher levels cost far more time than they save bytes.
constexpr int zstd_level = 3;

void write_receipt(byte_writer& to, const receipt& what) {
  to.number(what.first_position).number(what.first_version).number(what.count);
}

receipt read_receipt(byte_reader& in) {
  receipt what;
  what.first_position = in.number<std::uint64_t>();
  what.first_version = in.number<std::uint64_t>();
  what.count = in.number<std::uint64_t>();
  what.duplicate = true;
  return what;
}

bool starts_well(byte_reader& in) {
  return in.number<std::uint8_t>() == value_format;
}

} // namespace

std::string encode_index(const index_entry& entry) {
  std::string out;
  byte_writer{out}.number(value_format).number(entry.first_position).number(entry.count);
  return out;
}

result<index_entry> decode_index(std::string_view value) {
  byte_reader in{value};
  const bool known = starts_well(in);
  index_entry entry{in.number<std::uint64_t>(), in.number<std::uint64_t>()};
  if (!known || !in.done() || entry.first_position == 0 || entry.count == 0)
    return corrupt(entry.first_position, "an index entry is damaged");
  return entry;
}

std::string encode_key(const stored_key& stored) {
  std::string out;
  byte_writer to{out};
  to.number(value_format).number(std::uint8_t{stored.append.has_value()});
  write_receipt(to, stored.what);
  to.digest(stored.content);
  if (stored.append) {
    write_receipt(to, stored.append->what);
    to.digest(stored.append->content);
  }
  return out;
}

result<stored_key> decode_key(std::string_view value) {
  byte_reader in{value};
  const bool known = starts_well(in);
  const auto has_append = in.number<std::uint8_t>();
  stored_key stored{read_receipt(in), in.digest(), {}};
  if (has_append == 1) {
    const auto what = read_receipt(in);
    stored.append = stored_key::whole{what, in.digest()};
  }
  if (!known || has_append > 1 || !in.done() || stored.what.count == 0)
    return corrupt(stored.what.first_position, "the entry of an idempotency key is damaged");
  return stored;
}

std::string encode_head(const stored_head& stored) {
  const auto& head = stored.head;
  std::string out;
  byte_writer to{out};
  to.number(value_format).number(static_cast<std::uint8_t>(head.status));
  to.number(head.version).number(head.position).number(stored.pruned_to);
  to.text(head.root.text()).number(head.parent_version);
  to.text(head.parent ? std::string_view{head.parent->text()} : std::string_view{});
  return out;
}

result<stored_head> decode_head(std::string_view value, const stream_id& stream) {
  byte_reader in{value};
  const bool known = starts_well(in);
  stored_head stored;
  auto& head = stored.head;
  const auto status = in.number<std::uint8_t>();
  head.stream = stream;
  head.status = status == 0 ? stream_status::open : stream_status::closed;
  head.version = in.number<std::uint64_t>();
  head.position = in.number<std::uint64_t>();
  stored.pruned_to = in.number<std::uint64_t>();
  auto root = stream_id::parse(in.text());
  head.parent_version = in.number<std::uint64_t>();
  const auto parent = in.text();
  bool good = known && in.done() && status <= 1 && root.has_value() && head.version != 0;
  if (good && !parent.empty()) {
    auto parsed = stream_id::parse(parent);
    good = parsed.has_value() && head.parent_version <= head.version;
    if (good)
      head.parent = std::move(parsed).value();
  }
  if (!good)
    return corrupt(head.position, "the head of stream " + stream.text() + " is damaged");
  head.root = std::move(root).value();
  return stored;
}

std::string encode_state(const log_state& state) {
  std::string out;
  byte_writer to{out};
  to.number(value_format).number(state.head).digest(state.head_hash);
  to.number(state.streams).number(state.open_streams);
  to.number(state.blobs).number(state.snapshots);
  return out;
}

result<log_state> decode_state(std::string_view value) {
  byte_reader in{value};
  const bool known = starts_well(in);
  log_state state;
  state.head = in.number<std::uint64_t>();
  state.head_hash = in.digest();
  state.streams = in.number<std::uint64_t>();
  state.open_streams = in.number<std::uint64_t>();
  state.blobs = in.number<std::uint64_t>();
  state.snapshots = in.number<std::uint64_t>();
  if (!known || !in.done())
    return corrupt(0, "the log's state is damaged");
  return state;
}

std::string encode_life(const log_life& life) {
  std::string out;
  byte_writer to{out};
  to.number(value_format).number(std::uint8_t{life.closed_cleanly});
  to.number(life.incarnation.value.high).number(life.incarnation.value.low);
  to.number(life.boot.high).number(life.boot.low);
  return out;
}

result<log_life> decode_life(std::string_view value) {
  byte_reader in{value};
  const bool known = starts_well(in);
  log_life life;
  const auto clean = in.number<std::uint8_t>();
  life.closed_cleanly = clean == 1;
  life.incarnation.value.high = in.number<std::uint64_t>();
  life.incarnation.value.low = in.number<std::uint64_t>();
  life.boot.high = in.number<std::uint64_t>();
  life.boot.low = in.number<std::uint64_t>();
  if (!known || clean > 1 || !in.done() || life.incarnation.is_nil())
    return corrupt(0, "the log's incarnation is damaged");
  return life;
}

std::string pack(std::string_view bytes, const sha256_digest& hash) {
  std::string squeezed;
  squeezed.resize(ZSTD_compressBound(bytes.size()));
  const auto size =
      ZSTD_compress(squeezed.data(), squeezed.size(), bytes.data(), bytes.size(), zstd_level);
  const bool smaller = ZSTD_isError(size) == 0 && size < bytes.size();
  std::string out;
  out.reserve(48 + (smaller ? size : bytes.size()));
  byte_writer{out}
      .number(value_format)
      .number(smaller ? stored_zstd : stored_raw)
      .digest(hash)
      .number(std::uint64_t{bytes.size()});
  out.append(smaller ? std::string_view{squeezed.data(), size} : bytes);
  return out;
}

result<packed> unpack(std::string_view value, std::string_view what) {
  const auto damaged = [&](std::string_view how) {
    return corrupt(0, std::string{what}.append(" ").append(how));
  };
  byte_reader in{value};
  const bool known = starts_well(in);
  const auto kind = in.number<std::uint8_t>();
  packed read;
  read.hash = in.digest();
  const auto size = in.number<std::uint64_t>();
  const auto stored = in.rest();
  if (!known || !in.good() || kind > stored_zstd || size > max_append_bytes)
    return damaged("has a damaged header");
  if (kind == stored_raw) {
    read.bytes = stored;
  } else {
    read.bytes.resize(size);
    const auto got = ZSTD_decompress(read.bytes.data(), size, stored.data(), stored.size());
    if (ZSTD_isError(got) != 0 || got != size)
      return damaged("can't be decompressed");
  }
  if (read.bytes.size() != size || sha256(read.bytes) != read.hash)
    return damaged("does not match its hash");
  return read;
}

std::string encode_snapshot(const snapshot& state) {
  std::string out;
  byte_writer{out}.number(state.version);
  return out + pack(state.bytes, sha256(state.bytes));
}

result<snapshot> decode_snapshot(std::string_view value, const stream_id& stream) {
  byte_reader in{value};
  const auto version = in.number<std::uint64_t>();
  TRY(auto read, unpack(in.rest(), "the snapshot of stream " + stream.text()));
  return snapshot{version, std::move(read.bytes)};
}

} // namespace ash::log
