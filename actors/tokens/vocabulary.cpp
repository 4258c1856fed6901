#include "actors/tokens/vocabulary.hpp"

#include "events/base/json.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>

namespace ash::tokens {
namespace {

constexpr std::size_t pair_count = 1 << 16;

error bad(std::string why) {
  return refuse(errc::argument_invalid, "the ranks of cl100k_base: " + std::move(why));
}

int digit_of(char c) {
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// Appends what Base64 stands for; false where it is none.
bool decode_base64(std::string_view text, std::string& to) {
  while (text.ends_with('='))
    text.remove_suffix(1);
  std::uint32_t bits = 0;
  int count = 0;
  for (const auto c : text) {
    const int digit = digit_of(c);
    if (digit < 0)
      return false;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      to += static_cast<char>(bits >> count & 0xFFU);
    }
  }
  return true;
}

/// The next word, which is taken off; empty at the end.
std::string_view next_word(std::string_view& of) {
  const auto end = std::min(of.find(' '), of.size());
  const auto word = of.substr(0, end);
  of.remove_prefix(std::min(end + 1, of.size()));
  return word;
}

std::size_t hash_of(std::string_view bytes) noexcept {
  constexpr std::uint64_t factor = 0x9E3779B97F4A7C15;
  std::uint64_t out = bytes.size() * factor;
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min<std::size_t>(8, bytes.size() - at));
    out = (std::rotl(out, 29) ^ word) * factor;
  }
  return static_cast<std::size_t>(out ^ out >> 32);
}

std::size_t pair_of(std::string_view bytes) noexcept {
  return static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[0])) << 8 |
         static_cast<std::uint8_t>(bytes[1]);
}

} // namespace

result<vocabulary> vocabulary::parse(std::string_view module) {
  constexpr std::string_view head = "export default ";
  if (!module.starts_with(head))
    return bad("another file than expected");
  module.remove_prefix(head.size());
  while (module.ends_with('\n') || module.ends_with(';'))
    module.remove_suffix(1);
  TRY(const auto whole, parse_json(module, "the ranks of cl100k_base"));
  const auto* const object = whole.if_object();
  const auto* const member = object == nullptr ? nullptr : object->if_contains("bpe_ranks");
  const auto* const ranks = member == nullptr ? nullptr : member->if_string();
  if (ranks == nullptr)
    return bad("no member bpe_ranks");
  vocabulary out;
  for (std::string_view rest{*ranks}; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    TRY(out.add_line(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  out.index();
  for (int byte = 0; byte < 256; ++byte)
    if (const auto c = static_cast<char>(byte); out.find({&c, 1}) == none)
      return bad("the byte " + std::to_string(byte) + " has no rank");
  return out;
}

result<void> vocabulary::add_line(std::string_view line) {
  const auto mark = next_word(line);
  const auto first = next_word(line);
  std::size_t rank = 0;
  const auto read = std::from_chars(first.data(), first.data() + first.size(), rank);
  if (mark != "!" || read.ec != std::errc{} || rank != size())
    return bad("a line does not go on where the one before it ended");
  while (!line.empty()) {
    const auto word = next_word(line);
    const auto begin = bytes_.size();
    if (!decode_base64(word, bytes_) || bytes_.size() == begin)
      return bad("'" + std::string{word} + "' is no token");
    longest_ = std::max(longest_, bytes_.size() - begin);
    begins_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  }
  return success();
}

void vocabulary::index() {
  bytes_.shrink_to_fit();
  begins_.shrink_to_fit();
  pairs_.assign(pair_count, none);
  slots_.assign(std::bit_ceil(size() * 2), none);
  const auto mask = slots_.size() - 1;
  for (std::uint32_t rank = 0; rank < size(); ++rank) {
    const auto bytes = token(rank);
    if (bytes.size() == 2)
      pairs_[pair_of(bytes)] = rank;
    auto at = hash_of(bytes) & mask;
    while (slots_[at] != none)
      at = (at + 1) & mask;
    slots_[at] = rank;
  }
}

std::string_view vocabulary::token(std::uint32_t rank) const noexcept {
  return std::string_view{bytes_}.substr(begins_[rank], begins_[rank + 1] - begins_[rank]);
}

std::uint32_t vocabulary::find(std::string_view bytes) const noexcept {
  if (bytes.size() == 2)
    return pairs_[pair_of(bytes)];
  if (bytes.empty() || bytes.size() > longest_)
    return none;
  const auto mask = slots_.size() - 1;
  for (auto at = hash_of(bytes) & mask; slots_[at] != none; at = (at + 1) & mask)
    if (token(slots_[at]) == bytes)
      return slots_[at];
  return none;
}

} // namespace ash::tokens
