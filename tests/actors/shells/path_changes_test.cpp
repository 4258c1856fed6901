// What a run granted and took back, as a tool call that is asked for is judged by it.
#include "actors/shells/path_changes.hpp"

#include "actors/aggregates/run.hpp"
#include "actors/shells/fold.hpp"
#include "tests/actors/shells/fixture.hpp"

#include <gmock/gmock.h>

namespace ash::shell {
namespace {

using ::testing::ElementsAre;

class paths_of_a_root : public ::testing::Test {
protected:
  void tell(const run::command& what) {
    const auto done = fold::apply<run_aggregate>(log_, stream_of(run_), stream_of(run_), what, {1});
    ASSERT_TRUE(done) << done.error().message;
  }
  void begin() {
    run::start begun;
    begun.what.run = run_;
    begun.what.workflow = "w@1";
    begun.what.repo_path = "/repo";
    begun.what.phases = {{"spec", "writer", "out", false}};
    begun.bindings = {{"writer", "w@1", "", "{}", ""}};
    tell(begun);
  }
  std::vector<std::string> of(const stream_id& root, effect_class effect = effect_class::write) {
    tool_call::requested call;
    call.root = root;
    call.effect = effect;
    call.terms.writable_paths = {"src/**"};
    changes_.apply(call);
    return call.terms.writable_paths;
  }

  const run_id run_{random_uuid()};
  shells_testing::test_log log_;
  path_changes changes_{log_};
};

TEST_F(paths_of_a_root, are_changed_in_order_for_whatever_comes_later) {
  begin();
  EXPECT_THAT(of(stream_of(run_)), ElementsAre("src/**"));
  tell(run::grant_path{"docs/**", "ann"});
  EXPECT_THAT(of(stream_of(run_)), ElementsAre("src/**", "docs/**"));
  tell(run::revoke_path{"src/gen/**", "ann"});
  EXPECT_THAT(of(stream_of(run_)), ElementsAre("src/**", "docs/**", "!src/gen/**"));
  EXPECT_THAT(of(stream_of(run_), effect_class::read), ElementsAre("src/**"));
}

TEST_F(paths_of_a_root, are_closed_where_a_runs_changes_cant_be_read) {
  begin();
  log_.damaged = true;
  EXPECT_THAT(of(stream_of(run_)), ElementsAre("src/**", "!**"));
}

TEST_F(paths_of_a_root, are_not_looked_for_in_the_stream_of_a_session) {
  log_.damaged = true;
  EXPECT_THAT(of(stream_of(session_id{random_uuid()})), ElementsAre("src/**"));
}

} // namespace
} // namespace ash::shell
