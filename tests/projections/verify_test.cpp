#include "projections/verify.hpp"

#include "tests/projections/place.hpp"

namespace ash::projections::testing {
namespace {

class verifying : public each_store {
protected:
  void SetUp() override {
    past.add_run("r1");
    past.add_run("r2");
    past.add_session("s1");
    must(rebuild(*log, *at.a_store()));
  }
  verification verified() { return must(verify(*log, *at.a_store(), at.scratch())); }
};

TEST_P(verifying, finds_nothing_in_rows_that_nobody_touched) {
  const auto found = verified();
  EXPECT_TRUE(found.is_clean());
  EXPECT_GT(found.rows, 80U);
  EXPECT_EQ(found.position, log->head());
  EXPECT_FALSE(std::filesystem::exists(at.scratch()));
}

TEST_P(verifying, finds_a_row_that_was_changed) {
  meddle("update {model_calls} set cost = cost + 1 where model_call = '" +
         to_string(an_id<call_id>("s12first")) + "'");
  const auto found = verified();
  ASSERT_EQ(found.count, 1U);
  EXPECT_EQ(found.differences[0].table, "model_calls");
  EXPECT_EQ(found.differences[0].key, to_string(an_id<call_id>("s12first")));
  EXPECT_NE(found.differences[0].what.find("cost"), std::string::npos);
}

TEST_P(verifying, finds_rows_that_are_missing_and_rows_that_are_too_many) {
  meddle("delete from {runs} where run = '" + to_string(an_id<run_id>("r1")) + "'");
  meddle("insert into {workflows} values ('forged', 5, 'w', '{}', 1, 1, 1)");
  const auto found = verified();
  ASSERT_EQ(found.count, 2U);
  EXPECT_EQ(found.differences[0].what, "missing in the store");
  EXPECT_EQ(found.differences[1].key, "forged");
}

TEST_P(verifying, is_mended_by_a_rebuild) {
  meddle("update {runs} set state = 'aborted'");
  EXPECT_EQ(verified().count, 2U);
  const auto after = must(rebuild(*log, *at.a_store()));
  EXPECT_EQ(after.generation, 2U);
  EXPECT_EQ(after.position, log->head());
  EXPECT_TRUE(verified().is_clean());
}

TEST_P(verifying, compares_what_the_store_has_though_the_log_has_more) {
  past.add_run("r3");
  const auto found = verified();
  EXPECT_TRUE(found.is_clean());
  EXPECT_LT(found.position, log->head());
  const auto now = must(read_status(*log, *at.a_store()));
  EXPECT_EQ(now.position, found.position);
  EXPECT_EQ(now.lag_facts, log->head() - found.position);
}

TEST_P(verifying, leaves_a_rebuild_to_whoever_projects) {
  const auto with = open();
  catch_up(*with);
  const auto refused = rebuild(*log, *at.a_store());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::store_unavailable);
  EXPECT_TRUE(verified().is_clean());
}

ASH_EACH_STORE(verifying);

} // namespace
} // namespace ash::projections::testing
