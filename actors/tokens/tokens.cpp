#include "actors/tokens/tokens.hpp"

#include "actors/tokens/embedded_ranks.hpp"
#include "actors/tokens/merge.hpp"
#include "actors/tokens/splitter.hpp"
#include "actors/tokens/vocabulary.hpp"
#include "events/base/check.hpp"
#include "events/base/text.hpp"

#include <optional>

namespace ash {
namespace {

/// None where the binary has no ranks.
const std::optional<tokens::vocabulary>& known() {
  static const auto all = [] {
    const auto file = tokens::embedded_ranks();
    if (file.empty())
      return std::optional<tokens::vocabulary>{};
    auto read = tokens::vocabulary::parse(file);
    check(read.has_value(), "the ranks in the binary are those that it was built with");
    return std::optional{std::move(read).value()};
  }();
  return all;
}

} // namespace

std::uint64_t count_tokens(std::string_view text) {
  if (text.empty())
    return 0;
  if (!is_valid_utf8(text))
    return count_tokens(to_valid_utf8(text));
  const auto& ranks = known();
  if (!ranks)
    return (code_points(text) + 3) / 4;
  std::uint64_t count = 0;
  tokens::split(text, [&](std::string_view piece) {
    count += ranks->find(piece) != tokens::vocabulary::none ? 1 : tokens::merge(*ranks, piece);
  });
  return count;
}

bool are_token_counts_exact() {
  return known().has_value();
}

} // namespace ash
