// Money that nobody would settle: that of an entity which broke, and that which a crash left.
#include "actors/shells/left_money.hpp"

#include "actors/aggregates/budget.hpp"
#include "actors/aggregates/delegation.hpp"
#include "actors/aggregates/session.hpp"
#include "actors/shells/first_fact.hpp"
#include "actors/shells/fold.hpp"
#include "actors/shells/runtime.hpp"
#include "events/codec/codec.hpp"
#include "tests/actors/performers/fakes.hpp"

#include <algorithm>
#include <future>
#include <thread>

namespace ash {
namespace {

using namespace test;
using namespace std::chrono_literals;

constexpr auto the_one_writer = R"(name: writer
version: 1
title: Writer
capabilities: [write]
model: "scripted:%SCRIPT%"
max_cost_per_call: 1
system_prompt: You are a writer.
)";

constexpr auto the_one_step = R"(name: one-step
version: 1
title: One step
roles:
  - name: writer
    required_capabilities: [write]
phases:
  - key: draft
    role: writer
    title: Draft
    instructions: Write the draft.
    artifact: {path: out/draft.json, schema: test/note@1}
)";

class left_money : public ::testing::Test {
protected:
  left_money() {
    make_repository(repo_);
    write_text(script_, "turns: [{text: Late., delay_ms: 600000}]\n");
    auto persona = std::string{the_one_writer};
    persona.replace(persona.find("%SCRIPT%"), 8, script_);
    write_text(definitions_ + "/personas/writer@1.yaml", persona);
    write_text(definitions_ + "/workflows/one-step@1.yaml", the_one_step);
    write_text(definitions_ + "/artifacts/test/note@1.json", R"({"type": "object"})");
    open(after_crash::wait);
  }

  void open(after_crash crashed) {
    runtime_.reset();
    runtime_options options;
    options.data_dir = home_ / "data";
    options.definition_dirs = {definitions_};
    options.started_by = "a test";
    options.crashed = crashed;
    auto opened = runtime::open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    runtime_ = std::move(opened).value();
  }

  budget::state scope(const std::string& name) {
    auto folded = fold::whole<budget_aggregate>(runtime_->log(), stream_of_budget(name));
    EXPECT_TRUE(folded);
    return folded ? folded.value().state : budget::state{};
  }
  static std::string today() { return "day:" + utc_date(system_now()); }

