// Our counts beside those of OpenAI's own tokeniser, as npm has it.
#include "actors/tokens/tokens.hpp"
#include "events/base/json.hpp"
#include "tests/e2e/harness.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <unistd.h>

namespace ash::e2e {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t strings = 120'000;

void put(std::string& to, std::uint32_t point) {
  const auto low = [&](unsigned shift) {
    return static_cast<char>(0x80 | (point >> shift & 0x3F));
  };
  if (point < 0x80)
    to += static_cast<char>(point);
  else if (point < 0x800)
    (to += static_cast<char>(0xC0 | point >> 6)) += low(0);
  else if (point < 0x10000)
    ((to += static_cast<char>(0xE0 | point >> 12)) += low(6)) += low(0);
  else
    (((to += static_cast<char>(0xF0 | point >> 18)) += low(12)) += low(6)) += low(0);
}

/// Strings of every kind, the same ones each time.
class corpus {
public:
  std::string next() {
    std::string out;
    const auto parts = below(5) == 0 ? 1 + below(60) : 1 + below(8);
    for (std::size_t i = 0; i < parts; ++i)
      add_part(out);
    return out;
  }

private:
  struct script {
    std::uint32_t first;
    std::uint32_t last;
  };

  std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(dice_() % end); }
  std::uint32_t of(script in) { return in.first + below(in.last - in.first + 1); }

  void add_part(std::string& to) {
    switch (below(8)) {
    case 0:
      return add_words(to);
    case 1: // a word of one of the world's scripts
      return add_run(to, scripts[below(scripts.size())], 1 + below(12));
    case 2: // spaces and ends of lines, of all kinds
      for (auto n = 1 + below(6); n > 0; --n)
        put(to, spaces[below(spaces.size())]);
      return;
    case 3: // numbers, in digits of several scripts
      return add_run(to, digits[below(digits.size())], 1 + below(9));
    case 4: // signs
      return add_run(to, {'!', '/'}, 1 + below(6));
    case 5: // anything printable in ASCII
      return add_run(to, {' ', '~'}, 1 + below(20));
    case 6: // any character at all, those beside letters and spaces too
      for (auto n = 1 + below(4); n > 0; --n) {
        const auto point = of(below(2) == 0 ? script{0, 0xFFFF} : script{0, 0x10FFFF});
        if (point < 0xD800 || point > 0xDFFF)
          put(to, point);
      }
      return;
    default: // one character, again and again
      const auto point = of(scripts[below(scripts.size())]);
      for (auto n = below(200) == 0 ? below(2'000) : below(40); n > 0; --n)
        put(to, point);
    }
  }

  void add_run(std::string& to, script in, std::size_t size) {
    for (; size > 0; --size)
      put(to, of(in));
  }

  void add_words(std::string& to) {
    static constexpr std::array<std::string_view, 28> words{"the ",       "'s",
                                                            "'S ",        "I'll",
                                                            "we'VE",      " don't",
                                                            "'re'm",      "return ",
                                                            "{\n",        "    ",
                                                            "\t}",        "0x1F",
                                                            " == ",       "<|endoftext|>",
                                                            "Straße",     " naïve",
                                                            "Привет ",    "안녕하세요 ",
                                                            "東京は",     "नमस्ते ",
                                                            "مرحبا",      "👩‍👩‍👧",
                                                            "e\u0301",    "\r\n",
                                                            "\r\n\r\n  ", " \n \n ",
                                                            "3.14159,",   "std::vector<int>"};
    for (auto n = 1 + below(6); n > 0; --n)
      to += words[below(words.size())];
  }

  static constexpr std::array<script, 20> scripts{
      {{'a', 'z'},         {'A', 'Z'},         {0xC0, 0x24F},      {0x370, 0x3FF},
       {0x400, 0x4FF},     {0x5D0, 0x5EA},     {0x620, 0x64A},     {0x900, 0x97F},
       {0xE01, 0xE5B},     {0x10A0, 0x10FF},   {0x3041, 0x30FF},   {0x4E00, 0x9FFF},
       {0xAC00, 0xD7A3},   {0x1F300, 0x1FAFF}, {0x20000, 0x2A6DF}, {0x300, 0x36F},
       {0x1E5D0, 0x1E5FA}, // and what Unicode took up of late
       {0x11380, 0x113D5}, {0x13430, 0x14400}, {0x16D40, 0x16D79}}};
  static constexpr std::array<script, 6> digits{
      {{'0', '9'}, {'0', '9'}, {0x660, 0x669}, {0x966, 0x96F}, {0x2160, 0x2188}, {0xFF10, 0xFF19}}};
  static constexpr std::array<std::uint32_t, 16> spaces{' ',
                                                        ' ',
                                                        ' ',
                                                        '\n',
                                                        '\n',
                                                        '\r',
                                                        '\t',
                                                        0x0B,
                                                        0x85,
                                                        0xA0,
                                                        0x180E,
                                                        0x200B,
                                                        0x2003,
                                                        0x2028,
                                                        0x3000,
                                                        0xFEFF};

  std::mt19937 dice_{20'261'121};
};

TEST(tokens, are_as_many_as_the_published_tokeniser_counts) {
  const auto folder = fs::temp_directory_path() / ("ash-tokens-" + std::to_string(getpid()));
  fs::create_directories(folder);
  const auto in = folder / "strings.jsonl";
  const auto out = folder / "counts.txt";
  std::vector<std::string> all;
  {
    std::ofstream to{in};
    corpus from;
    for (std::size_t i = 0; i < strings; ++i) {
      all.push_back(from.next());
      to << to_json_text(json::value(all.back())) << '\n';
    }
  }
  const auto command = newest_node() + " '" + E2E_FOLDER + "/count_tokens.mjs' '" + in.string() +
                       "' > '" + out.string() + "'";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  std::ifstream counts{out};
  std::size_t differences = 0;
  for (const auto& each : all) {
    std::uint64_t theirs = 0;
    ASSERT_TRUE(counts >> theirs);
    const auto ours = count_tokens(each);
    if (ours != theirs && ++differences <= 10)
      ADD_FAILURE() << ours << " and not " << theirs << ": " << to_json_text(json::value(each));
  }
  EXPECT_EQ(differences, 0U);
  fs::remove_all(folder);
}

} // namespace
} // namespace ash::e2e
