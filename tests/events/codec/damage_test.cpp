#include "events/codec/codec.hpp"
#include "events/codec/read.hpp"
#include "tests/events/codec/random_values.hpp"

#include <gmock/gmock.h>

namespace ash::codec {
namespace {

using testing::facts_of_every_type;
using ::testing::HasSubstr;
using testing::same_fact;

/// Damaged bytes may still be a fact, but then one that can be written and read as any other.
void expect_error_or_a_sound_fact(std::string_view type, std::string_view payload) {
  const auto read = decode(type, 1, payload);
  if (!read) {
    EXPECT_EQ(read.error().code, errc::log_corrupt);
    EXPECT_FALSE(read.error().message.empty());
    return;
  }
  const auto bytes = encode(read.value());
  const auto again = decode(bytes.type, bytes.schema_version, bytes.payload);
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_TRUE(same_fact(read.value(), again.value()));
}

TEST(damaged_payload, cut_at_any_length_is_an_error_or_a_sound_fact) {
  for (const auto& fact : facts_of_every_type(11, 2)) {
    const auto bytes = encode(fact);
    for (std::size_t size = 0; size < bytes.payload.size(); ++size)
      expect_error_or_a_sound_fact(bytes.type, std::string_view{bytes.payload}.substr(0, size));
  }
}

TEST(damaged_payload, with_any_byte_changed_is_an_error_or_a_sound_fact) {
  for (const auto& fact : facts_of_every_type(12, 2)) {
    auto bytes = encode(fact);
    for (auto& byte : bytes.payload) {
      for (const auto flip : {0x01, 0x04, 0x80, 0xFF}) {
        const auto was = byte;
        byte = static_cast<char>(byte ^ flip);
        expect_error_or_a_sound_fact(bytes.type, bytes.payload);
        byte = was;
      }
    }
  }
}

TEST(damaged_payload, of_random_bytes_is_an_error_or_a_sound_fact) {
  std::mt19937_64 bits{13};
  for (const auto& fact : facts_of_every_type(13, 20)) {
    std::string garbage(bits() % 200, '\0');
    for (auto& byte : garbage)
      byte = static_cast<char>(bits() % 4 == 0 ? bits() : bits() % 16);
    if (garbage.size() >= 8) {
      garbage.replace(0, 4, std::string("\x08\0\0\0", 4));
      garbage.replace(4, 4, "ASHF");
    }
    expect_error_or_a_sound_fact(type_of(fact), garbage);
  }
}

TEST(damaged_payload, of_another_type_is_an_error_or_a_sound_fact) {
  const auto facts = facts_of_every_type(14, 1);
  for (const auto& fact : facts)
    for (const auto& other : facts)
      expect_error_or_a_sound_fact(type_of(other), encode(fact).payload);
}

TEST(damaged_payload, is_named_with_the_member_that_holds_the_damage) {
  run::bound fact;
  fact.bindings.resize(2);
  fact.bindings[1].reason = "because";
  auto bytes = encode(fact);
  bytes.payload[bytes.payload.find("because")] = '\xFF';
  const auto read = decode(bytes.type, 1, bytes.payload);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("a payload of run.bound is damaged"));
  EXPECT_THAT(read.error().message, HasSubstr("a text is not UTF-8 in bindings[1].reason"));
}

TEST(damaged_payload, with_an_enum_value_that_is_not_known_is_an_error) {
  const auto known = encode(run::interrupted{run::interruption::budget, ""});
  const auto other = encode(run::interrupted{run::interruption::shutdown, ""});
  ASSERT_EQ(known.payload.size(), other.payload.size());
  auto changed = known.payload;
  for (std::size_t i = 0; i < changed.size(); ++i)
    if (known.payload[i] != other.payload[i])
      changed[i] = 77;
  const auto read = decode(known.type, 1, changed);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("in cause"));
}

/// A table that is a list of references to one and the same text.
std::string bytes_that_refer_to_one_text(std::uint32_t times) {
  std::string bytes;
  const auto put = [&](std::uint64_t value, int width) {
    for (int i = 0; i < width; ++i)
      bytes += static_cast<char>(value >> (8 * i));
  };
  put(16, 4); // the root table, behind its slots
  bytes += "ASHF";
  put(6, 2); // slots: their size, the table's size, the first field
  put(8, 2);
  put(4, 2);
  put(0, 2);
  put(8, 4); // the table: its slots lie 8 before it, and its field refers to the list
  put(4, 4);
  put(times, 4);
  for (std::uint32_t i = 0; i < times; ++i)
    put(4 * (times - i), 4);
  const std::string text(1000, 'x');
  put(text.size(), 4);
  bytes += text + std::string(4, '\0');
  return bytes;
}

struct list_of_texts {
  std::vector<std::string> texts;
};
BOOST_DESCRIBE_STRUCT(list_of_texts, (), (texts))

TEST(damaged_payload, that_refers_to_one_part_many_times_is_an_error) {
  for (const std::uint32_t times : {1U, 2U, 100'000U}) {
    const auto bytes = bytes_that_refer_to_one_text(times);
    wire_reader r{bytes};
    wire_table root;
    ASSERT_TRUE(r.root("ASHF", root)) << r.why("it").message;
    list_of_texts read;
    EXPECT_EQ(read_table(r, root, read), times == 1) << times;
    if (times > 1) {
      EXPECT_THAT(r.why("it").message, HasSubstr("parts overlap in texts["));
    }
    EXPECT_LE(read.texts.size(), 500U);
  }
}

} // namespace
} // namespace ash::codec
