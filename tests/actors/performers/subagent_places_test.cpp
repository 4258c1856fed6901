// Where sub-agents that write work: made before they begin, and taken away where they never do.
#include "actors/aggregates/delegation.hpp"
#include "actors/performers/child_effects.hpp"
#include "actors/performers/child_workspace.hpp"
#include "actors/performers/workspace.hpp"
#include "events/codec/codec.hpp"
#include "tests/actors/performers/fakes.hpp"

#include <gmock/gmock.h>

namespace ash::performers {
namespace {

using namespace test;
using ::testing::HasSubstr;

const run_id a_run{random_uuid()};
const phase_id a_phase{random_uuid()};
const tool_call_id a_call{random_uuid()};

/// Creates what it is told to, unless it was called off before.
class logging_directory final : public entity_directory {
public:
  explicit logging_directory(log::event_log& log) : log_{log} {}

  void tell(const stream_id& to,
            const stream_id& root,
            command_envelope command,
            std::function<void(result<void>)> reply) override {
    auto made = std::get<session::create>(command.what).what;
    if (called_off)
      made.worktree = made.branch = {};
    if (!refused && !log_.find_stream(to).value())
      write(to, root, made);
    std::thread{[reply = std::move(reply), answer = refused] {
      reply(answer ? result<void>{*answer} : result<void>{success()});
    }}.detach();
  }
  void write(const stream_id& to, const stream_id& root, const any_fact& fact) {
    auto coded = codec::encode(fact);
    log::append_request request;
    request.stream = to;
    request.root = root;
    request.at = system_now();
    request.entries.push_back({{},
                               {},
                               {},
                               {{std::string{coded.type},
                                 coded.schema_version,
                                 log::durability::synced,
                                 std::move(coded.payload)}}});
    ASSERT_TRUE(log_.append_now(std::move(request)));
  }

  bool called_off = false;
  std::optional<error> refused;

private:
  log::event_log& log_;
};

class opening_apart : public ::testing::Test {
protected:
  opening_apart() {
    make_repository(repo_);
    EXPECT_TRUE(prepare_workspace({repo_, "main", asker_, "actor-shell/r1"}));
    run::created made;
    made.run = a_run;
    made.repo_path = repo_;
    made.worktree = asker_;
    made.branch = "actor-shell/r1";
    directory_.write(stream_of(a_run), stream_of(a_run), made);
    performer_options options;
    options.log = log_.get();
    options.providers =
        [](const std::string&) -> result<std::shared_ptr<provider::model_provider>> {
      return refuse(errc::secret_missing, "no model here");
    };
    options.schemas = std::make_shared<definitions::schema_registry>();
    options.personas = [](const stream_id&, const std::string&) -> result<definitions::persona> {
      definitions::persona who;
      who.name = "writer";
      who.model = "fake:one";
      who.backend = "fake";
      who.system_prompt = "You write.";
      who.tools = {"write_file", "complete"};
      return who;
    };
    performer_ = make_performer(std::move(options), directory_);
  }
  ~opening_apart() override { performer_->stop(); }

  answers open() {
    effect::open_child what;
    what.what.call = a_call;
    what.what.owner = stream_of(a_phase);
    what.what.name = delegation::tool_name;
    what.what.arguments = R"({"persona":"writer","task":"Write it."})";
    what.what.worktree = asker_;
    what.what.root = stream_of(a_run);
    what.session = delegation::child_of(a_call);
    answers out;
    performer_->perform(
        {stream_of(a_call), stream_of(a_run)}, {"child", std::move(what)}, out.take());
    return out;
  }
  /// Of all that were made for the child.
  std::string places() {
    return sh("git -C '" + repo_ + "' worktree list | grep -c -- -sub- ; git -C '" + repo_ +
              "' branch --list 'actor-shell/r1-sub-*' | wc -l");
  }

  temporary_directory home_;
  std::string repo_ = home_ / "repo";
  std::string asker_ = home_ / "data/worktrees/r1";
  std::unique_ptr<log::event_log> log_ = log::make_memory_log();
  logging_directory directory_{*log_};
  std::unique_ptr<effect_performer> performer_;
};

TEST_F(opening_apart, a_child_that_writes_has_a_worktree_and_keeps_it) {
  EXPECT_FALSE(open().wait().back().what);
  EXPECT_EQ(places(), "1\n1\n");
  EXPECT_FALSE(open().wait().back().what);
  EXPECT_EQ(places(), "1\n1\n") << "it exists, and works there";
}

TEST_F(opening_apart, a_child_that_was_called_off_meanwhile_leaves_no_worktree) {
  directory_.called_off = true;
  EXPECT_FALSE(open().wait().back().what);
  EXPECT_EQ(places(), "0\n0\n");
}

TEST_F(opening_apart, a_child_that_is_refused_leaves_no_worktree) {
  directory_.refused = refuse(errc::subagent_depth_exceeded, "too deep");
  EXPECT_TRUE(open().last<tool_call::finish>().failed);
  EXPECT_EQ(places(), "0\n0\n");
}

TEST_F(opening_apart, a_child_that_was_called_off_after_a_crash_leaves_no_worktree) {
  const auto child = delegation::child_of(a_call);
  const auto id = to_string(child);
  const auto own = "-sub-" + id.substr(id.size() - 12);
  ASSERT_TRUE(branch_off({repo_, asker_, asker_ + own, "actor-shell/r1" + own}));
  ASSERT_EQ(places(), "1\n1\n");
  session::created stub;
  stub.session = child;
  stub.asked_by = a_call;
  directory_.write(stream_of(child), stream_of(a_run), stub);
  directory_.refused = refuse(errc::session_ended, "it is over");
  open().wait();
  EXPECT_EQ(places(), "0\n0\n");
}

// -- closing --------------------------------------------------------------------------------------

TEST_F(opening_apart, a_child_whose_work_can_not_be_committed_says_where_it_is) {
  EXPECT_FALSE(open().wait().back().what);
  const auto child = stream_of(delegation::child_of(a_call));
  const auto first = log_->read_stream(child, 0, {1}).value().front();
  const auto made = codec::decode(first.type, first.schema_version, first.payload);
  ASSERT_TRUE(made);
  effect::close_child close{std::get<session::created>(made.value()), {}};
  tool_call::requested asked;
  asked.call = a_call;
  asked.worktree = asker_;
  directory_.write(stream_of(a_call), stream_of(a_run), asked);
  make_repository(close.what.worktree + "/nested");
  performer_options options;
  options.log = log_.get();
  const auto closed = close_child(close, options);
  ASSERT_TRUE(closed);
  EXPECT_THAT(closed.value().reason, HasSubstr("kept in " + close.what.worktree + " and on"));
}

} // namespace
} // namespace ash::performers
