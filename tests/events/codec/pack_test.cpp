#include "events/codec/pack.hpp"
#include "tests/events/codec/random_values.hpp"

#include <gmock/gmock.h>

namespace ash::codec {
namespace {

using testing::random_values;
using testing::same;

enum class mood : std::uint8_t { calm, hasty };
BOOST_DESCRIBE_ENUM(mood, calm, hasty)

struct waiting {
  std::set<call_id> calls;
  mood how = mood::hasty;
};
BOOST_DESCRIBE_STRUCT(waiting, (), (calls, how))

struct everything {
  std::variant<std::monostate, waiting, std::string, std::vector<usd>> status;
  std::map<tool_call_id, std::pair<std::string, instant>> calls;
  std::map<std::string, std::vector<std::string>> lists;
  std::vector<std::optional<std::int64_t>> gaps;
  std::vector<std::vector<run_id>> ids;
  std::optional<std::vector<mood>> moods;
  std::optional<std::string> note;
  std::vector<stream_id> streams;
  std::set<std::uint32_t> numbers;
  std::string name = "nobody";
  std::int64_t count = 7;
  bool on = true;
  uuid plain;
  document doc;
  apart<waiting> elsewhere;
};
BOOST_DESCRIBE_STRUCT(everything,
                      (),
                      (status,
                       calls,
                       lists,
                       gaps,
                       ids,
                       moods,
                       note,
                       streams,
                       numbers,
                       name,
                       count,
                       on,
                       plain,
                       doc,
                       elsewhere))

struct tree {
  std::string name;
  std::vector<tree> children;
};
BOOST_DESCRIBE_STRUCT(tree, (), (name, children))

TEST(pack, gives_every_kind_of_value_back) {
  random_values random{41};
  for (int i = 0; i < 200; ++i) {
    const auto value = random.make<everything>();
    const auto read = unpack<everything>(pack(value));
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_TRUE(same(value, read.value())) << i;
    EXPECT_EQ(pack(value), pack(read.value()));
  }
}

TEST(pack, gives_an_empty_value_back_where_the_default_is_another) {
  everything value;
  value.name = "";
  value.count = 0;
  value.on = false;
  const auto read = unpack<everything>(pack(value)).value();
  EXPECT_EQ(read.name, "");
  EXPECT_EQ(read.count, 0);
  EXPECT_FALSE(read.on);
}

TEST(pack, tells_an_empty_optional_text_from_none) {
  everything value;
  value.note = "";
  EXPECT_EQ(unpack<everything>(pack(value)).value().note, std::optional<std::string>{""});
  EXPECT_EQ(unpack<everything>(pack(everything{})).value().note, std::nullopt);
}

TEST(pack, takes_a_variant_itself) {
  using state = std::variant<std::monostate, waiting>;
  const state value = waiting{{call_id{uuid{1, 2}}}, mood::calm};
  EXPECT_TRUE(same(value, unpack<state>(pack(value)).value()));
}

TEST(pack, gives_a_recursive_value_back_down_to_a_bounded_depth) {
  tree shallow{"root", {{"a", {{"b", {}}}}, {"c", {}}}};
  EXPECT_TRUE(same(shallow, unpack<tree>(pack(shallow)).value()));
  tree deep;
  for (int i = 0; i < 100; ++i) {
    tree parent;
    parent.children.push_back(std::move(deep));
    deep = std::move(parent);
  }
  const auto read = unpack<tree>(pack(deep));
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, ::testing::HasSubstr("nested too deep"));
}

namespace before {
struct counter {
  std::int64_t hits = 0;
  std::int64_t misses = 0;
};
BOOST_DESCRIBE_STRUCT(counter, (), (hits, misses))
} // namespace before

namespace after {
struct counter {
  std::int64_t misses = 0;
  std::int64_t hits = 0;
};
BOOST_DESCRIBE_STRUCT(counter, (), (misses, hits))
} // namespace after

TEST(pack, refuses_a_snapshot_of_a_state_whose_members_were_others) {
  const auto read = unpack<after::counter>(pack(before::counter{1, 2}));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, errc::schema_unsupported);
}

TEST(pack, refuses_bytes_that_are_no_snapshot) {
  EXPECT_EQ(unpack<waiting>("").error().code, errc::log_corrupt);
  EXPECT_EQ(unpack<waiting>("ASHSASHSASHSASHS").error().code, errc::log_corrupt);
}

TEST(pack, refuses_damaged_bytes_or_gives_a_sound_value) {
  random_values random{42};
  for (int round = 0; round < 5; ++round) {
    auto bytes = pack(random.make<everything>());
    for (auto& byte : bytes) {
      for (const auto flip : {0x01, 0x80, 0xFF}) {
        const auto was = byte;
        byte = static_cast<char>(byte ^ flip);
        if (const auto read = unpack<everything>(bytes)) {
          EXPECT_TRUE(unpack<everything>(pack(read.value())));
        }
        byte = was;
      }
    }
  }
}

} // namespace
} // namespace ash::codec
