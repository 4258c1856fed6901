// Work that goes on with what was bound to it before: after a restart, with the model that was
// chosen, and only while somebody consents.
#include "actors/shells/consents.hpp"
#include "actors/shells/runtime.hpp"
#include "events/codec/codec.hpp"
#include "tests/actors/performers/fakes.hpp"

#include <chrono>
#include <thread>

namespace ash {
namespace {

using namespace test;
using namespace std::chrono_literals;

constexpr auto the_wide_writer = R"(name: %NAME%
version: 1
title: %NAME%
capabilities: [write]
model: scripted:none
max_cost_per_call: 1
system_prompt: You are a %NAME%.
)";

constexpr auto the_wide_workflow = R"(name: wide
version: 1
title: Two sides and what they come to
parallel: 2
roles:
  - name: writer
    required_capabilities: [write]
phases:
  - key: left
    role: writer
    title: Left
    instructions: Do the left side.
    artifact: {path: out/left.json, schema: test/note@1}
    approval: true
  - key: right
    role: writer
    title: Right
    instructions: Do the right side.
    artifact: {path: out/right.json, schema: test/note@1}
  - key: join
    role: writer
    title: Join
    instructions: Join both sides.
    needs: [left, right]
    artifact: {path: out/join.json, schema: test/note@1}
)";

constexpr auto a_script = R"(turns:
  - match: {contains: Do the right side, has_tool_result: false}
    tool_calls:
      - {name: write_file, arguments: {path: out/right.json, content: '{"note": "right"}'}}
    delay_ms: %DELAY%
  - match: {contains: Do the left side, has_tool_result: false}
    tool_calls:
      - {name: write_file, arguments: {path: out/left.json, content: '{"note": "left"}'}}
  - match: {contains: Join both sides, has_tool_result: false}
    tool_calls:
      - {name: write_file, arguments: {path: out/join.json, content: '{"note": "both"}'}}
  - match: {last_tool: write_file}
    tool_calls: [{name: complete, arguments: {summary: Done.}}]
)";

std::string with(std::string text, const std::string& name, const std::string& value) {
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size()))
    text.replace(at, name.size(), value);
  return text;
}

class bound_work : public ::testing::Test {
protected:
  bound_work() {
    make_repository(repo_);
    write_text(definitions_ + "/personas/writer@1.yaml", with(the_wide_writer, "%NAME%", "writer"));
    write_text(definitions_ + "/workflows/wide@1.yaml", the_wide_workflow);
    write_text(definitions_ + "/artifacts/test/note@1.json", R"({"type": "object"})");
    write_text(script_, with(a_script, "%DELAY%", "600000"));
    open();
  }

  void open(after_crash how = after_crash::wait) {
    runtime_.reset();
    runtime_options options;
    options.crashed = how;
    options.data_dir = home_ / "data";
    options.definition_dirs = {definitions_};
    options.started_by = "a test";
    options.environment = [](std::string_view name) -> std::optional<std::string> {
      return name == "OPENAI_API_KEY" ? std::optional<std::string>{"sk-of-a-test"} : std::nullopt;
    };
    auto opened = runtime::open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    runtime_ = std::move(opened).value();
  }

  run_id started(const std::string& model, std::optional<usd> cap = std::nullopt) {
    run_request asked;
    asked.workflow = "wide";
    asked.overrides = {{"writer", "writer"}};
    asked.repo = repo_;
    asked.base_branch = "main";
    asked.requirements = "A note, please.";
    asked.model = model;
    asked.run_cap = cap;
    const auto run = runtime_->start_run(asked, me_);
    EXPECT_TRUE(run) << to_string(run.error());
    return run ? run.value() : run_id{};
  }

  session_id a_session(const std::string& persona, const std::string& model) {
    session_request asked;
    asked.persona = persona;
    asked.model = model;
    const auto session = runtime_->create_session(asked, me_);
    EXPECT_TRUE(session) << to_string(session.error());
    return session ? session.value() : session_id{};
  }

  /// Those beneath `root`, once there are as many.
  template <class Fact> std::vector<Fact> wait_for(const stream_id& root, std::size_t count) {
    std::vector<Fact> found;
    for (auto left = 3'000; left > 0; --left) {
      found.clear();
      const auto records = runtime_->log().read_root(root, 0);
      for (const auto& one : records.value())
        if (one.type == Fact::type)
          found.push_back(
              std::get<Fact>(codec::decode(one.type, one.schema_version, one.payload).value()));
      if (found.size() >= count)
        return found;
      std::this_thread::sleep_for(10ms);
    }
    ADD_FAILURE() << "there are only " << found.size() << " of " << Fact::type;
    return found;
  }

  const command_source me_{"a test"};
  temporary_directory home_;
  std::string repo_ = home_ / "repo";
  std::string definitions_ = home_ / "definitions";
  std::string script_ = home_ / "script.yaml";
  std::unique_ptr<runtime> runtime_;
};

TEST_F(bound_work, goes_on_beside_a_phase_that_waits_for_somebody) {
  const auto run = started("scripted:" + script_);
  const auto root = stream_of(run);
  const auto asked = wait_for<run::approval_requested>(root, 1);
  ASSERT_EQ(asked.size(), 1U);
  runtime_->stop(0ms);
  write_text(script_, with(a_script, "%DELAY%", "0"));
  open(after_crash::resume);
  const auto done = wait_for<phase::completed>(root, 1);
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].artifact_path, "out/right.json");
  ASSERT_TRUE(
      runtime_->decide_approval(run, asked[0].approval, run::decision_kind::approve, "good", me_));
  wait_for<run::completed>(root, 1);
}

TEST_F(bound_work, stops_where_consent_was_revoked) {
  ASSERT_TRUE(runtime_->set_consent(consent_change::grant, "backend openai", me_));
  const auto run = started("openai:gpt-4o", usd{1}); // it stops before its first call
  wait_for<run::interrupted>(stream_of(run), 1);
  const auto session = a_session("writer", "openai:gpt-4o");
  ASSERT_TRUE(runtime_->set_consent(consent_change::revoke, "backend openai", me_));
  EXPECT_EQ(runtime_->resume_run(run, me_).error().code, errc::consent_missing);
  EXPECT_EQ(runtime_->post_message(session, {random_uuid()}, "Hello", me_).error().code,
            errc::consent_missing);
  EXPECT_EQ(runtime_->resume_session(session, me_).error().code, errc::consent_missing);
}

} // namespace
} // namespace ash
