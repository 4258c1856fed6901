#include "events/codec/codec.hpp"
#include "events/codec/describe_json.hpp"
#include "events/codec/json_text.hpp"
#include "tests/events/codec/random_values.hpp"

#include <gmock/gmock.h>

namespace ash::codec {
namespace {

using testing::facts_of_every_type;

TEST(fact_json, has_exactly_the_described_names_of_every_fact) {
  for (const auto& fact : facts_of_every_type(31, 1)) {
    std::vector<std::string> names;
    std::visit(
        [&](const auto& f) {
          using type = std::remove_cvref_t<decltype(f)>;
          boost::mp11::mp_for_each<members_of<type>>([&](auto m) { names.emplace_back(m.name); });
        },
        fact);
    std::vector<std::string> keys;
    for (const auto& [key, value] : to_json(fact))
      keys.emplace_back(key);
    EXPECT_EQ(keys, names) << type_of(fact);
  }
}

TEST(fact_json, can_be_parsed_again_for_every_fact) {
  for (const auto& fact : facts_of_every_type(32, 10)) {
    const auto text = to_json_text(to_json(fact));
    const auto parsed = parse_json(text, type_of(fact));
    ASSERT_TRUE(parsed) << to_string(parsed.error());
    EXPECT_EQ(to_json_text(parsed.value()), text);
  }
}

TEST(fact_json, writes_ids_streams_money_and_enums_as_text) {
  const budget::reserved reserved{
      call_id{uuid{1, 2}}, stream_of_budget("day:2026-11-21"), usd{123'000'000}};
  EXPECT_EQ(to_json_text(to_json(reserved)),
            R"({"call":"00000000-0000-0001-0000-000000000002",)"
            R"("owner":"budget/day:2026-11-21","amount":"0.000123",)"
            R"("approval":"00000000-0000-0000-0000-000000000000"})");
  EXPECT_EQ(to_json(run::interrupted{run::interruption::shutdown, ""}).at("cause"), "shutdown");
}

TEST(fact_json, writes_negative_money_with_its_sign) {
  EXPECT_EQ(describe_json(usd{-250'000'000'000}), "-0.25");
}

TEST(fact_json, writes_instants_as_iso_8601) {
  EXPECT_EQ(describe_json(instant{1'500'000}), "1970-01-01T00:00:01.500000Z");
}

TEST(fact_json, writes_an_absent_optional_as_null) {
  EXPECT_EQ(to_json(session::created{}).at("parent"), nullptr);
}

TEST(fact_json, writes_a_document_with_its_text_only_where_that_is_at_hand) {
  EXPECT_EQ(to_json_text(describe_json(document{"hi", "00ff", 2})),
            R"({"sha256":"00ff","size":2,"text":"hi"})");
  EXPECT_EQ(to_json_text(describe_json(document{"", "00ff", 2000})),
            R"({"sha256":"00ff","size":2000})");
}

TEST(fact_json, repairs_text_that_is_not_utf_8) {
  EXPECT_EQ(describe_json(std::string{"a\xFF"}), "a\uFFFD");
}

struct idle {};
BOOST_DESCRIBE_STRUCT(idle, (), ())
struct busy {
  std::map<std::string, std::int64_t> steps;
  std::map<std::int64_t, std::string> names;
  std::optional<usd> limit;
};
BOOST_DESCRIBE_STRUCT(busy, (), (steps, names, limit))

using some_state = std::variant<std::monostate, idle, busy>;

TEST(json_text, escapes_any_byte_at_any_place) {
  for (int byte = 0; byte < 0x80; ++byte)
    for (const std::size_t before : {0, 1, 6, 7, 8, 9, 15, 16})
      for (const std::size_t after : {0, 1, 7, 8, 20}) {
        const auto text =
            std::string(before, 'a') + static_cast<char>(byte) + std::string(after, '~');
        std::string written;
        append_json_text(written, text);
        ASSERT_EQ(json::parse(written).as_string(), text) << byte << ' ' << before << ' ' << after;
        ASSERT_EQ(written, to_json_text(json::value(text)));
      }
}

TEST(described_json, writes_a_variant_with_the_name_of_its_kind) {
  EXPECT_EQ(to_json_text(describe_json(some_state{})), R"({"kind":"monostate","value":null})");
  EXPECT_EQ(to_json_text(describe_json(some_state{idle{}})), R"({"kind":"idle","value":{}})");
  EXPECT_EQ(to_json_text(describe_json(every_fact{run::resumed{"me"}})),
            R"({"kind":"run.resumed","value":{"by":"me"}})");
}

TEST(described_json, writes_a_map_as_an_object_where_its_keys_are_text) {
  EXPECT_EQ(to_json_text(describe_json(some_state{busy{{{"a", 1}}, {{2, "b"}}, {}}})),
            R"({"kind":"busy","value":{"steps":{"a":1},"names":[[2,"b"]],"limit":null}})");
}

} // namespace
} // namespace ash::codec
