// What the tests of the log share: a directory that is removed again, both logs behind one name,
// and short ways to say an append.
#pragma once

#include "events/log/memory_log.hpp"
#include "events/log/rocksdb_log.hpp"

#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace ash::log {

/// A new directory, in memory where there is a place for that.
class scratch_directory {
public:
  scratch_directory() {
    const std::filesystem::path memory{"/dev/shm"};
    const auto base = std::filesystem::exists(memory) ? memory : std::filesystem::path{"/tmp"};
    path_ = (base / "ash-log-test-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr)
      throw std::runtime_error{"no directory for the test"};
  }
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  ~scratch_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string path(const std::string& name = "log") const {
    return path_ + "/" + name;
  }

private:
  std::string path_;
};

inline stream_id a_stream(std::string_view key) {
  return {entity_kind::run, key};
}

inline draft a_fact(std::string payload, durability keep = durability::synced) {
  return {"run.noted", 1, keep, std::move(payload)};
}

inline entry an_entry(std::string key, std::vector<draft> facts) {
  return {std::move(key), "correlation", "causation", std::move(facts)};
}

/// One entry with one fact.
inline append_request an_append(const stream_id& stream,
                                std::uint64_t expected,
                                std::string payload,
                                std::string key = {},
                                durability keep = durability::synced) {
  append_request what;
  what.stream = stream;
  what.root = stream;
  what.expected_version = expected;
  what.at = {1'000};
  what.entries = {an_entry(std::move(key), {a_fact(std::move(payload), keep)})};
  return what;
}

inline std::unique_ptr<event_log> open_or_throw(open_options options) {
  auto opened = open_rocksdb_log(std::move(options));
  if (!opened)
    throw std::runtime_error{to_string(opened.error())};
  return std::move(opened).value();
}

inline std::unique_ptr<event_log> open_log_in(const std::string& directory) {
  open_options options;
  options.directory = directory;
  return open_or_throw(std::move(options));
}

inline std::vector<record> all_of(const event_log& log) {
  std::vector<record> all;
  while (true) {
    auto page = log.read(all.size()).value();
    if (page.empty())
      return all;
    std::move(page.begin(), page.end(), std::back_inserter(all));
  }
}

inline bool same(const record& a, const record& b) {
  return a.position == b.position && a.stream == b.stream && a.version == b.version &&
         a.root == b.root && a.type == b.type && a.schema_version == b.schema_version &&
         a.at == b.at && a.correlation == b.correlation && a.causation == b.causation &&
         a.idempotency_key == b.idempotency_key && a.keep == b.keep && a.pruned == b.pruned &&
         a.payload == b.payload && a.payload_hash == b.payload_hash && a.previous == b.previous &&
         a.hash == b.hash;
}

inline void expect_sound(const event_log& log) {
  const auto report = log.verify().value();
  EXPECT_EQ(report.damage_count, 0U);
  for (const auto& each : report.damages)
    ADD_FAILURE() << each.position << ": " << each.what;
  EXPECT_EQ(report.records, log.head());
}

/// Appends of two facts each, to two streams in turn.
inline void write_pairs(event_log& log, std::uint64_t from, std::uint64_t to) {
  for (auto i = from; i < to; ++i) {
    auto what = an_append(a_stream("s" + std::to_string(i % 2)),
                          i / 2 * 2,
                          "payload " + std::to_string(i),
                          "key " + std::to_string(i));
    what.entries[0].facts.push_back(a_fact("more"));
    if (const auto at = log.append_now(what); !at)
      throw std::runtime_error{to_string(at.error())};
  }
}

/// Each test of the contract runs over both logs.
class log_contract : public testing::TestWithParam<std::string> {
protected:
  log_contract() {
    if (on_disk())
      log = open_log_in(scratch.path());
    else
      log = make_memory_log();
  }
  [[nodiscard]] static bool on_disk() { return GetParam() == "rocksdb"; }

  scratch_directory scratch;
  std::unique_ptr<event_log> log;
};

} // namespace ash::log
