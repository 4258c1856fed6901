#include "actors/tokens/merge.hpp"

#include "events/base/check.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace ash::tokens {
namespace {

/// Up to here looking at all pairs each time is faster than keeping them in order.
constexpr std::size_t short_bytes = 64;

/// A part of a piece, and what it and the next one would be.
struct part {
  std::uint32_t begin = 0;
  std::uint32_t rank = vocabulary::none;
};

std::size_t merge_short(const vocabulary& by, std::string_view piece) {
  std::array<part, short_bytes + 1> parts; // the last one is the end
  auto count = piece.size();
  const auto joined = [&](std::size_t i) {
    if (i + 2 > count)
      return vocabulary::none;
    return by.find(piece.substr(parts[i].begin, parts[i + 2].begin - parts[i].begin));
  };
  for (std::size_t i = 0; i <= count; ++i)
    parts[i].begin = static_cast<std::uint32_t>(i);
  for (std::size_t i = 0; i <= count; ++i)
    parts[i].rank = joined(i);
  for (;;) {
    auto* const lowest =
        std::min_element(parts.data(), parts.data() + count, [](const part& a, const part& b) {
          return a.rank < b.rank;
        });
    if (lowest->rank == vocabulary::none)
      return count;
    const auto at = static_cast<std::size_t>(lowest - parts.data());
    std::copy(parts.data() + at + 2, parts.data() + count + 1, parts.data() + at + 1);
    --count;
    parts[at].rank = joined(at);
    if (at > 0)
      parts[at - 1].rank = joined(at - 1);
  }
}

/// Numbers of which the lowest is always known, the leftmost where there are several: a tree in
/// which a node is the lowest of the sixteen beneath it.
class lowest_first {
public:
  explicit lowest_first(std::vector<std::uint32_t> values) {
    levels_.push_back(std::move(values));
    while (levels_.back().size() > 1) {
      const auto& below = levels_.back();
      std::vector<std::uint32_t> above((below.size() + fan - 1) / fan);
      for (std::size_t i = 0; i < above.size(); ++i)
        above[i] = lowest_of(below, i);
      levels_.push_back(std::move(above));
    }
  }

  [[nodiscard]] std::uint32_t lowest() const { return levels_.back()[0]; }
  [[nodiscard]] std::size_t where() const {
    std::size_t at = 0;
    for (auto level = levels_.size() - 1; level-- > 0;)
      for (at *= fan; levels_[level][at] != lowest();)
        ++at;
    return at;
  }
  void set(std::size_t at, std::uint32_t value) {
    levels_[0][at] = value;
    for (std::size_t level = 1; level < levels_.size(); ++level) {
      at /= fan;
      const auto now = lowest_of(levels_[level - 1], at);
      if (levels_[level][at] == now)
        return;
      levels_[level][at] = now;
    }
  }

private:
  static constexpr std::size_t fan = 16;

  static std::uint32_t lowest_of(const std::vector<std::uint32_t>& below, std::size_t i) {
    const auto* const begin = below.data() + i * fan;
    const auto* const end = below.data() + std::min(below.size(), (i + 1) * fan);
    return *std::min_element(begin, end);
  }

  std::vector<std::vector<std::uint32_t>> levels_;
};

std::size_t merge_long(const vocabulary& by, std::string_view piece) {
  using index = std::uint32_t;
  check(piece.size() < std::numeric_limits<index>::max(), "a text of less than 4 GiB");
  const auto size = static_cast<index>(piece.size());
  // Of the part that begins there.
  std::vector<index> next(size);
  std::vector<index> previous(size);
  std::vector<std::uint32_t> ranks(size, vocabulary::none);
  for (index i = 0; i < size; ++i) {
    next[i] = i + 1;
    previous[i] = i - 1; // of the first part: never read
    if (i + 1 < size)
      ranks[i] = by.find(piece.substr(i, 2));
  }
  lowest_first pairs{std::move(ranks)};
  const auto look_again = [&](index at) {
    const auto other = next[at];
    pairs.set(at, other == size ? vocabulary::none : by.find(piece.substr(at, next[other] - at)));
  };
  std::size_t count = size;
  for (; pairs.lowest() != vocabulary::none; --count) {
    const auto at = static_cast<index>(pairs.where());
    const auto gone = next[at];
    next[at] = next[gone];
    if (next[at] != size)
      previous[next[at]] = at;
    pairs.set(gone, vocabulary::none);
    look_again(at);
    if (at != 0)
      look_again(previous[at]);
  }
  return count;
}

} // namespace

std::size_t merge(const vocabulary& by, std::string_view piece) {
  return piece.size() <= short_bytes ? merge_short(by, piece) : merge_long(by, piece);
}

} // namespace ash::tokens
