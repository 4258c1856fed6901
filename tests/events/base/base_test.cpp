#include "events/base/clock.hpp"
#include "events/base/error.hpp"
#include "events/base/hash.hpp"
#include "events/base/ids.hpp"
#include "events/base/json.hpp"
#include "events/base/money.hpp"
#include "events/base/text.hpp"

#include <cerrno>
#include <gmock/gmock.h>
#include <limits>
#include <set>

namespace ash {
namespace {

using testing::HasSubstr;

TEST(errors, have_codes_that_are_found_again_by_their_text) {
  EXPECT_EQ(to_string(errc::run_not_found), "run_not_found");
  EXPECT_TRUE(errc_from("run_not_found").known);
  EXPECT_EQ(errc_from("run_not_found").code, errc::run_not_found);
  EXPECT_FALSE(errc_from("no_such_code").known);
  EXPECT_EQ(class_of(errc::budget_exhausted), error_class::limit);
  EXPECT_EQ(class_of(errc::internal_error), error_class::internal);
}

TEST(errors, show_code_message_and_details_in_one_line) {
  const auto why = refuse(errc::config_invalid, "no").with("file", "a.yaml").with("line", "3");
  EXPECT_EQ(to_string(why), "config_invalid: no (file=a.yaml, line=3)");
  EXPECT_EQ(system_error("writing", ENOSPC).code, errc::storage_full);
  EXPECT_EQ(system_error("writing", EACCES).code, errc::io_failed);
}

TEST(money, is_exact_to_the_last_unit) {
  EXPECT_EQ(parse_usd("0.000000000001").value(), usd{1});
  EXPECT_EQ(parse_usd("12.5").value(), usd{12'500'000'000'000});
  EXPECT_EQ(parse_usd("-0.25").value(), usd{-250'000'000'000});
  EXPECT_EQ(to_string(usd{1}), "$0.000000000001");
  EXPECT_EQ(to_string(usd{12'500'000'000'000}), "$12.50");
  EXPECT_EQ(to_string(usd{-250'000'000'000}), "-$0.25");
  EXPECT_EQ(times(3, usd{7}), usd{21});
}

TEST(money, refuses_what_is_no_amount_or_out_of_range) {
  for (const auto* text :
       {"", ".", "1.", ".5", "1e3", "1,5", "0.0000000000001", "99999999999", "$1"})
    EXPECT_FALSE(parse_usd(text)) << text;
  EXPECT_THROW((void)(usd{INT64_MAX} + usd{1}), std::logic_error);
  EXPECT_THROW((void)times(2, usd{INT64_MAX}), std::logic_error);
  EXPECT_THROW((void)times(-1, usd{1}), std::logic_error);
}

TEST(ids, are_read_as_they_are_written_and_derived_alike_every_time) {
  const auto id = random_uuid();
  EXPECT_EQ(parse_uuid(to_string(id)).value(), id);
  EXPECT_EQ(to_string(id)[14], '4');
  EXPECT_EQ(derive(id, "a"), derive(id, "a"));
  EXPECT_NE(derive(id, "a"), derive(id, "b"));
  EXPECT_EQ(to_string(derive(id, "a"))[14], '8');
  for (const auto* text :
       {"", "abc", "01234567-89ab-cdef-0123-456789abcdeg", "0123456789ab-cdef-0123-456789abcdef-0"})
    EXPECT_FALSE(parse_uuid(text)) << text;
}

TEST(streams, are_named_by_kind_and_key) {
  const auto stream = stream_id::parse("budget/day:2026-11-21").value();
  EXPECT_EQ(stream.kind(), entity_kind::budget);
  EXPECT_EQ(stream.key(), "day:2026-11-21");
  EXPECT_EQ(stream, stream_of_budget("day:2026-11-21"));
  for (const auto& text : {std::string{"run"},
                           std::string{"run/"},
                           std::string{"cat/1"},
                           "run/" + std::string(300, 'x')})
    EXPECT_FALSE(stream_id::parse(text)) << text;
}

TEST(time, is_shown_in_utc) {
  EXPECT_EQ(to_iso({1'763'726'400'123'456}), "2025-11-21T12:00:00.123456Z");
  EXPECT_EQ(utc_date({1'763'726'400'123'456}), "2025-11-21");
  EXPECT_EQ(to_iso({-1}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(to_iso({0}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_iso({951'782'400'000'000}), "2000-02-29T00:00:00.000000Z");
  EXPECT_EQ(to_iso({253'402'300'799'999'999}), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(to_iso({253'402'300'800'000'000}), "10000-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_iso({-62'167'219'200'000'000}), "0000-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_iso({-62'167'219'200'000'001}), "-001-12-31T23:59:59.999999Z");
  using bounds = std::numeric_limits<std::int64_t>;
  EXPECT_EQ(to_iso({bounds::max()}), "294247-01-10T04:00:54.775807Z");
  EXPECT_EQ(to_iso({bounds::min()}), "-290308-12-21T19:59:05.224192Z");
}

TEST(hashes, are_those_of_the_standard) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256({"a", "bc"}), sha256("abc"));
}

TEST(text, of_any_bytes_becomes_valid_utf8) {
  EXPECT_TRUE(is_valid_utf8("aé€𐍈"));
  for (const auto* bytes :
       {"\x80", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\xFF"}) {
    EXPECT_FALSE(is_valid_utf8(bytes));
    EXPECT_TRUE(is_valid_utf8(to_valid_utf8(bytes)));
    for (std::size_t before = 0; before < 20; ++before)
      for (const std::size_t after : {0, 1, 7, 8, 9}) {
        const std::string plain(before, 'a');
        EXPECT_FALSE(is_valid_utf8(plain + bytes + std::string(after, 'b'))) << before << after;
        EXPECT_TRUE(is_valid_utf8(plain + "é€𐍈" + std::string(after, 'b'))) << before << after;
      }
  }
  EXPECT_EQ(utf8_prefix("aé", 2), "a");
  EXPECT_EQ(code_points("aé€"), 3U);
  EXPECT_EQ(printable("a\n\t\x1b"), "a\\n\\t\\x1b");
}

TEST(globs, match_within_and_across_directories) {
  struct match_case {
    const char* pattern;
    const char* path;
    bool matches;
  };
  for (const auto& c : std::initializer_list<match_case>{{"*.pem", "a.pem", true},
                                                         {"*.pem", "d/a.pem", false},
                                                         {"**/*.pem", "a.pem", true},
                                                         {"**/*.pem", "d/e/a.pem", true},
                                                         {"**/.env", "x.env", false},
                                                         {".ssh/**", ".ssh/id", true},
                                                         {"a/**/b", "a/b", true},
                                                         {"a/**/b", "a/x/y/b", true},
                                                         {"a?c", "a/c", false},
                                                         {"run.*", "run.created", true},
                                                         {"**", "any/thing", true},
                                                         {"", "a", false}})
    EXPECT_EQ(glob_match(c.pattern, c.path), c.matches) << c.pattern << " on " << c.path;
  EXPECT_TRUE(glob_match("**/.ENV", "a/.env", glob_case::insensitive));
}

TEST(json_text, is_bounded_and_never_ambiguous) {
  EXPECT_TRUE(parse_json(R"({"a": [1, 2]})", "it"));
  EXPECT_THAT(parse_json(R"({"a": 1, "a": 2})", "it").error().message, HasSubstr("'a' twice"));
  EXPECT_FALSE(parse_json("{} x", "it"));
  EXPECT_FALSE(parse_json("\"\xFF\"", "it"));
  EXPECT_FALSE(parse_json(std::string(100, '[') + std::string(100, ']'), "it"));
  EXPECT_FALSE(parse_json("[1, 2]", "it", {.max_bytes = 3, .max_depth = 8}));
  EXPECT_EQ(canonical_json(parse_json(R"({"b": 1, "a": {"d": [], "c": null}})", "it").value()),
            R"({"a":{"c":null,"d":[]},"b":1})");
}

} // namespace
} // namespace ash
