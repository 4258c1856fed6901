// How fast tokens are counted: prose and sources as a model gets them, a script without spaces, and
// the worst that a hostile text can be, one run of 10 MB. Beside it (baseline) the npm package
// tiktoken on Node over the same texts, which are cut into strings of 64 KiB for both; the runs are
// one string, and not given to it, for it would take hours.
#include "actors/tokens/tokens.hpp"
#include "bench/report.hpp"
#include "events/base/clock.hpp"
#include "events/base/json.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

namespace ash::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t string_bytes = std::size_t{64} << 10;
constexpr std::size_t text_bytes = std::size_t{4} << 20;
constexpr std::size_t run_bytes = 10'000'000;

/// Of this project's files with one of the endings, again and again.
std::string text_of(std::initializer_list<std::string_view> endings) {
  std::vector<fs::path> files;
  for (const auto* folder : {"docs", "actors", "events", "gateway"})
    for (const auto& each : fs::recursive_directory_iterator(fs::path{PROJECT_FOLDER} / folder))
      if (each.is_regular_file() &&
          each.path().string().find("node_modules") == std::string::npos &&
          std::find(endings.begin(), endings.end(), each.path().extension().string()) !=
              endings.end())
        files.push_back(each.path());
  std::sort(files.begin(), files.end());
  std::string once;
  for (const auto& each : files) {
    std::ifstream from{each, std::ios::binary};
    once.append(std::istreambuf_iterator<char>{from}, {});
  }
  std::string out;
  while (!once.empty() && out.size() < text_bytes)
    out += once;
  return out;
}

/// Han characters, with a sign now and then.
std::string han() {
  std::string out;
  std::mt19937 dice{7};
  while (out.size() < text_bytes) {
    const auto point = 0x4E00 + dice() % 0x2000;
    out += {static_cast<char>(0xE0 | point >> 12),
            static_cast<char>(0x80 | (point >> 6 & 0x3F)),
            static_cast<char>(0x80 | (point & 0x3F))};
    if (dice() % 12 == 0)
      out += "\uFF0C";
  }
  return out;
}

std::vector<std::string> strings_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto next = utf8_prefix(text, string_bytes);
    out.emplace_back(next);
    text.remove_prefix(next.size());
  }
  return out;
}

/// Seconds that tiktoken takes, starting Node and unpacking its ranks left out; 0 where there is
/// none (the tests bring it).
double seconds_of_npm(const std::vector<std::string>& all, scratch& files) {
  const auto in = files.next();
  {
    std::ofstream to{in};
    for (const auto& each : all)
      to << to_json_text(json::value(each)) << '\n';
  }
  const auto command =
      "node '" PROJECT_FOLDER "/tests/e2e/count_tokens.mjs' '" + in + "' --seconds 2>/dev/null";
  auto* const from = popen(command.c_str(), "r");
  std::array<char, 64> text{};
  const bool is_read = from != nullptr && std::fgets(text.data(), text.size(), from) != nullptr;
  const bool is_well = from != nullptr && pclose(from) == 0;
  return is_read && is_well ? std::atof(text.data()) : 0;
}

boost::json::object
measure(const char* name, const std::vector<std::string>& all, double npm_seconds) {
  std::size_t bytes = 0;
  for (const auto& each : all)
    bytes += each.size();
  const auto begin = monotonic_us();
  std::uint64_t tokens = 0;
  for (const auto& each : all)
    tokens += count_tokens(each);
  const auto seconds = static_cast<double>(monotonic_us() - begin) / 1e6;
  const auto megabytes = static_cast<double>(bytes) / 1e6;
  return {{"text", name},
          {"mb", megabytes},
          {"tokens", tokens},
          {"mb_per_s", megabytes / seconds},
          {"baseline", npm_seconds > 0 ? megabytes / npm_seconds : 0},
          {"ratio", npm_seconds / seconds}};
}

} // namespace
} // namespace ash::bench

int main(int argc, char** argv) {
  using namespace ash;
  using namespace ash::bench;
  const auto how = read_arguments(argc, argv, "tokens");
  scratch files{how};
  if (!are_token_counts_exact())
    give_up(refuse(errc::config_invalid, "this binary has no ranks: run ./dev setup"));
  count_tokens("unpacks the ranks");
  std::vector<boost::json::object> rows;
  const auto beside_npm = [&](const char* name, const std::string& text) {
    const auto all = strings_of(text);
    rows.push_back(measure(name, all, seconds_of_npm(all, files)));
  };
  beside_npm("prose", text_of({".md"}));
  beside_npm("C++", text_of({".cpp", ".hpp"}));
  beside_npm("Han", han());
  rows.push_back(measure("one letter", {std::string(run_bytes, 'a')}, 0));
  rows.push_back(measure("spaces", {std::string(run_bytes, ' ')}, 0));
  rows.push_back(measure("signs", {std::string(run_bytes, '~')}, 0));
  print(how, "tokens", rows);
}
