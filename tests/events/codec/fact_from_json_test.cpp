#include "events/codec/fact_from_json.hpp"

#include "events/codec/codec.hpp"
#include "tests/events/codec/random_values.hpp"

#include <boost/json/object.hpp>
#include <gtest/gtest.h>

namespace ash::codec {
namespace {

TEST(fact_from_json, reads_back_what_facts_of_every_type_say) {
  for (const auto& fact : testing::facts_of_every_type(78, 20)) {
    const auto written = to_json(fact);
    const auto read = fact_from_json(type_of(fact), written);
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(to_json(read.value()), written) << type_of(fact);
  }
}

TEST(fact_from_json, takes_what_other_versions_write) {
  const auto read = fact_from_json("run.resumed", json::object{{"since", "tomorrow"}});
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<run::resumed>(read.value()).by, "");
}

TEST(fact_from_json, names_what_it_can_not_read) {
  const auto fault = [](std::string_view type, json::value data) {
    const auto read = fact_from_json(type, data);
    return read ? "" : read.error().message;
  };
  EXPECT_NE(fault("run.flew", json::object{}).find("not known"), std::string::npos);
  EXPECT_NE(fault("run.resumed", 7).find("at ''"), std::string::npos);
  EXPECT_NE(fault("run.resumed", json::object{{"by", 7}}).find("'/by'"), std::string::npos);
  EXPECT_NE(fault("approval.decided", json::object{{"decision", "perhaps"}}).find("'/decision'"),
            std::string::npos);
  for (const auto* at : {"", "2026-02-30T00:00:00.000000Z", "2026-02-03T00:00:00.000000Zx", "now"})
    EXPECT_NE(fault("approval.requested", json::object{{"expires", at}}).find("'/expires'"),
              std::string::npos)
        << at;
  EXPECT_NE(fault("run.report.composed", json::object{{"cost", "1e3"}}).find("'/cost'"),
            std::string::npos);
}

} // namespace
} // namespace ash::codec
