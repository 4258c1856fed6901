#include "events/codec/codec.hpp"
#include "tests/events/codec/random_values.hpp"

#include <gmock/gmock.h>
#include <regex>
#include <set>

namespace ash::codec {
namespace {

using testing::facts_of_every_type;
using ::testing::HasSubstr;
using testing::same_fact;

const call_id a_call{uuid{1, 2}};
const turn_id a_turn{uuid{3, 4}};

turn::call_requested a_request_with(const document& request) {
  turn::call_requested fact;
  fact.turn = a_turn;
  fact.call = a_call;
  fact.request = request;
  return fact;
}

turn::call_requested a_request_of(const std::string& text) {
  return a_request_with({text, sha256_hex(text), std::ssize(text)});
}

any_fact read_back(const any_fact& fact) {
  const auto bytes = encode(fact);
  return decode(bytes.type, bytes.schema_version, bytes.payload).value();
}

TEST(codec, gives_every_fact_back_as_it_was) {
  for (const auto& fact : facts_of_every_type(1, 40)) {
    const auto bytes = encode(fact);
    const auto read = decode(bytes.type, bytes.schema_version, bytes.payload);
    ASSERT_TRUE(read) << bytes.type << ": " << to_string(read.error());
    EXPECT_TRUE(same_fact(fact, read.value())) << bytes.type;
  }
}

TEST(codec, gives_every_fact_with_its_defaults_back) {
  using types = boost::mp11::mp_transform<std::type_identity, every_fact>;
  boost::mp11::mp_for_each<types>([](auto each) {
    const any_fact fact = typename decltype(each)::type{};
    EXPECT_TRUE(same_fact(fact, read_back(fact))) << type_of(fact);
  });
}

TEST(codec, gives_equal_bytes_for_equal_facts) {
  const auto some = facts_of_every_type(2, 3);
  const auto again = facts_of_every_type(2, 3);
  for (std::size_t i = 0; i < some.size(); ++i)
    EXPECT_EQ(encode(some[i]).payload, encode(again[i]).payload) << type_of(some[i]);
}

TEST(codec, writes_what_it_read_with_the_same_bytes) {
  for (const auto& fact : facts_of_every_type(3, 3)) {
    const auto bytes = encode(fact);
    EXPECT_EQ(bytes.payload, encode(read_back(fact)).payload) << bytes.type;
  }
}

TEST(codec, moves_a_document_above_1_KiB_to_the_blobs_and_keeps_its_address) {
  const std::string text(1025, 'x');
  const auto bytes = encode(a_request_of(text));
  ASSERT_EQ(bytes.blobs.size(), 1U);
  EXPECT_EQ(bytes.blobs[0].bytes, text);
  EXPECT_EQ(bytes.blobs[0].hash, sha256(text));
  EXPECT_LT(bytes.payload.size(), 300U);
  const auto read = std::get<turn::call_requested>(read_back(a_request_of(text)));
  EXPECT_EQ(read.request, (document{"", sha256_hex(text), 1025}));
}

TEST(codec, keeps_a_document_of_1_KiB_in_the_fact) {
  const auto fact = a_request_of(std::string(1024, 'x'));
  EXPECT_TRUE(encode(fact).blobs.empty());
  EXPECT_EQ(std::get<turn::call_requested>(read_back(fact)).request, fact.request);
}

TEST(codec, moves_a_short_document_that_is_not_utf_8_to_the_blobs_unchanged) {
  const auto bytes = encode(a_request_of("\xFF\xFE"));
  ASSERT_EQ(bytes.blobs.size(), 1U);
  EXPECT_EQ(bytes.blobs[0].bytes, "\xFF\xFE");
}

TEST(codec, computes_the_address_of_a_document_that_has_only_text) {
  const auto fact = a_request_with({"hello", "", 0});
  const auto read = std::get<turn::call_requested>(read_back(fact));
  EXPECT_EQ(read.request, (document{"hello", sha256_hex("hello"), 5}));
}

TEST(codec, keeps_the_address_of_a_document_that_was_read_back) {
  const auto once = read_back(a_request_of(std::string(5000, 'x')));
  EXPECT_TRUE(encode(once).blobs.empty());
  EXPECT_EQ(std::get<turn::call_requested>(read_back(once)).request,
            std::get<turn::call_requested>(once).request);
}

TEST(codec, stops_at_a_document_whose_address_is_none) {
  EXPECT_THROW(encode(a_request_with({"", "not hex", 0})), std::logic_error);
}

TEST(codec, repairs_a_text_that_is_not_utf_8) {
  const auto read = read_back(turn::completed{a_turn, "a\xFFz"});
  EXPECT_EQ(std::get<turn::completed>(read).text, "a\uFFFDz");
}

TEST(codec, keeps_a_zero_byte_within_a_text) {
  const std::string text{"a\0z", 3};
  EXPECT_EQ(std::get<turn::completed>(read_back(turn::completed{a_turn, text})).text, text);
}

TEST(codec, marks_only_a_piece_of_a_streaming_answer_as_transient) {
  for (const auto& fact : facts_of_every_type(4, 1))
    EXPECT_EQ(encode(fact).transient, type_of(fact) == "llm.call.delta") << type_of(fact);
}

TEST(codec, has_one_well_formed_type_text_for_each_fact) {
  const std::regex form{"[a-z]+(\\.[a-z_]+)+"};
  std::set<std::string> seen;
  for (const auto& fact : facts_of_every_type(5, 1)) {
    const std::string type{type_of(fact)};
    EXPECT_TRUE(std::regex_match(type, form)) << type;
    EXPECT_TRUE(seen.insert(type).second) << type << " names two facts";
  }
}

TEST(codec, refuses_a_type_that_it_does_not_know_by_name) {
  const auto read = decode("run.teleported", 1, "");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, errc::log_corrupt);
  EXPECT_THAT(read.error().message, HasSubstr("'run.teleported'"));
  EXPECT_THAT(read.error().message, HasSubstr("written by a newer actor-shell?"));
}

TEST(codec, refuses_a_schema_version_that_it_does_not_know) {
  const auto bytes = encode(run::started{});
  for (const auto version : {0, schema_version_now + 1}) {
    const auto read = decode(bytes.type, static_cast<std::uint16_t>(version), bytes.payload);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, errc::log_corrupt);
    EXPECT_THAT(read.error().message, HasSubstr("schema version " + std::to_string(version)));
  }
}

TEST(codec, writes_many_facts_one_after_another_without_a_trace_of_the_one_before) {
  const auto small = encode(run::started{}).payload;
  (void)encode(turn::completed{a_turn, std::string(std::size_t{3} << 20, 'x')});
  EXPECT_EQ(encode(run::started{}).payload, small);
}

} // namespace
} // namespace ash::codec
