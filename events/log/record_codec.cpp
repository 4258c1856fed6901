#include "events/log/record_codec.hpp"

#include "events/base/check.hpp"
#include "events/log/byte_order.hpp"

#include <array>
#include <charconv>

namespace ash::log {
namespace {

/// With which every `log_corrupt` of this folder ends.
constexpr std::string_view damage_advice =
    "; run `log verify` to see how far the damage goes, then restore a backup";

std::string place_of(std::uint64_t position) {
  return position == 0 ? std::string{} : "position " + std::to_string(position) + ": ";
}

constexpr std::uint8_t record_format = 1;
constexpr std::uint8_t flag_transient = 1;
constexpr std::uint8_t flag_pruned = 2;
constexpr std::uint8_t flag_blob = 4;
constexpr std::uint8_t known_flags = flag_transient | flag_pruned | flag_blob;

constexpr std::size_t flags_at = 1;
constexpr std::size_t position_at = 4;
constexpr std::size_t version_at = 12;
constexpr std::size_t previous_at = 28;
constexpr std::size_t sizes_at = 96;
constexpr std::size_t texts_at = 108;
constexpr std::size_t hash_size = 32;

/// The size of the header of a record's value; 0 where the value is too short to have one.
std::size_t header_size(std::string_view value) {
  if (value.size() < texts_at + hash_size)
    return 0;
  std::size_t size = texts_at;
  byte_reader sizes{value.substr(sizes_at, texts_at - sizes_at)};
  for (int i = 0; i < 6; ++i)
    size += sizes.number<std::uint16_t>();
  return size + hash_size <= value.size() ? size : 0;
}

sha256_digest hash_of_header(std::string_view header) {
  const auto flags = static_cast<std::uint8_t>(header[flags_at]);
  if ((flags & flag_pruned) == 0)
    return sha256(header);
  const auto unpruned = static_cast<char>(flags & ~flag_pruned);
  return sha256({header.substr(0, flags_at), {&unpruned, 1}, header.substr(flags_at + 1)});
}

result<void>
check_payload(const stored_record& read, std::uint8_t flags, std::string_view payload) {
  const auto position = read.what.position;
  const bool pruned = (flags & flag_pruned) != 0;
  if (pruned && ((flags & flag_transient) == 0 || read.payload_size == 0))
    return corrupt(position, "a record that can't be pruned is marked as pruned");
  if (read.in_blob != (read.payload_size > inline_payload_bytes))
    return corrupt(position, "the payload is not kept where its size says");
  if (payload.size() != (pruned || read.in_blob ? 0 : read.payload_size))
    return corrupt(position, "the payload is cut or has bytes too many");
  if (!pruned && !read.in_blob && sha256(payload) != read.what.payload_hash)
    return corrupt(position, "the payload does not match its hash");
  return success();
}

/// Names, once the hash has shown that they are what was written.
result<void> read_names(record& what, std::string_view stream, std::string_view root) {
  auto parsed = stream_id::parse(stream);
  auto parsed_root = stream_id::parse(root);
  if (!parsed || !parsed_root)
    return corrupt(what.position, "the record's stream has no valid name");
  what.stream = std::move(parsed).value();
  what.root = std::move(parsed_root).value();
  return success();
}

} // namespace

error corrupt(std::uint64_t position, std::string what) {
  auto message = place_of(position) + what;
  if (!what.ends_with(damage_advice)) // of an error that was met on the way
    message += damage_advice;
  auto found = refuse(errc::log_corrupt, std::move(message));
  if (position != 0)
    found.details.emplace_back("position", std::to_string(position));
  return found;
}

damage damage_of(const error& why) {
  damage out{0, why.message};
  if (out.what.ends_with(damage_advice))
    out.what.resize(out.what.size() - damage_advice.size());
  for (const auto& [name, value] : why.details)
    if (name == "position")
      std::from_chars(value.data(), value.data() + value.size(), out.position);
  if (const auto place = place_of(out.position); out.what.starts_with(place))
    out.what.erase(0, place.size());
  return out;
}

// -- keys -----------------------------------------------------------------------------------------

std::string position_key(std::uint64_t position) {
  std::string key;
  append_big(key, position);
  return key;
}

std::uint64_t position_of_key(std::string_view key) {
  return key.size() == 8 ? read_big(key) : 0;
}

std::string index_key(const stream_id& name, std::uint64_t number) {
  std::string key;
  key.reserve(name.text().size() + 9);
  key += static_cast<char>(name.text().size());
  key += name.text();
  append_big(key, number);
  return key;
}

result<index_place> parse_index_key(std::string_view key) {
  byte_reader in{key};
  const auto name = in.take(in.number<std::uint8_t>());
  const auto number = in.take(8);
  if (!in.done() || name.empty())
    return corrupt(0, "an index has a key of another form");
  return index_place{name, read_big(number)};
}

bool is_index_key_of(std::string_view key, const stream_id& name, std::uint64_t& number) {
  const auto& text = name.text();
  if (key.size() != text.size() + 9 || static_cast<std::uint8_t>(key[0]) != text.size() ||
      key.substr(1, text.size()) != text)
    return false;
  number = read_big(key.substr(text.size() + 1));
  return true;
}

std::string idempotency_table_key(const stream_id& stream, std::string_view key) {
  std::string whole;
  whole.reserve(stream.text().size() + 1 + key.size());
  whole += static_cast<char>(stream.text().size());
  whole.append(stream.text()).append(key);
  return whole;
}

result<idempotency_place> parse_idempotency_key(std::string_view key) {
  byte_reader in{key};
  const auto stream = in.take(in.number<std::uint8_t>());
  if (!in.good() || stream.empty() || in.rest().empty())
    return corrupt(0, "the idempotency keys have a key of another form");
  return idempotency_place{stream, in.rest()};
}

// -- records --------------------------------------------------------------------------------------

void encode_record(std::string& out,
                   const record_labels& labels,
                   std::string_view payload,
                   const sha256_digest& payload_hash) {
  const bool in_blob = payload.size() > inline_payload_bytes;
  const std::array texts{
      labels.stream, labels.root, labels.type, labels.correlation, labels.causation, labels.key};
  auto flags = labels.keep == durability::transient ? flag_transient : std::uint8_t{0};
  if (in_blob)
    flags = static_cast<std::uint8_t>(flags | flag_blob);
  byte_writer to{out};
  to.number(record_format).number(flags).number(labels.schema_version);
  to.number(std::uint64_t{0}).number(std::uint64_t{0}).number(labels.at.us);
  to.digest({}).digest(payload_hash).number(static_cast<std::uint32_t>(payload.size()));
  for (const auto text : texts)
    to.number(static_cast<std::uint16_t>(text.size()));
  for (const auto text : texts)
    out.append(text);
  to.digest({});
  if (!in_blob)
    out.append(payload);
}

sha256_digest seal_record(std::string& values,
                          std::size_t offset,
                          std::uint64_t position,
                          std::uint64_t version,
                          const sha256_digest& previous) {
  auto* at = values.data() + offset;
  put_little(at + position_at, position);
  put_little(at + version_at, version);
  std::memcpy(at + previous_at, previous.bytes.data(), hash_size);
  const auto header = header_size({at, values.size() - offset});
  check(header != 0, "a record to be sealed has no header");
  const auto hash = sha256({at, header});
  std::memcpy(at + header, hash.bytes.data(), hash_size);
  return hash;
}

result<stored_record> decode_record(std::string_view value, std::uint64_t position) {
  const auto size = header_size(value);
  if (size == 0)
    return corrupt(position, "the record is cut");
  if (static_cast<std::uint8_t>(value[0]) != record_format)
    return corrupt(position, "the record has an unknown format");
  const auto header = value.substr(0, size);
  byte_reader in{header.substr(1)};
  stored_record read;
  auto& what = read.what;
  const auto flags = in.number<std::uint8_t>();
  what.schema_version = in.number<std::uint16_t>();
  what.position = in.number<std::uint64_t>();
  what.version = in.number<std::uint64_t>();
  what.at.us = in.number<std::int64_t>();
  what.previous = in.digest();
  what.payload_hash = in.digest();
  read.payload_size = in.number<std::uint32_t>();
  std::array<std::size_t, 6> sizes{};
  for (auto& each : sizes)
    each = in.number<std::uint16_t>();
  std::array<std::string_view, 6> texts;
  for (std::size_t i = 0; i < texts.size(); ++i)
    texts[i] = in.take(sizes[i]);
  what.hash = byte_reader{value.substr(size)}.digest();
  if ((flags & ~known_flags) != 0 || hash_of_header(header) != what.hash)
    return corrupt(position, "the record does not match its hash");
  if (what.position != position)
    return corrupt(position,
                   "the record kept here says that it is at position " +
                       std::to_string(what.position));
  TRY(read_names(what, texts[0], texts[1]));
  what.type = texts[2];
  what.correlation = texts[3];
  what.causation = texts[4];
  what.idempotency_key = texts[5];
  what.keep = (flags & flag_transient) != 0 ? durability::transient : durability::synced;
  what.pruned = (flags & flag_pruned) != 0;
  read.in_blob = (flags & flag_blob) != 0;
  const auto payload = value.substr(size + hash_size);
  TRY(check_payload(read, flags, payload));
  what.payload = payload;
  return read;
}

std::string prune_record(std::string_view value) {
  const auto size = header_size(value);
  check(size != 0, "a record to be pruned has no header");
  std::string stub{value.substr(0, size + hash_size)};
  stub[flags_at] = static_cast<char>(static_cast<std::uint8_t>(stub[flags_at]) | flag_pruned);
  return stub;
}

} // namespace ash::log
