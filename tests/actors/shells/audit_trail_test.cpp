// The audit trail against its log, where it was written by a process that knew fewer secrets.
#include "actors/shells/audit_trail.hpp"

#include "actors/aggregates/tool_call.hpp"
#include "actors/shells/fold.hpp"
#include "events/base/hash.hpp"
#include "events/log/memory_log.hpp"
#include "tests/actors/performers/fakes.hpp"

#include <fstream>

namespace ash {
namespace {

using namespace test;

const std::string key = "ghp_R7tY2uI9oP4aS6dF1gH8jK3lZ5xC0vB7nM2q";

class audit_trail : public ::testing::Test {
protected:
  void tell(const tool_call_id& call, const tool_call::command& what) {
    const auto done = fold::apply<tool_call_aggregate>(
        *log_, stream_of(call), stream_of(run_), what, system_now());
    ASSERT_TRUE(done) << done.error().message;
  }
  /// A call that ended, and its line.
  json::object a_line(const std::string& arguments) {
    tool_call::request asked;
    asked.what.call = {random_uuid()};
    asked.what.owner = stream_of(phase_id{random_uuid()});
    asked.what.name = "read_file";
    asked.what.arguments = arguments;
    asked.what.effect = effect_class::read;
    asked.what.worktree = "/worktree";
    asked.what.root = stream_of(run_);
    tell(asked.what.call, asked);
    tool_call::finish done;
    done.text = "done";
    tell(asked.what.call, done);
    EXPECT_TRUE(audit::trail::open(path_, *log_)); // writes what is missing as it goes
    json::object out;
    EXPECT_TRUE(audit::read(path_, [&](const audit::line& one) {
      out = one.shown;
      return true;
    }));
    return out;
  }
  /// In the place of the only line.
  void put(json::object line) {
    line.erase("hash");
    const auto hash = sha256_hex(canonical_json(line));
    line["hash"] = hash;
    std::ofstream{path_, std::ios::binary | std::ios::trunc} << to_json_text(line) << '\n';
  }
  [[nodiscard]] bool is_true() const { return audit::verify(path_, *log_).has_value(); }

  const run_id run_{random_uuid()};
  std::unique_ptr<log::event_log> log_ = log::make_memory_log();
  temporary_directory home_;
  std::string path_ = home_ / "audit.jsonl";
};

TEST_F(audit_trail, holds_where_a_secret_came_to_be_known_since) {
  auto line = a_line(R"({"path":")" + key + R"("})");
  EXPECT_EQ(line.at("arguments"), json::value(R"({"path":"[redacted:github-token]"})"));
  EXPECT_TRUE(is_true());
  line["arguments"] = R"({"path":")" + key + R"("})"; // as it was written before
  put(line);
  EXPECT_TRUE(is_true());
  line["arguments"] = R"({"path":"another"})";
  put(line);
  EXPECT_FALSE(is_true());
}

TEST_F(audit_trail, holds_where_a_cut_text_had_a_secret_that_nobody_knew) {
  const auto whole = R"({"path":")" + key + std::string(5'000, '.') + R"("})";
  auto line = a_line(whole);
  EXPECT_TRUE(is_true());
  line["arguments"] = whole.substr(0, 4'096);
  line["arguments_sha256"] = sha256_hex(whole);
  put(line);
  EXPECT_TRUE(is_true());
  line["arguments_sha256"] = sha256_hex("another");
  put(line);
  EXPECT_FALSE(is_true());
}

} // namespace
} // namespace ash
