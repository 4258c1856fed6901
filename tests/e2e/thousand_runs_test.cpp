#include "actors/shells/runtime.hpp"
#include "tests/e2e/harness.hpp"

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <numeric>
#include <thread>
#include <unistd.h>

namespace ash::e2e {
namespace {

using std::chrono::seconds;

constexpr int repositories = 40;
constexpr int branches = 25; ///< a repository: 1,000 runs in all
constexpr int rehearsals = 40;
/// The log holds up to 64 MB that are not in its sorted files yet; the rest is the allocator's.
constexpr std::size_t memory_slack = std::size_t{96} << 20;
constexpr std::size_t handle_slack = 40; ///< the log's own files come and go

std::size_t resident_bytes() {
  std::this_thread::sleep_for(seconds{3}); // the allocator gives back what was free for one
  std::ifstream in{"/proc/self/statm"};
  std::size_t size = 0;
  std::size_t resident = 0;
  in >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::size_t open_handles() {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator{"/proc/self/fd"}, fs::directory_iterator{}));
}

class a_thousand_runs : public testing::Test {
protected:
  a_thousand_runs() {
    make_repository(home_.path() / "template", {{"README.md", "# nothing\n"}});
    shell("cd '" + (home_ / "template") + "' && for i in $(seq 0 " + std::to_string(branches) +
          "); do git branch b$i; done");
    for (int i = 0; i < repositories; ++i)
      fs::copy(home_ / "template", repository(i), fs::copy_options::recursive);
    runtime_options options;
    options.data_dir = home_ / "data";
    options.config.budget.daily_cap = usd{1'000'000'000'000'000};
    options.definition_dirs = {E2E_FIXTURES "/definitions"};
    options.started_by = "a test";
    options.environment = [](std::string_view) { return std::optional<std::string>{}; };
    options.shells.idle_ms = 1'000;
    options.shells.final_idle_ms = 200;
    auto opened = runtime::open(std::move(options));
    if (!opened)
      throw std::runtime_error{to_string(opened.error())};
    runtime_ = std::move(opened).value();
  }

  [[nodiscard]] fs::path repository(int i) const { return home_ / ("repo-" + std::to_string(i)); }

  run_id start(int repo, int branch) {
    run_request asked;
    asked.workflow = "note@1";
    asked.repo = repository(repo);
    asked.base_branch = 'b' + std::to_string(branch);
    asked.requirements = "A note.";
    asked.model = "scripted:" E2E_FIXTURES "/note.yaml";
    auto run = runtime_->start_run(asked);
    EXPECT_TRUE(run) << to_string(run.error());
    return run ? run.value() : run_id{};
  }

  /// The number of those that did not complete.
  int failures(const std::vector<run_id>& runs) {
    int failed = 0;
    for (const auto& run : runs) {
      const auto ended = runtime_->wait(run);
      if (ended && ended.value().state == "completed")
        continue;
      if (++failed <= 5)
        ADD_FAILURE() << (ended ? ended.value().state + ": " + ended.value().message
                                : to_string(ended.error()));
    }
    return failed;
  }

  bool everything_rests() {
    return wait_until(seconds{60}, [&] {
      runtime_->actors().sweep();
      const auto live = runtime_->actors().stats().live;
      return std::accumulate(live.begin(), live.end(), std::uint64_t{0}) == 0;
    });
  }

  temporary_directory home_;
  std::unique_ptr<runtime> runtime_;
};

TEST_F(a_thousand_runs, end_in_one_process_and_leave_nothing_behind) {
  std::vector<run_id> rehearsed;
  for (int i = 0; i < rehearsals; ++i)
    rehearsed.push_back(start(i % repositories, branches));
  ASSERT_EQ(failures(rehearsed), 0);
  ASSERT_TRUE(everything_rests());
  const auto memory_before = resident_bytes();
  const auto handles_before = open_handles();

  const auto began = std::chrono::steady_clock::now();
  std::vector<run_id> runs;
  for (int branch = 0; branch < branches; ++branch)
    for (int repo = 0; repo < repositories; ++repo)
      runs.push_back(start(repo, branch));
  EXPECT_EQ(failures(runs), 0);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;

  EXPECT_TRUE(everything_rests());
  const auto memory_after = resident_bytes();
  const auto handles_after = open_handles();
  std::printf(
      "%zu runs in %.1f s; resident %zu MB before, %zu MB after; %zu handles before, %zu after\n",
      runs.size(),
      took.count(),
      memory_before >> 20,
      memory_after >> 20,
      handles_before,
      handles_after);
  EXPECT_LE(memory_after, memory_before + memory_slack);
  EXPECT_LE(handles_after, handles_before + handle_slack);

  const auto stats = runtime_->actors().stats();
  EXPECT_EQ(stats.crashes, 0U);
  EXPECT_EQ(stats.broken, 0U);
  const auto books = count_money(facts_of(runtime_->log()));
  usd of_runs;
  usd of_the_day;
  for (const auto& [scope, amount] : books.settled)
    (scope.starts_with("run:") ? of_runs : of_the_day) += amount;
  EXPECT_EQ(books.settled.size(), runs.size() + rehearsed.size() + 1)
      << "a scope a run, and the day's";
  EXPECT_GT(of_runs, usd{});
  EXPECT_EQ(of_runs, books.spent_by_calls);
  EXPECT_EQ(of_the_day, books.spent_by_calls);
  for (const auto& [scope, amount] : books.open)
    EXPECT_EQ(amount, usd{}) << scope;
}

} // namespace
} // namespace ash::e2e
