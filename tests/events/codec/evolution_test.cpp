#include "events/codec/codec.hpp"
#include "events/codec/read.hpp"
#include "events/codec/write.hpp"
#include "tests/events/codec/schema_model.hpp"

#include <gmock/gmock.h>

namespace ash::codec {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// `agent_terms` and `phase.failed` as a writer before and after ours might know them.
struct failed_before {
  std::string code;
};
BOOST_DESCRIBE_STRUCT(failed_before, (), (code))

struct failed_after {
  std::string code;
  std::string message;
  usd cost;
  token_usage usage;
  std::int64_t calls = 0;
  std::string hint;
  std::vector<std::string> tags;
  std::optional<std::int64_t> retries;
  std::vector<failed_before> causes;
};
BOOST_DESCRIBE_STRUCT(failed_after,
                      (),
                      (code, message, cost, usage, calls, hint, tags, retries, causes))

struct terms_before {
  std::string persona;
};
BOOST_DESCRIBE_STRUCT(terms_before, (), (persona))

struct persona_changed_before {
  terms_before agent;
};
BOOST_DESCRIBE_STRUCT(persona_changed_before, (), (agent))

template <class T> std::string payload_of(const T& value) {
  wire_writer w{default_fields::omitted, nullptr};
  return w.finish(write_table(w, value), fact_identifier);
}

TEST(evolution, gives_a_field_that_an_old_record_lacks_its_default) {
  const auto read = decode("phase.failed", 1, payload_of(failed_before{"boom"}));
  ASSERT_TRUE(read) << to_string(read.error());
  const auto& fact = std::get<phase::failed>(read.value());
  EXPECT_EQ(fact.code, "boom");
  EXPECT_EQ(fact.message, "");
  EXPECT_EQ(fact.usage, token_usage{});
  EXPECT_EQ(fact.calls, 0);
}

TEST(evolution, gives_a_field_that_an_old_nested_table_lacks_its_default) {
  const auto read =
      decode("session.persona.changed", 1, payload_of(persona_changed_before{{"coder@1"}}));
  ASSERT_TRUE(read) << to_string(read.error());
  agent_terms expected;
  expected.persona = "coder@1";
  EXPECT_EQ(*std::get<session::persona_changed>(read.value()).agent, expected);
}

TEST(evolution, passes_over_fields_that_only_a_newer_writer_knows) {
  failed_after newer{"boom", "it broke", usd{5}, {}, 3, "mend it", {"a", "b"}, 4, {{"cause"}}};
  newer.usage.input = 9;
  const auto read = decode("phase.failed", 1, payload_of(newer));
  ASSERT_TRUE(read) << to_string(read.error());
  const auto& fact = std::get<phase::failed>(read.value());
  EXPECT_EQ(fact.message, "it broke");
  EXPECT_EQ(fact.cost, usd{5});
  EXPECT_EQ(fact.usage.input, 9);
  EXPECT_EQ(fact.calls, 3);
}

TEST(evolution, keeps_todays_schemas_able_to_read_every_released_record) {
  EXPECT_THAT(breaks(model_of_folder(std::string{ASH_BINARY_SCHEMAS} + "/released"),
                     model_of_folder(ASH_BINARY_SCHEMAS)),
              IsEmpty());
}

class a_changed_schema : public ::testing::Test {
protected:
  std::vector<field_model>& fields_of(const std::string& name) { return now_.at(name).fields; }
  std::vector<std::string> found() const { return breaks(released_, now_); }

  schema_model released_ = model_of_facts();
  schema_model now_ = released_;
};

TEST_F(a_changed_schema, is_accepted_with_fields_values_and_tables_more) {
  fields_of("ash.fbs.run.Failed").push_back({"hint", "string", ""});
  fields_of("ash.fbs.BudgetPolicy").push_back({"ask", "", "3"});
  now_["ash.fbs.run.Renamed"] = {};
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(a_changed_schema, is_refused_without_a_field_that_was_released) {
  fields_of("ash.fbs.run.Failed").pop_back();
  EXPECT_THAT(found(), ElementsAre(HasSubstr("ash.fbs.run.Failed.phase_key was removed")));
}

TEST_F(a_changed_schema, is_refused_with_a_field_of_another_type_name_or_default) {
  fields_of("ash.fbs.run.Failed")[0].type = "long";
  fields_of("ash.fbs.run.Failed")[1].name = "text";
  fields_of("ash.fbs.ToolTerms")[1].fallback = "5";
  EXPECT_THAT(found(),
              ElementsAre(HasSubstr("ToolTerms.time_limit_ms"),
                          HasSubstr("Failed.code"),
                          HasSubstr("Failed.message")));
}

TEST_F(a_changed_schema, is_refused_with_fields_in_another_order) {
  std::swap(fields_of("ash.fbs.run.Failed")[0], fields_of("ash.fbs.run.Failed")[1]);
  EXPECT_EQ(found().size(), 2U);
}

TEST_F(a_changed_schema, is_refused_without_a_table_or_an_enum_value_that_was_released) {
  now_.erase("ash.fbs.run.Failed");
  fields_of("ash.fbs.BudgetPolicy").pop_back();
  EXPECT_THAT(found(), ElementsAre(HasSubstr("BudgetPolicy.prompt"), HasSubstr("Failed is gone")));
}

TEST_F(a_changed_schema, is_refused_with_a_struct_that_grew) {
  fields_of("ash.fbs.Uuid").push_back({"more", "ulong", "0"});
  EXPECT_THAT(found(), ElementsAre(HasSubstr("Uuid is a struct")));
}

} // namespace
} // namespace ash::codec
