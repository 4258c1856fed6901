#include "actors/tools/output.hpp"

#include "events/base/text.hpp"

#include <algorithm>

namespace ash::tool {
namespace {

/// The longest suffix of valid UTF-8 `text` with at most `max_bytes` that begins at a code point.
std::string_view utf8_suffix(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes)
    return text;
  auto begin = text.size() - max_bytes;
  while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80)
    ++begin;
  return text.substr(begin);
}

std::size_t bound(std::int64_t bytes) {
  return static_cast<std::size_t>(std::max<std::int64_t>(bytes, 0));
}

} // namespace

outcome shown_output(const context& where, std::string whole, cut how) {
  outcome done;
  if (!is_valid_utf8(whole))
    whole = to_valid_utf8(whole);
  if (where.scrub) // before the cut: the half of a key would not be known as one
    whole = where.scrub->clean(std::move(whole));
  const auto visible = bound(where.visible_bytes);
  if (whole.size() <= visible) {
    done.text = std::move(whole);
    return done;
  }
  const std::string_view all = whole;
  const auto head = utf8_prefix(all, how == cut::tail ? visible : visible / 2);
  const auto tail = how == cut::tail ? std::string_view{} : utf8_suffix(all, visible - visible / 2);
  const auto left_out = all.size() - head.size() - tail.size();
  done.text.reserve(visible + 100);
  done.text.append(head).append("\n[… ").append(std::to_string(left_out));
  done.text.append(" of ").append(std::to_string(all.size())).append(" bytes left out …]\n");
  done.text.append(tail);
  whole.resize(utf8_prefix(all, bound(where.captured_bytes)).size());
  done.full = std::move(whole);
  return done;
}

outcome failed(const error& why) {
  outcome done;
  done.failed = true;
  done.code = why.code;
  done.text = to_valid_utf8(why.message);
  return done;
}

} // namespace ash::tool