  template <class Holds> void wait_until(const Holds& holds) {
    for (int i = 0; i < 6'000 && !holds(); ++i)
      std::this_thread::sleep_for(10ms);
    ASSERT_TRUE(holds());
  }

  /// The stream beneath `root` that has a model call in flight.
  stream_id caller(const stream_id& root) {
    stream_id found;
    wait_until([&] {
      const auto records = runtime_->log().read_root(root, 0);
      for (const auto& one : records.value())
        if (one.type == turn::call_started::type)
          found = one.stream;
      return found.kind() == entity_kind::session || found.kind() == entity_kind::phase;
    });
    return found;
  }

  /// From now on the entity crashes at every command: its history holds another's fact.
  void spoil(const stream_id& stream, const stream_id& root) {
    const auto head = runtime_->log().find_stream(stream);
    ASSERT_TRUE(head && head.value());
    auto fact = codec::encode(budget::closed{});
    log::append_request request;
    request.stream = stream;
    request.root = root;
    request.expected_version = head.value()->version;
    request.at = system_now();
    request.entries.push_back({{},
                               {},
                               {},
                               {{std::string{fact.type},
                                 fact.schema_version,
                                 log::durability::synced,
                                 std::move(fact.payload)}}});
    ASSERT_TRUE(runtime_->log().append_now(std::move(request)));
  }

  session_id asking_session() {
    session_request asked;
    asked.persona = "writer";
    const auto session = runtime_->create_session(asked, {"a test"});
    EXPECT_TRUE(session) << to_string(session.error());
    EXPECT_TRUE(runtime_->post_message(
        session.value(), {derive(session.value().value, "message")}, "Well?", {"a test"}));
    return session.value();
  }

  /// A session that may ask for help. The runtime's own sessions have no tools yet.
  session_id leading_session() {
    session_request asked;
    asked.persona = "leader";
    const auto plain = runtime_->create_session(asked, {"a test"});
    EXPECT_TRUE(plain) << to_string(plain.error());
    auto about = first_fact<session::created>(runtime_->log(), stream_of(plain.value())).value();
    about.session = {random_uuid()};
    about.scopes.front().scope = "session:" + to_string(about.session);
    about.agent.change([](agent_terms& a) {
      a.tools = {
          {std::string{delegation::tool_name}, "Asks for help.", "{}", effect_class::idempotent}};
    });
    tell(stream_of(about.session), stream_of(about.session), session::create{about});
    return about.session;
  }

  /// A session whose sub-agent waits for its model.
  struct asking_tree {
    stream_id leader;
    stream_id call;
    stream_id child;
  };
  asking_tree session_with_a_subagent() {
    auto leader = read_text(definitions_ + "/personas/writer@1.yaml");
    leader.replace(leader.find("writer"), 6, "leader");
    write_text(definitions_ + "/personas/leader@1.yaml", leader + "subagents: [writer]\n");
    write_text(script_, R"(turns:
  - match: {user: [Lead], assistant_turns: 0}
    tool_calls:
      - {name: request_subagent, arguments: {persona: writer, task: Write it down.}}
  - match: {has_tool_result: true}
    text: Done without it.
  - text: Late.
    delay_ms: 600000
)");
    asking_tree out{stream_of(leading_session()), {}, {}};
    tell(out.leader, out.leader, session::post{{random_uuid()}, "Lead the work."});
    wait_until([&] {
      const auto records = runtime_->log().read_root(out.leader, 0);
      for (const auto& one : records.value()) {
        if (one.stream.kind() == entity_kind::tool_call)
          out.call = one.stream;
        if (one.type == turn::call_started::type && one.stream != out.leader)
          out.child = one.stream;
      }
      return !out.child.empty();
    });
    return out;
  }
  run_id started_run(std::map<std::string, std::string> overrides = {}) {
    run_request asked;
    asked.workflow = "one-step";
    asked.overrides = std::move(overrides);
    asked.repo = repo_;
    asked.base_branch = "main";
    asked.requirements = "A note, please.";
    asked.model = "scripted:" + script_;
    return runtime_->start_run(asked).value();
  }
  void tell(const stream_id& stream, const stream_id& root, any_command what) {
    runtime_->actors().inner().tell(
        stream,
        root,
        {to_string(random_uuid()), root.text(), {}, system_now(), std::move(what)},
        [](const result<void>&) {});
  }
  bool is_in(const stream_id& stream, std::string_view type) {
    const auto records = runtime_->log().read_stream(stream, 0);
    return std::any_of(records.value().begin(), records.value().end(), [&](const auto& one) {
      return one.type == type;
    });
  }

  temporary_directory home_;
  std::string repo_ = home_ / "repo";
  std::string definitions_ = home_ / "definitions";
  std::string script_ = home_ / "script.yaml";
  std::unique_ptr<runtime> runtime_;
};

TEST_F(left_money, of_a_phase_that_breaks_is_settled_in_every_scope) {
  const auto run = started_run();
  const auto root = stream_of(run);
  const auto phase = caller(root);
  const auto own = "run:" + to_string(run);
  const auto held = scope(own).reserved;
  ASSERT_GT(held, usd{});
  ASSERT_EQ(scope(today()).reserved, held);
  spoil(phase, root);
  ASSERT_TRUE(runtime_->abort_run(run, "enough", {"a test"}));
  wait_until([&] { return scope(own).reserved == usd{} && scope(today()).reserved == usd{}; });
  EXPECT_EQ(scope(own).settled, held) << "what was in flight may have been charged";
  EXPECT_EQ(scope(today()).settled, held);
  ASSERT_EQ(runtime_->actors().broken().size(), 1U);
  EXPECT_EQ(runtime_->actors().broken()[0].stream, phase);
}

TEST_F(left_money, of_a_session_that_breaks_is_settled_in_every_scope) {
  const auto session = asking_session();
  const auto stream = caller(stream_of(session));
  const auto held = scope(today()).reserved;
  ASSERT_GT(held, usd{});
  spoil(stream, stream);
  static_cast<void>(runtime_->stop_turn(session, {}, "enough", {"a test"}));
  wait_until([&] { return scope(today()).reserved == usd{}; });
  EXPECT_EQ(scope(today()).settled, held);
  EXPECT_EQ(scope("session:" + to_string(session)).settled, held);
}

TEST_F(left_money, of_a_sub_agent_that_breaks_is_settled_and_its_session_goes_on) {
  const auto tree = session_with_a_subagent();
  spoil(tree.child, tree.leader);
  tell(tree.child, tree.leader, session::end{"enough"});
  wait_until([&] { return is_in(tree.leader, turn::completed::type); });
  EXPECT_TRUE(is_in(tree.call, tool_call::failed::type));
  wait_until([&] { return scope(today()).reserved == usd{}; });
}

TEST_F(left_money, of_a_sub_agent_of_a_run_that_breaks_leaves_its_work_on_its_branch) {
  const auto persona = read_text(definitions_ + "/personas/writer@1.yaml");
  auto helper = persona;
  helper.replace(helper.find("writer"), 6, "helper");
  write_text(definitions_ + "/personas/helper@1.yaml", helper);
  write_text(definitions_ + "/personas/writer@1.yaml", persona + "subagents: [helper]\n");
  write_text(script_, R"(turns:
  - match: {user: [Write it down]}
    text: Late.
    delay_ms: 600000
  - match: {has_tool_result: true}
    text: Later still.
    delay_ms: 600000
  - tool_calls:
      - {name: request_subagent, arguments: {persona: helper, task: Write it down.}}
)");
  const auto run = started_run({{"writer", "writer"}});
  const auto root = stream_of(run);
  std::optional<session::created> child;
  wait_until([&] {
    const auto records = runtime_->log().read_root(root, 0);
    for (const auto& one : records.value())
      if (one.type == session::created::type)
        child = std::get<session::created>(
            codec::decode(one.type, one.schema_version, one.payload).value());
    return child && is_in(stream_of(child->session), turn::call_started::type);
  });
  ASSERT_NE(child->branch, "");
  write_text(child->worktree + "/half.txt", "half\n");
  spoil(stream_of(child->session), root);
  tell(stream_of(child->session), root, session::end{"enough"});
  wait_until([&] { return is_in(stream_of(child->asked_by), tool_call::failed::type); });
  EXPECT_FALSE(std::filesystem::exists(child->worktree));
  EXPECT_EQ(sh("git -C '" + repo_ + "' show " + child->branch + ":half.txt"), "half\n");
  ASSERT_TRUE(runtime_->abort_run(run, "enough", {"a test"}));
}

TEST_F(left_money, of_the_sub_agent_of_a_call_that_breaks_is_settled_and_its_session_goes_on) {
  const auto tree = session_with_a_subagent();
  spoil(tree.call, tree.leader);
  tell(tree.call, tree.leader, tool_call::cancel{"enough"});
  wait_until([&] { return is_in(tree.leader, turn::completed::type); });
  wait_until([&] { return is_in(tree.child, session::ended::type); });
  wait_until([&] { return scope(today()).reserved == usd{}; });
}

TEST_F(left_money, of_a_session_is_settled_by_the_next_command_that_opens_the_log) {
  const auto session = asking_session();
  caller(stream_of(session));
  const auto held = scope(today()).reserved;
  runtime_->stop(0ms);
  open(after_crash::wait);
  wait_until([&] { return scope(today()).reserved == usd{}; });
  EXPECT_EQ(scope(today()).settled, held);
  EXPECT_EQ(scope("session:" + to_string(session)).settled, held);
}

TEST_F(left_money, of_a_sub_agent_whose_run_is_over_is_released_and_it_makes_no_call) {
  const auto run = started_run();
  const auto root = stream_of(run);
  caller(root);
  ASSERT_TRUE(runtime_->abort_run(run, "enough", {"a test"}));
  ASSERT_TRUE(runtime_->wait(run));
  runtime_->stop(0ms);
  // What a process leaves that ends while its run does.
  const budget_terms day{today(), {1'000'000'000'000}, {}, budget_policy::block};
  session::created about;
  about.session = {random_uuid()};
  about.agent.change([&](agent_terms& a) {
    a.persona = "writer@1";
    a.models = {{"scripted:" + script_, {}, {}, {}, false}};
  });
  about.scopes = {day};
  about.root = root;
  about.asked_by = {random_uuid()};
  about.task = "Help.";
  about.depth = 1;
  const auto child = stream_of(about.session);
  auto& log = runtime_->log();
  ASSERT_TRUE(
      fold::apply<session_aggregate>(log, child, root, session::create{about}, system_now()));
  const auto calls = open_calls(log, child);
  ASSERT_TRUE(calls);
  ASSERT_EQ(calls.value().size(), 1U);
  const auto scope_stream = stream_of_budget(today());
  ASSERT_TRUE(fold::apply<budget_aggregate>(log,
                                            scope_stream,
                                            scope_stream,
                                            budget::reserve{calls.value()[0].call, child, {5}, day},
                                            system_now()));
  ASSERT_EQ(scope(today()).reserved, usd{5});
  open(after_crash::resume);
  wait_until([&] { return scope(today()).reserved == usd{}; });
  const auto records = runtime_->log().read_stream(child, 0);
  ASSERT_TRUE(records);
  const auto has = [&](std::string_view type) {
    return std::any_of(records.value().begin(), records.value().end(), [&](const auto& one) {
      return one.type == type;
    });
  };
  EXPECT_TRUE(has(session::ended::type));
  EXPECT_FALSE(has(turn::call_started::type));
}

TEST_F(left_money, is_not_what_a_session_needs_to_go_on_under_the_next_server) {
  session_request asked;
  asked.persona = "writer";
  const auto session = runtime_->create_session(asked, {"a test"});
  ASSERT_TRUE(session) << to_string(session.error());
  const auto stream = stream_of(session.value());
  // The process ends when the turn has begun, and before anything is reserved for it.
  runtime_->actors().close_doors();
  std::promise<result<void>> posted;
  runtime_->actors().inner().tell(
      stream,
      stream,
      {"post",
       stream.text(),
       {},
       system_now(),
       session::post{{derive(session.value().value, "message")}, "Well?"}},
      [&](result<void> with) { posted.set_value(std::move(with)); });
  ASSERT_TRUE(posted.get_future().get());
  runtime_->stop(0ms);
  EXPECT_TRUE(scope(today()).reservations.empty());
  write_text(script_, "turns: [{text: At once.}]\n");
  open(after_crash::resume);
  wait_until([&] {
    const auto records = runtime_->log().read_stream(stream, 0);
    return std::any_of(records.value().begin(), records.value().end(), [](const auto& one) {
      return one.type == turn::completed::type;
    });
  });
}

TEST_F(left_money, is_what_the_owner_says_of_its_calls) {
  const auto session = asking_session();
  const auto stream = caller(stream_of(session));
  const auto open_now = open_calls(runtime_->log(), stream);
  ASSERT_TRUE(open_now);
  ASSERT_EQ(open_now.value().size(), 1U);
  const auto& call = open_now.value()[0];
  EXPECT_TRUE(call.spent);
  EXPECT_EQ(call.charge, scope(today()).reserved);
  ASSERT_EQ(call.scopes.size(), 2U);
  EXPECT_EQ(call.scopes[1].scope, today());
  const auto daily = open_daily_scopes(runtime_->log(), system_now());
  ASSERT_TRUE(daily);
  EXPECT_EQ(daily.value().owners, std::vector<stream_id>{stream});
  EXPECT_TRUE(daily.value().over.empty()) << "something is reserved in it";
}

TEST_F(left_money, does_not_keep_a_day_open_that_is_over) {
  const std::string yesterday = "day:2020-01-01";
  const auto stream = stream_of_budget(yesterday);
  ASSERT_TRUE(
      fold::apply<budget_aggregate>(runtime_->log(),
                                    stream,
                                    stream,
                                    budget::reserve{{derive({1, 2}, "call")},
                                                    stream_of_budget("nobody"),
                                                    {5},
                                                    {yesterday, {100}, {}, budget_policy::block}},
                                    instant{1'577'880'000'000'000})); // 2020-01-01T12:00:00Z
  ASSERT_TRUE(fold::apply<budget_aggregate>(runtime_->log(),
                                            stream,
                                            stream,
                                            budget::settle{{derive({1, 2}, "call")}, {5}},
                                            instant{1'577'880'001'000'000}));
  EXPECT_FALSE(scope(yesterday).closed);
  open(after_crash::wait);
  wait_until([&] { return scope(yesterday).closed; });
  EXPECT_EQ(scope(yesterday).settled, usd{5});
}

} // namespace
} // namespace ash
