#include "tests/actors/performers/fakes.hpp"

#include <future>

namespace ash {
namespace {

using namespace test;

const run_id a_run{random_uuid()};
const phase_id a_phase{random_uuid()};
const call_id a_call{random_uuid()};
const effect_owner the_phase{stream_of(a_phase), stream_of(a_run)};

/// A tool that waits until it is let go or stopped.
class waiting_tool final : public tool::tool {
public:
  [[nodiscard]] const ash::tool::description& describe() const override { return described_; }
  ash::tool::outcome
  run(const ash::tool::context&, std::string_view, std::stop_token stop) override {
    ++begun;
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock{mutex};
    stopped.wait(lock, stop, [] { return false; });
    ash::tool::outcome out;
    out.failed = true;
    out.code = errc::cancelled;
    out.text = "stopped";
    return out;
  }
  std::atomic<int> begun{0};

private:
  ash::tool::description described_{"wait", "", "{}", effect_class::write};
};

class performer : public ::testing::Test {
protected:
  performer() {
    performers::performer_options options;
    options.log = log_.get();
    options.providers =
        [this](const std::string& name) -> result<std::shared_ptr<provider::model_provider>> {
      if (name == "fake:slow")
        was_let_go_ =
            looked_up_.get_future().wait_for(std::chrono::seconds{30}) == std::future_status::ready;
      if (name == "fake:keyed")
        scrub_->add("an-odd-key-without-shape");
      if (name.starts_with("fake:"))
        return std::static_pointer_cast<provider::model_provider>(model_);
      return refuse(errc::secret_missing, "set FAKE_API_KEY");
    };
    options.schemas = std::make_shared<definitions::schema_registry>();
    options.tools = tool::builtin_tools();
    options.tools.push_back(waiting_);
    options.delta_ms = 5;
    options.scrub = scrub_;
    performer_ = make_performer(std::move(options), directory_);
  }
  ~performer() override { performer_->stop(); }

  answers perform(effect::any what, std::string id = "e1") {
    answers out;
    performer_->perform(the_phase, {std::move(id), std::move(what)}, out.take());
    return out;
  }

  static std::vector<budget_terms> two_scopes() {
    return {{"run:" + to_string(a_run), {100}, {}, budget_policy::block},
            {"day:2026-11-21", {1000}, {}, budget_policy::block}};
  }
  static document a_document(const std::string& text) {
    return {text, sha256_hex(text), static_cast<std::int64_t>(text.size())};
  }
  effect::run_tool waiting_call() {
    effect::run_tool what;
    what.what.name = "wait";
    what.what.arguments = "{}";
    return what;
  }

  std::unique_ptr<log::event_log> log_ = log::make_memory_log();
  std::shared_ptr<live_scrubber> scrub_ = std::make_shared<live_scrubber>();
  fake_directory directory_;
  std::shared_ptr<fake_model> model_ = std::make_shared<fake_model>();
  std::promise<void> looked_up_;
  std::atomic<bool> was_let_go_{false};
  std::shared_ptr<waiting_tool> waiting_ = std::make_shared<waiting_tool>();
  std::unique_ptr<effect_performer> performer_;
};

// -- budget ---------------------------------------------------------------------------------------

TEST_F(performer, reserves_in_every_scope_in_order) {
  auto came = perform(effect::reserve{a_call, two_scopes(), {7}});
  EXPECT_EQ(came.last<turn::budget_reserved>().call, a_call);
  const auto told = directory_.all();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].to.text(), "budget/run:" + to_string(a_run));
  EXPECT_EQ(told[0].root, stream_of(a_run));
  EXPECT_EQ(told[1].to.text(), "budget/day:2026-11-21");
  EXPECT_EQ(told[1].root.text(), "budget/day:2026-11-21");
  EXPECT_EQ(told[0].command.id, "reserve:" + to_string(a_call));
  EXPECT_EQ(std::get<budget::reserve>(told[0].command.what).owner, the_phase.stream);
}

TEST_F(performer, gives_an_approval_to_the_scope_that_it_is_about_alone) {
  const approval_id approved{random_uuid()};
  effect::reserve what{a_call, two_scopes(), {7}, {{"day:2026-11-21", approved}}};
  auto came = perform(std::move(what));
  came.last<turn::budget_reserved>();
  const auto told = directory_.all();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_TRUE(std::get<budget::reserve>(told[0].command.what).approval.is_nil());
  EXPECT_EQ(std::get<budget::reserve>(told[1].command.what).approval, approved);
}

