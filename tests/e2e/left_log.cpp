#include "events/base/match.hpp"
#include "events/codec/codec.hpp"
#include "tests/e2e/harness.hpp"

#include <charconv>
#include <gtest/gtest.h>

namespace ash::e2e {
namespace {

std::optional<sha256_digest> digest_from(std::string_view hex) {
  sha256_digest digest;
  if (hex.size() != 2 * digest.bytes.size())
    return std::nullopt;
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    const auto* from = hex.data() + 2 * i;
    if (std::from_chars(from, from + 2, digest.bytes[i], 16).ptr != from + 2)
      return std::nullopt;
  }
  return digest;
}

} // namespace

left_log::left_log(const fs::path& data_dir) {
  log::open_options options;
  options.directory = data_dir / "log";
  options.mode = log::open_mode::reader;
  auto opened = log::open_rocksdb_log(std::move(options));
  if (opened)
    log_ = std::move(opened).value();
  else // there is none yet, or another process is just making it
    EXPECT_TRUE(opened.error().code == errc::file_not_found ||
                opened.error().code == errc::store_unavailable)
        << to_string(opened.error());
}

std::vector<fact_at> facts_of(const log::event_log& log) {
  std::vector<fact_at> found;
  for (std::uint64_t after = 0;;) {
    auto page = log.read(after);
    EXPECT_TRUE(page) << to_string(page.error());
    if (!page || page.value().empty())
      return found;
    for (auto& record : page.value()) {
      after = record.position;
      if (record.pruned)
        continue;
      auto fact = codec::decode(record.type, record.schema_version, record.payload);
      EXPECT_TRUE(fact) << to_string(fact.error());
      record.payload.clear();
      if (fact)
        found.push_back({std::move(record), std::move(fact).value()});
    }
  }
}

std::vector<inspect::run_summary> left_log::runs() const {
  auto listed = inspect::list_runs(*log_);
  EXPECT_TRUE(listed) << to_string(listed.error());
  return listed ? std::move(listed).value() : std::vector<inspect::run_summary>{};
}

std::string left_log::damages() const {
  const auto verified = log_->verify({});
  if (!verified)
    return to_string(verified.error());
  std::string found;
  for (const auto& each : verified.value().damages)
    found += "position " + std::to_string(each.position) + ": " + each.what + '\n';
  return found;
}

std::string left_log::text_of(const document& doc) const {
  if (!doc.text.empty() || doc.size == 0)
    return doc.text;
  const auto address = digest_from(doc.sha256);
  EXPECT_TRUE(address) << doc.sha256;
  if (!address)
    return {};
  auto bytes = log_->read_blob(address.value());
  EXPECT_TRUE(bytes) << to_string(bytes.error());
  return bytes ? std::move(bytes).value() : std::string{};
}

books count_money(const std::vector<fact_at>& facts) {
  books out;
  std::map<call_id, std::vector<budget_terms>> payers;
  const auto spend = [&](const auto& f) {
    out.spent_by_calls += f.cost;
    for (const auto& terms : payers[f.call])
      out.spent_in[terms.scope] += f.cost;
  };
  for (const auto& each : facts) {
    const std::string scope{each.record.stream.key()};
    std::visit(match{
                   [&](const turn::call_requested& f) { payers[f.call] = f.scopes; },
                   [&](const turn::call_completed& f) { spend(f); },
                   [&](const turn::call_failed& f) { spend(f); },
                   [&](const turn::call_lost& f) { spend(f); },
                   [&](const budget::reserved& f) { out.open[scope] += f.amount; },
                   [&](const budget::released& f) { out.open[scope] -= f.amount; },
                   [&](const budget::settled& f) {
                     out.open[scope] -= f.reserved;
                     out.settled[scope] += f.actual;
                   },
                   [](const auto&) {},
               },
               each.fact);
  }
  return out;
}

} // namespace ash::e2e
