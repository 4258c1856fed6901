#include "actors/shells/supervisor.hpp"

#include <gtest/gtest.h>

namespace ash::shell {
namespace {

const stream_id a = stream_of_budget("a");
const error fault = refuse(errc::version_conflict, "why");
constexpr supervisor_rules rules{3, 60'000'000, 100, 150};

} // namespace

TEST(supervisor, doubles_the_wait_up_to_its_bound_and_then_gives_up) {
  std::vector<std::string> heard;
  supervisor judge{
      rules,
      [] { return instant{7}; },
      [&](const stream_id& s, const error& e) { heard.push_back(s.text() + ' ' + e.message); }};
  EXPECT_EQ(judge.crashed(a, fault), 100);
  EXPECT_EQ(judge.crashed(a, fault), 150);
  EXPECT_FALSE(judge.refusal(a));
  EXPECT_EQ(judge.crashed(a, fault), std::nullopt);
  EXPECT_EQ(heard, std::vector<std::string>{"budget/a why"});
  ASSERT_TRUE(judge.refusal(a));
  EXPECT_EQ(judge.refusal(a)->code, errc::entity_broken);
  ASSERT_EQ(judge.broken().size(), 1u);
  EXPECT_EQ(judge.broken()[0].since, instant{7});
  EXPECT_EQ(judge.crashes(), 3u);
}

TEST(supervisor, counts_each_entity_by_itself) {
  supervisor judge{rules, [] { return instant{}; }, {}};
  judge.crashed(a, fault);
  judge.crashed(a, fault);
  EXPECT_EQ(judge.crashed(stream_of_budget("b"), fault), 100);
  EXPECT_FALSE(judge.refusal(stream_of_budget("b")));
}

} // namespace ash::shell
