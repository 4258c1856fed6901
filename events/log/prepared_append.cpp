#include "events/log/prepared_append.hpp"

#include "events/log/byte_order.hpp"

#include <algorithm>

namespace ash::log {
namespace {

error invalid(const append_request& what, std::string why) {
  return refuse(errc::argument_invalid, "can't append to '" + what.stream.text() + "': " + why);
}

result<void> check_entry(const append_request& what, const entry& each) {
  if (each.facts.empty())
    return invalid(what, "an entry has no facts");
  if (each.idempotency_key.size() > max_key_bytes)
    return invalid(what, "an idempotency key is over 200 bytes");
  if (each.correlation.size() > max_label_bytes || each.causation.size() > max_label_bytes)
    return invalid(what, "a correlation or causation is over 1000 bytes");
  for (const auto& fact : each.facts)
    if (fact.type.empty() || fact.type.size() > max_label_bytes)
      return invalid(what, "a fact's type is empty or over 1000 bytes");
  return success();
}

struct volume {
  std::size_t facts = 0;
  std::size_t bytes = 0;
};

result<volume> check_request(const append_request& what) {
  if (what.stream.empty() || what.root.empty())
    return refuse(errc::argument_invalid, "an append needs the names of its stream and its root");
  if (what.entries.empty())
    return invalid(what, "it has no entries");
  volume sum;
  for (const auto& each : what.entries) {
    TRY(check_entry(what, each));
    const auto labels = each.correlation.size() + each.causation.size() +
                        each.idempotency_key.size() + what.stream.text().size() +
                        what.root.text().size();
    sum.facts += each.facts.size();
    for (const auto& fact : each.facts)
      sum.bytes += 160 + labels + fact.type.size() + fact.payload.size();
  }
  for (const auto& each : what.blobs)
    sum.bytes += each.bytes.size();
  if (sum.bytes > max_append_bytes || sum.facts > max_facts_per_append)
    return refuse(errc::limit_exceeded,
                  "an append to '" + what.stream.text() + "' has " + std::to_string(sum.facts) +
                      " facts and " + std::to_string(sum.bytes) + " bytes; at most " +
                      std::to_string(max_facts_per_append) + " facts and " +
                      std::to_string(max_append_bytes) + " bytes are taken: split it");
  return sum;
}

/// Encodes one entry's facts; returns the hash of their content.
sha256_digest encode_entry(const append_request& what, const entry& each, prepared_append& out) {
  std::string content;
  byte_writer to{content};
  for (const auto& fact : each.facts) {
    const auto hash = sha256(fact.payload);
    to.text(fact.type).number(fact.schema_version).digest(hash);
    out.begins.push_back(static_cast<std::uint32_t>(out.records.size()));
    encode_record(out.records,
                  {what.stream.text(),
                   what.root.text(),
                   fact.type,
                   each.correlation,
                   each.causation,
                   each.idempotency_key,
                   fact.schema_version,
                   what.at,
                   fact.keep},
                  fact.payload,
                  hash);
    if (fact.payload.size() > inline_payload_bytes)
      out.blobs.push_back({hash, pack(fact.payload, hash)});
    out.forces_sync = out.forces_sync || fact.keep == durability::synced;
  }
  return sha256(content);
}

bool has_a_key_twice(const prepared_append& what) {
  if (what.keys.size() < 2)
    return false;
  std::vector<std::string_view> keys;
  keys.reserve(what.keys.size());
  for (const auto& each : what.keys)
    keys.emplace_back(each.table_key);
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

} // namespace

std::size_t prepared_append::bytes() const {
  auto sum = records.size() + 256;
  for (const auto& each : keys)
    sum += each.table_key.size() + 128;
  for (const auto& each : blobs)
    sum += each.value.size() + 64;
  return sum;
}

result<prepared_append> prepare(const append_request& what) {
  TRY(const auto sum, check_request(what));
  prepared_append out;
  out.stream = what.stream;
  out.root = what.root;
  out.expected_version = what.expected_version;
  out.status = what.status;
  out.keys_are_new = what.keys_are_new;
  out.entries = what.entries.size();
  out.records.reserve(sum.bytes);
  out.begins.reserve(sum.facts);
  std::string contents;
  for (const auto& each : what.entries) {
    const auto first = out.begins.size();
    const auto content = encode_entry(what, each, out);
    byte_writer{contents}.text(each.idempotency_key).digest(content);
    if (!each.idempotency_key.empty())
      out.keys.push_back({idempotency_table_key(what.stream, each.idempotency_key),
                          content,
                          first,
                          each.facts.size(),
                          {}});
  }
  if (has_a_key_twice(out))
    return invalid(what, "two entries have the same idempotency key");
  if (out.entries > 1)
    out.content = sha256(contents);
  for (const auto& each : what.blobs) {
    if (sha256(each.bytes) != each.hash)
      return invalid(what, "blob " + to_string(each.hash) + " has bytes with another hash");
    out.blobs.push_back({each.hash, pack(each.bytes, each.hash)});
  }
  return out;
}

result<std::optional<stored_key>> find_stored_key(const table_view& in,
                                                  std::string_view table_key) {
  std::string value;
  TRY(const auto found, in.get(table::keys, table_key, value));
  if (!found)
    return std::optional<stored_key>{};
  TRY(auto stored, decode_key(value));
  return std::optional<stored_key>{std::move(stored)};
}

result<void> look_up_keys(prepared_append& what, const table_view& durable, std::uint64_t batch) {
  for (auto& each : what.keys) {
    TRY(auto found, find_stored_key(durable, each.table_key));
    each.found = std::move(found);
  }
  what.looked_up_after = batch;
  return success();
}

} // namespace ash::log
