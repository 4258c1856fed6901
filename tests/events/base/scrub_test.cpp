#include "events/base/json.hpp"
#include "events/base/scrub.hpp"

#include <boost/json/object.hpp>
#include <gmock/gmock.h>
#include <random>

namespace ash {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view word = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Random texts; the same each time.
class chance {
public:
  std::size_t below(std::size_t bound) { return engine_() % bound; }

  std::string text(std::size_t size, std::string_view of = word) {
    std::string out;
    while (out.size() < size)
      out += of[below(of.size())];
    return out;
  }

  /// What may stand around a secret; nothing of it looks like one.
  std::string noise() {
    static const std::vector<std::string> parts{"task-force ", "\n",
                                                "export KEY=", "the quick brown fox ",
                                                "sk-",         "sk-fading-circle",
                                                "Bearer ",     "bearer of",
                                                "한국어 ",     "eyJ",
                                                "=",           "\"",
                                                "  ",          "-----",
                                                "gh",          "authorization: none ",
                                                "x: ",         "(",
                                                "ghp_short ",  "AKIA ",
                                                "xoxb- ",      "-----BEGIN CERTIFICATE-----"};
    std::string out;
    for (auto n = below(6); n > 0; --n)
      out += parts[below(parts.size())];
    return out;
  }

private:
  std::mt19937 engine_{20'241'121};
};

/// A secret, and what stands before it.
struct planted {
  std::string before;
  std::string secret;
};

planted secret_of(chance& any, std::size_t kind) {
  switch (kind) {
  case 0:
    return {" ", "sk-" + any.text(48)};
  case 1:
    return {"\n", "sk-ant-api03-" + any.text(80)};
  case 2:
    return {"'", "sk-or-v1-" + any.text(64)};
  case 3:
    return {"=", "ghp_" + any.text(36)};
  case 4:
    return {":", "github_pat_" + any.text(22) + "_" + any.text(59)};
  case 5:
    return {" ", "AKIA" + any.text(16, capitals)};
  case 6:
    return {" ", "xoxb-" + any.text(12) + "-" + any.text(24)};
  case 7:
    return {" ", "AIza" + any.text(35)};
  case 8:
    return {" ", "eyJ" + any.text(30) + "." + any.text(60) + "." + any.text(43)};
  case 9:
    return {" Bearer ", any.text(40)};
  case 10:
    return {" Authorization: Basic ", any.text(20)};
  case 11:
    return {" glpat-", any.text(20)};
  case 12:
    return {"\n-----BEGIN RSA PRIVATE KEY-----\n",
            any.text(64) + "\n" + any.text(64) + "\n-----END RSA PRIVATE KEY-----"};
  default:
    return {any.noise(), "a value in use"};
  }
}
constexpr std::size_t kinds = 14;

const live_scrubber& in_use() {
  static live_scrubber out;
  out.add("a value in use");
  out.add("short");
  return out;
}

const scrubber& with_value() {
  static const auto out = in_use().now();
  return *out;
}

TEST(scrub, leaves_no_planted_secret_in_a_text_and_nothing_else_out) {
  chance any;
  for (int n = 0; n < 20'000; ++n) {
    const auto what = secret_of(any, any.below(kinds));
    const auto text = any.noise() + what.before + what.secret + "\n" + any.noise();
    const auto cleaned = with_value().clean(text);
    ASSERT_THAT(cleaned, Not(HasSubstr(what.secret))) << text;
    ASSERT_THAT(cleaned, HasSubstr("[redacted:")) << text;
    ASSERT_EQ(with_value().clean(cleaned), cleaned) << "once is enough";
  }
}

TEST(scrub, finds_in_pieces_what_it_finds_in_the_whole) {
  chance any;
  for (int n = 0; n < 20'000; ++n) {
    const auto what = secret_of(any, any.below(kinds));
    const auto text = any.noise() + what.before + what.secret + "\n" + any.noise();
    scrubbing_stream stream{in_use().now()};
    std::string shown;
    for (std::size_t place = 0; place < text.size();) {
      const auto size = 1 + any.below(n % 2 == 0 ? 4 : 60);
      shown += stream.add(std::string_view{text}.substr(place, size));
      place += size;
    }
    shown += stream.finish();
    ASSERT_EQ(shown, with_value().clean(text)) << text;
  }
}

TEST(scrub, leaves_ordinary_text_as_it_is) {
  const scrubber shapes;
  for (const std::string text :
       {"",
        "a task-oriented risk-assessment of sk-learn-something-with-a-long-name",
        "Authorization: required by the server",
        "the bearer of bad news",
        "0f2bdb7c5a7d2b1f0e9c8d7a6b5c4d3e2f1a0b9c",
        "550e8400-e29b-41d4-a716-446655440000",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "the API's x-api-key header is described below"})
    EXPECT_EQ(shapes.clean(text), text);
}

TEST(scrub, keeps_json_valid_and_finds_keys_behind_its_escapes) {
  chance any;
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    const auto what = secret_of(any, kind);
    json::object object;
    object["content"] = "first\n" + what.before + what.secret;
    object["next"] = "untouched";
    const auto cleaned = with_value().clean(to_json_text(object));
    const auto parsed = parse_json(cleaned, "cleaned");
    ASSERT_TRUE(parsed) << cleaned;
    EXPECT_EQ(parsed.value().at("next"), "untouched");
    EXPECT_THAT(cleaned, HasSubstr("[redacted:")) << kind;
  }
  EXPECT_THAT(with_value().clean(R"({"a":"x\nsk-)" + any.text(40) + R"("})"),
              HasSubstr("redacted"));
}

TEST(scrub, reads_a_hostile_text_in_linear_time) {
  // Each of these has its beginnings everywhere; from each the rest is not read again.
  for (const std::string_view part : {"sk-", "eyJ-", "Bearer ", "-----BEGIN ", "x-api-key: "}) {
    std::string text;
    while (text.size() < (std::size_t{4} << 20))
      text += part;
    EXPECT_EQ(with_value().clean(text), text);
  }
}

TEST(scrub, takes_no_value_that_is_found_in_ordinary_text) {
  EXPECT_EQ(with_value().clean("a short text"), "a short text");
}

} // namespace
} // namespace ash