TEST_F(performer, ends_a_reservation_at_the_first_scope_that_refuses) {
  directory_.then(refuse(errc::budget_exhausted, "the cap is reached"));
  auto came = perform(effect::reserve{a_call, two_scopes(), {7}});
  const auto refused = came.last<turn::budget_refused>();
  EXPECT_EQ(refused.scope, "run:" + to_string(a_run));
  EXPECT_EQ(refused.why.code, errc::budget_exhausted);
  EXPECT_EQ(directory_.all().size(), 1U);
}

TEST_F(performer, reserves_again_where_a_scope_is_busy) {
  directory_.then(refuse(errc::queue_full, "busy"));
  directory_.then(refuse(errc::entity_unavailable, "comes back"));
  auto came = perform(effect::reserve{a_call, two_scopes(), {7}});
  came.last<turn::budget_reserved>();
  EXPECT_EQ(directory_.all().size(), 4U);
}

TEST_F(performer, settles_the_other_scopes_where_one_is_broken) {
  directory_.then(refuse(errc::entity_broken, "crashed"));
  auto came = perform(effect::settle{a_call, two_scopes(), {5}, true});
  came.last<turn::budget_settled>();
  EXPECT_EQ(directory_.all().size(), 2U);
}

TEST_F(performer, settles_until_every_scope_has_taken_it) {
  directory_.then(refuse(errc::internal_error, "crashed"));
  auto came = perform(effect::settle{a_call, two_scopes(), {5}, true});
  came.last<turn::budget_settled>();
  const auto told = directory_.all();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(std::get<budget::settle>(told[2].command.what).actual, usd{5});
}

TEST_F(performer, releases_what_was_not_spent) {
  auto came = perform(effect::settle{a_call, two_scopes(), {}, false});
  came.last<turn::budget_settled>();
  EXPECT_TRUE(std::holds_alternative<budget::release>(directory_.all().at(0).command.what));
}

// -- models ---------------------------------------------------------------------------------------

TEST_F(performer, joins_the_pieces_of_an_answer_and_gives_them_before_it) {
  auto came = perform(effect::call_model{a_call, "fake:one", a_document("{}")});
  const auto call = model_->call(0);
  EXPECT_EQ(call->what.model, "one");
  EXPECT_EQ(call->what.body, "{}");
  call->who.on_delta(provider::delta_kind::thinking, "hm");
  call->who.on_delta(provider::delta_kind::text, "Hel");
  call->who.on_delta(provider::delta_kind::text, "lo");
  provider::response response;
  response.text = "Hello";
  response.usage.output = 2;
  call->who.on_done(std::move(response));
  const auto all = came.wait();
  std::string text;
  for (const auto& one : all)
    if (const auto* piece = std::get_if<turn::model_streamed>(&*one.what))
      text += (piece->thinking ? "(" + piece->text + ")" : piece->text);
  EXPECT_EQ(text, "(hm)Hello");
  EXPECT_EQ(came.last<turn::model_answered>().text, "Hello");
}

TEST_F(performer, gives_a_piece_while_the_model_still_speaks) {
  auto came = perform(effect::call_model{a_call, "fake:one", a_document("{}")});
  const auto call = model_->call(0);
  call->who.on_delta(provider::delta_kind::text, "slow");
  while (came.count() == 0)
    std::this_thread::yield();
  call->who.on_done(provider::response{});
  EXPECT_EQ(came.wait().size(), 2U);
}

TEST_F(performer, keeps_a_key_that_this_call_looked_up_out_of_its_pieces) {
  auto came = perform(effect::call_model{a_call, "fake:keyed", a_document("{}")});
  const auto call = model_->call(0);
  call->who.on_delta(provider::delta_kind::text, "it is an-odd-key-without-");
  while (came.count() == 0)
    std::this_thread::yield();
  call->who.on_delta(provider::delta_kind::text, "shape, keep it");
  call->who.on_done(provider::response{});
  std::string text;
  for (const auto& one : came.wait())
    if (const auto* piece = std::get_if<turn::model_streamed>(&*one.what))
      text += piece->text;
  EXPECT_EQ(text.find("without"), std::string::npos) << text;
  EXPECT_NE(text.find("keep it"), std::string::npos) << text;
}

