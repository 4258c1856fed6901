#include "tests/e2e/kill_case.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <mutex>
#include <sstream>
#include <thread>

namespace ash::e2e {
namespace {

constexpr std::size_t at_once = 3;
/// Every so many cases the resumed run is killed too.
constexpr std::size_t again_every = 12;

/// All passages of one run, and for some of them a second death, early in the resumed run.
std::vector<kill_at> cases_of(const std::map<std::string, int>& passages) {
  std::vector<kill_at> cases;
  for (const auto& [point, count] : passages)
    for (int passage = 1; passage <= count; ++passage)
      cases.push_back({point, passage});
  const auto once = cases.size();
  for (std::size_t i = 0; i < once; i += again_every) {
    cases.push_back(cases[i]);
    const auto nth = static_cast<int>(1 + i / again_every % 5);
    cases.back().again = i / again_every % 2 == 0 ? cases[i].point + ":1"
                                                  : "log.append.after_sync:" + std::to_string(nth);
  }
  return cases;
}

struct tally {
  std::mutex mutex;
  std::vector<std::string> faults;
  std::size_t killed = 0;
  std::size_t in_doubt = 0;
  std::size_t lost_calls = 0;

  void add(const kill_at& where, const case_result& came) {
    const std::lock_guard lock{mutex};
    killed += came.killed ? 1 : 0;
    in_doubt += came.in_doubt;
    lost_calls += came.lost_calls;
    for (const auto& fault : came.faults)
      faults.push_back(where.text() + ": " + fault);
  }
};

void run_all(const std::vector<kill_at>& cases,
             const fs::path& repo,
             const end_state& expected,
             tally& into) {
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> workers;
  for (std::size_t i = 0; i < at_once; ++i)
    workers.emplace_back([&] {
      for (auto at = next++; at < cases.size(); at = next++)
        into.add(cases[at], kill_case{repo}.run_killed(cases[at], expected));
    });
}

TEST(kill_matrix, every_passage_of_every_fail_point_is_survived) {
  const temporary_directory home;
  make_repository(
      home.path() / "repo",
      {{"greet.sh", "#!/bin/sh\necho \"Hello, ${1:-world}!\"\n"}, {"README.md", "# greet\n"}});
  const auto whole = kill_case{home.path() / "repo"}.run_unkilled(home / "passages");
  ASSERT_TRUE(whole.faults.empty()) << testing::PrintToString(whole.faults);
  std::map<std::string, int> passages;
  for (const auto& name : lines_of(read_text(home / "passages")))
    ++passages[name];
  const auto listed = run_process({.command = {ACTOR_SHELL_BINARY, "fail-points"},
                                   .environment = clean_environment(home.path()),
                                   .directory = {}});
  ASSERT_EQ(listed.exit_code, 0) << listed.shown();
  const auto names = lines_of(listed.out);
  ASSERT_FALSE(names.empty());
  for (const auto& name : names)
    EXPECT_GT(passages[name], 0) << "no run ever passes " << name;
  EXPECT_EQ(passages.size(), names.size());

  auto cases = cases_of(passages);
  // For work on one of them: only the cases whose name has this text.
  const auto* some = std::getenv("KILL_MATRIX_ONLY");
  if (some != nullptr)
    std::erase_if(cases,
                  [&](const kill_at& c) { return c.text().find(some) == std::string::npos; });
  tally all;
  run_all(cases, home.path() / "repo", whole.end, all);

  std::ostringstream shown;
  for (std::size_t i = 0; i < std::min<std::size_t>(all.faults.size(), 40); ++i)
    shown << all.faults[i] << '\n';
  EXPECT_TRUE(all.faults.empty()) << all.faults.size() << " faults:\n" << shown.str();
  // How appends fall into batches differs a little from run to run, so the last passages of a run
  // may not be reached.
  EXPECT_GE(all.killed * 20, cases.size() * 19);
  EXPECT_TRUE(some != nullptr || all.in_doubt > 0);
  EXPECT_TRUE(some != nullptr || all.lost_calls > 0);
  std::printf("%zu cases, %zu killed, %zu tool calls in doubt, %zu model calls lost\n",
              cases.size(),
              all.killed,
              all.in_doubt,
              all.lost_calls);
}

} // namespace
} // namespace ash::e2e