TEST_F(performer, looks_a_key_up_beside_whoever_asks_for_the_call) {
  auto came = perform(effect::call_model{a_call, "fake:slow", a_document("{}")});
  EXPECT_EQ(performer_->in_flight(), 1U);
  performer_->call_off(the_phase, "e1");
  looked_up_.set_value();
  EXPECT_EQ(came.last<turn::model_failed>().why.code, errc::cancelled);
  EXPECT_TRUE(was_let_go_) << "who asked for the call waited for its key";
}

TEST_F(performer, fails_a_call_whose_key_is_missing_for_good) {
  auto came = perform(effect::call_model{a_call, "other:one", a_document("{}")});
  const auto failed = came.last<turn::model_failed>();
  EXPECT_EQ(failed.why.code, errc::secret_missing);
  EXPECT_FALSE(failed.retryable);
}

TEST_F(performer, reads_a_request_that_only_the_log_has) {
  const auto text = std::string(2'000, 'x');
  log::append_request request;
  request.stream = stream_of(a_phase);
  request.root = stream_of(a_run);
  request.entries = {{"k", "", "", {{"x.y", 1, log::durability::synced, "p"}}}};
  request.blobs = {{sha256(text), text}};
  ASSERT_TRUE(log_->append_now(std::move(request)));
  auto wanted = a_document(text);
  wanted.text.clear();
  auto came = perform(effect::call_model{a_call, "fake:one", wanted});
  EXPECT_EQ(model_->call(0)->what.body, text);
  model_->call(0)->who.on_done(provider::response{});
  came.last<turn::model_answered>();
}

TEST_F(performer, calls_a_model_call_off) {
  auto came = perform(effect::call_model{a_call, "fake:one", a_document("{}")});
  performer_->call_off(the_phase, "e1");
  EXPECT_EQ(came.last<turn::model_failed>().why.code, errc::cancelled);
  EXPECT_EQ(performer_->in_flight(), 0U);
}

TEST_F(performer, answers_whoever_asked_last_for_an_effect_in_flight) {
  auto first = perform(effect::call_model{a_call, "fake:one", a_document("{}")});
  auto second = perform(effect::call_model{a_call, "fake:one", a_document("{}")});
  model_->call(0)->who.on_done(provider::response{});
  second.last<turn::model_answered>();
  EXPECT_EQ(first.count(), 0U);
}

// -- tools ----------------------------------------------------------------------------------------

TEST_F(performer, runs_a_tool_in_the_worktree) {
  const temporary_directory worktree;
  effect::run_tool what;
  what.what.name = "write_file";
  what.what.arguments = R"({"path": "a.txt", "content": "hello"})";
  what.what.worktree = worktree.path();
  auto came = perform(what);
  const auto finish = came.last<tool_call::finish>();
  EXPECT_FALSE(finish.failed) << finish.text;
  ASSERT_EQ(finish.written.size(), 1U);
  EXPECT_EQ(finish.written[0].sha256, sha256_hex("hello"));
  EXPECT_EQ(read_text(worktree / "a.txt"), "hello");
}

TEST_F(performer, fails_the_call_of_an_unknown_tool) {
  effect::run_tool what;
  what.what.name = "fly";
  EXPECT_EQ(perform(what).last<tool_call::finish>().code, "tool_unknown");
}

TEST_F(performer, stops_a_tool_that_is_called_off) {
  auto came = perform(waiting_call());
  while (waiting_->begun == 0)
    std::this_thread::yield();
  performer_->call_off(the_phase, "e1");
  EXPECT_EQ(came.last<tool_call::finish>().code, "cancelled");
}

// -- stopping -------------------------------------------------------------------------------------

TEST_F(performer, begins_neither_calls_nor_tools_once_new_work_is_held) {
  performer_->hold_new_work();
  auto tool = perform(waiting_call(), "t");
  auto model = perform(effect::call_model{a_call, "fake:one", a_document("{}")}, "m");
  auto settled = perform(effect::settle{a_call, two_scopes(), {5}, true}, "s");
  settled.last<turn::budget_settled>();
  EXPECT_EQ(performer_->in_flight(), 0U);
  performer_->stop();
  EXPECT_EQ(tool.count() + model.count(), 0U);
}

TEST_F(performer, stops_with_work_of_every_kind_in_flight) {
  auto tool = perform(waiting_call(), "t");
  auto model = perform(effect::call_model{a_call, "fake:one", a_document("{}")}, "m");
  for (int i = 0; i < 50; ++i)
    directory_.then(refuse(errc::entity_unavailable, "for ever"));
  auto settled = perform(effect::settle{a_call, two_scopes(), {5}, true}, "s");
  performer_->stop();
  tool.last<tool_call::finish>();
  EXPECT_EQ(model.last<turn::model_failed>().why.code, errc::cancelled);
  EXPECT_EQ(settled.count(), 0U) << "it is owed again after a restart";
}

// -- artifacts and phases -------------------------------------------------------------------------

constexpr auto a_schema =
    R"({"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}})";

TEST_F(performer, accepts_an_artifact_that_fits_its_schema) {
  const temporary_directory worktree;
  write_text(worktree / "out/spec.json", R"({"title": "x"})");
  auto came = perform(
      effect::check_artifact{worktree.path(), "out/spec.json", "t/s@1", a_document(a_schema)});
  const auto checked = came.last<phase::artifact_checked>();
  EXPECT_TRUE(checked.present);
  EXPECT_TRUE(checked.findings.empty());
  EXPECT_EQ(checked.sha256, sha256_hex(R"({"title": "x"})"));
  EXPECT_TRUE(checked.repair_prompt.empty());
}

TEST_F(performer, checks_artifacts_beside_others_whose_hooks_take_their_time) {
  const temporary_directory worktree;
  write_text(worktree / "spec.json", R"({"title": "x"})");
  const effect::check_artifact plain{worktree.path(), "spec.json", "t/s@1", a_document(a_schema)};
  auto hooked = plain;
  hooked.run = a_run;
  hooked.bounds.hooks = {
      {hook_event::phase_end, {}, "until test -e go; do sleep 0.01; done", 60'000}};
  std::vector<answers> slow;
  for (const auto* id : {"slow 1", "slow 2", "slow 3"})
    slow.push_back(perform(hooked, id));
  EXPECT_TRUE(perform(plain, "quick").last<phase::artifact_checked>().present);
  for (auto& each : slow)
    EXPECT_EQ(each.count(), 0U);
  write_text(worktree / "go", "");
  for (auto& each : slow)
    EXPECT_TRUE(each.last<phase::artifact_checked>().findings.empty());
  performer_->hold_new_work();
  EXPECT_EQ(perform(hooked, "held").count(), 0U);
  EXPECT_EQ(performer_->in_flight(), 0U) << "its hooks would begin while the process ends";
}

TEST_F(performer, asks_for_a_repair_of_a_bad_or_missing_artifact) {
  const temporary_directory worktree;
  const effect::check_artifact what{worktree.path(), "spec.json", "t/s@1", a_document(a_schema)};
  auto missing = perform(what).last<phase::artifact_checked>();
  EXPECT_FALSE(missing.present);
  EXPECT_FALSE(missing.repair_prompt.empty());
  write_text(worktree / "spec.json", "{}");
  auto bad = perform(what, "e2").last<phase::artifact_checked>();
  EXPECT_TRUE(bad.present);
  ASSERT_EQ(bad.findings.size(), 1U);
  EXPECT_EQ(bad.findings[0].keyword, "required");
  EXPECT_NE(bad.repair_prompt.find("title"), std::string::npos);
}

TEST_F(performer, finds_fault_with_an_artifact_that_leads_outside) {
  const temporary_directory worktree;
  std::filesystem::create_symlink("/etc/hostname", worktree / "spec.json");
  auto checked =
      perform(effect::check_artifact{worktree.path(), "spec.json", "t/s@1", a_document(a_schema)})
          .last<phase::artifact_checked>();
  ASSERT_EQ(checked.findings.size(), 1U);
  EXPECT_EQ(checked.findings[0].keyword, "file");
  EXPECT_TRUE(checked.content.empty());
}

TEST_F(performer, can_not_judge_an_artifact_by_a_broken_schema_or_without_a_worktree) {
  const temporary_directory worktree;
  auto broken = perform(
      effect::check_artifact{worktree.path(), "spec.json", "t/s@1", a_document(R"({"type": 5})")});
  broken.last<phase::artifact_unreadable>();
  auto gone = perform(
      effect::check_artifact{worktree / "gone", "spec.json", "t/s@1", a_document(a_schema)}, "e2");
  EXPECT_EQ(gone.last<phase::artifact_unreadable>().why.code, errc::file_not_found);
}

} // namespace
} // namespace ash
