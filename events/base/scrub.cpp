#include "events/base/scrub.hpp"

#include "events/base/ascii.hpp"

#include <algorithm>
#include <array>

namespace ash {
namespace {

using match = scrubber::match;

constexpr std::size_t shortest_value = 8;
/// Before a key as much is looked at as an escape in JSON is long: `\u0022`.
constexpr std::size_t longest_escape = 6;
/// A stream holds no more back than this; then it shows what it has, cleaned.
constexpr std::size_t most_held = std::size_t{256} << 10;
constexpr std::size_t longest_private_key = std::size_t{64} << 10;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_word(char c) {
  return is_digit(c) || is_upper(c) || is_lower(c);
}
bool is_name(char c) {
  return is_word(c) || c == '_';
}
bool is_key(char c) {
  return is_name(c) || c == '-';
}
bool is_capital(char c) {
  return is_upper(c) || is_digit(c);
}
bool is_token(char c) {
  return is_key(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '=';
}

// -- keys that begin with a prefix of their own --------------------------------------------------

using char_class = bool (*)(char);

struct shape {
  std::string_view kind;
  std::string_view prefix;
  std::size_t least; ///< characters after the prefix
  char_class body;
};

constexpr std::array shapes{
    shape{"api-key", "sk-", 16, is_key}, // OpenAI, Anthropic (sk-ant-), OpenRouter (sk-or-)
    shape{"github-token", "ghp_", 20, is_word},
    shape{"github-token", "gho_", 20, is_word},
    shape{"github-token", "ghu_", 20, is_word},
    shape{"github-token", "ghs_", 20, is_word},
    shape{"github-token", "ghr_", 20, is_word},
    shape{"github-token", "github_pat_", 20, is_name},
    shape{"gitlab-token", "glpat-", 16, is_key},
    shape{"aws-key", "AKIA", 16, is_capital},
    shape{"aws-key", "ASIA", 16, is_capital},
    shape{"slack-token", "xoxa-", 10, is_key},
    shape{"slack-token", "xoxb-", 10, is_key},
    shape{"slack-token", "xoxe-", 10, is_key},
    shape{"slack-token", "xoxo-", 10, is_key},
    shape{"slack-token", "xoxp-", 10, is_key},
    shape{"slack-token", "xoxr-", 10, is_key},
    shape{"slack-token", "xoxs-", 10, is_key},
    shape{"google-key", "AIza", 30, is_key},
    shape{"langsmith-key", "lsv2_", 20, is_name},
    shape{"hugging-face-token", "hf_", 30, is_word},
};

/// A key does not begin within a word, but it does after an escape of JSON: `\nsk-…`.
bool begins_word(std::string_view text, std::size_t place) {
  if (place == 0 || !is_name(text[place - 1]))
    return true;
  if (place >= 2 && text[place - 2] == '\\')
    return true;
  return place >= longest_escape && text[place - 6] == '\\' && text[place - 5] == 'u';
}

std::size_t run_of(std::string_view text, char_class of) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), of) - text.begin());
}

/// Whether something is a key is told by so much of it: `sk-sk-sk-…` is not read to its end from
/// each of its places.
constexpr std::size_t telling = 128;

/// Words of lower-case letters and dashes are names, not keys: `sk-some-class-of-a-style-sheet`.
bool is_random(std::string_view body) {
  return std::any_of(body.begin(), body.end(), is_capital);
}

/// What announces a key has `before` bytes, of which `keep` stay.
match keyed(std::string_view here, const shape& of, std::size_t before, std::size_t keep) {
  const auto first = run_of(here.substr(before, telling), of.body);
  if (first < of.least || !is_random(here.substr(before, first)))
    return {{}, 0, 0, before + first == here.size()};
  const auto size = before + run_of(here.substr(before), of.body);
  return {of.kind, keep, size - keep, size == here.size()};
}

match prefixed(std::string_view here) {
  for (const auto& each : shapes) {
    if (here.size() < each.prefix.size()) {
      if (each.prefix.starts_with(here))
        return {{}, 0, 0, true};
      continue;
    }
    if (!here.starts_with(each.prefix))
      continue;
    return keyed(here, each, each.prefix.size(), 0);
  }
  return {};
}

/// `eyJ….….…`: a header and a payload, both JSON in base64url, then perhaps a signature.
match web_token(std::string_view here) {
  constexpr std::string_view prefix = "eyJ";
  constexpr std::size_t least = 10;
  if (here.size() < prefix.size())
    return {{}, 0, 0, prefix.starts_with(here)};
  if (!here.starts_with(prefix))
    return {};
  constexpr std::size_t longest_head = 4'096;
  const auto head = run_of(here.substr(0, longest_head), is_key);
  if (head == here.size())
    return {{}, 0, 0, true};
  if (head < least || head == longest_head || here[head] != '.')
    return {};
  const auto payload = run_of(here.substr(head + 1), is_key);
  auto size = head + 1 + payload;
  if (size == here.size())
    return payload >= least ? match{"web-token", 0, size, true} : match{{}, 0, 0, true};
  if (payload < least)
    return {};
  if (here[size] == '.')
    size += 1 + run_of(here.substr(size + 1), is_key);
  return {"web-token", 0, size, size == here.size()};
}

/// The block from its first line to its last; without an end, as far as it may go.
match private_key(std::string_view here) {
  constexpr std::string_view prefix = "-----BEGIN ";
  constexpr std::string_view title = "PRIVATE KEY";
  constexpr std::string_view end = "-----END ";
  constexpr std::size_t longest_title = 60;
  if (here.size() < prefix.size())
    return {{}, 0, 0, prefix.starts_with(here)};
  if (!here.starts_with(prefix))
    return {};
  const auto named = here.substr(prefix.size(), longest_title);
  const auto dashes = named.find("-----");
  if (dashes == std::string_view::npos)
    return {{}, 0, 0, named.size() < longest_title && here.size() < prefix.size() + longest_title};
  if (named.substr(0, dashes).find(title) == std::string_view::npos)
    return {};
  const auto block = here.substr(0, longest_private_key);
  const auto quote = std::min(block.find('"'), block.size()); // the end of a text within JSON
  const auto last = block.substr(0, quote).find(end);
  if (last == std::string_view::npos)
    return {"private-key", 0, quote, quote == here.size()};
  const auto close = block.substr(0, quote).find("-----", last + end.size());
  if (close == std::string_view::npos)
    return {"private-key", 0, quote, quote == here.size()};
  return {"private-key", 0, close + 5, false};
}

// -- tokens after a word that announces them ------------------------------------------------------

/// How much of `word` (in lower case) stands at the beginning; all of it, or none, or the rest of
/// the text.
std::size_t folded_prefix(std::string_view here, std::string_view word) {
  std::size_t same = 0;
  while (same < word.size() && same < here.size() && lower(here[same]) == word[same])
    ++same;
  return same == word.size() || same == here.size() ? same : 0;
}

/// A token whose scheme is named is one, whatever it looks like.
match named_token(std::string_view here, std::size_t keep) {
  const auto size = run_of(here.substr(keep), is_token);
  const auto open = keep + size == here.size();
  return size < shortest_value ? match{{}, 0, 0, open} : match{"token", keep, size, open};
}

constexpr shape token{"token", {}, 16, is_token};

match bearer(std::string_view here) {
  constexpr std::string_view word = "bearer ";
  const auto same = folded_prefix(here, word);
  if (same < word.size())
    return {{}, 0, 0, same > 0};
  return keyed(here, token, same, same);
}

bool is_between(char c) {
  return c == ' ' || c == '\t' || c == '"' || c == '\'' || c == '\\';
}

/// `Authorization: SCHEME TOKEN`, `x-api-key: TOKEN`, as a header or as a member of JSON.
match header(std::string_view here, std::string_view name) {
  constexpr std::size_t most_between = 16;
  auto place = folded_prefix(here, name);
  if (place < name.size())
    return {{}, 0, 0, place > 0};
  const auto skip = [&] {
    for (std::size_t n = 0; n < most_between && place < here.size() && is_between(here[place]); ++n)
      ++place;
  };
  skip();
  if (place == here.size())
    return {{}, 0, 0, true};
  if (here[place] != ':' && here[place] != '=')
    return {};
  ++place;
  skip();
  for (const std::string_view scheme : {"bearer ", "basic ", "token ", "apikey "}) {
    const auto same = folded_prefix(here.substr(place), scheme);
    if (same == scheme.size())
      return named_token(here, place + same);
    if (place + same == here.size())
      return {{}, 0, 0, true};
  }
  return keyed(here, token, place, place);
}

match announced(std::string_view here) {
  const auto first = lower(here.front());
  if (first == 'b')
    return bearer(here);
  if (first == 'a')
    return header(here, "authorization");
  return first == 'x' ? header(here, "x-api-key") : match{};
}

match valued(std::string_view here, const std::vector<std::string>& values) {
  auto open = false;
  for (const auto& value : values) {
    if (here.starts_with(value))
      return {"key", 0, value.size(), false};
    open = open || (here.size() < value.size() && std::string_view{value}.starts_with(here));
  }
  return {{}, 0, 0, open};
}

} // namespace

scrubber::scrubber(std::vector<std::string> values) : values_{std::move(values)} {
  std::erase_if(values_, [](const auto& each) { return each.size() < shortest_value; });
  std::sort(values_.begin(), values_.end(), [](const auto& a, const auto& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  const auto begins = [this](char c) { may_begin_[static_cast<unsigned char>(c)] = true; };
  for (const auto& each : shapes)
    begins(each.prefix.front());
  for (const char c : {'e', '-', 'a', 'A', 'b', 'B', 'x', 'X'})
    begins(c);
  for (const auto& each : values_)
    begins(each.front());
}

match scrubber::at(std::string_view text, std::size_t place) const {
  if (!may_begin_[static_cast<unsigned char>(text[place])])
    return {};
  const auto here = text.substr(place);
  auto found = valued(here, values_);
  const auto consider = [&](match other) {
    found.open = found.open || other.open;
    if (found.kind.empty() && !other.kind.empty())
      found = {other.kind, other.keep, other.size, found.open};
  };
  if (here.front() == '-') {
    consider(private_key(here));
    return found;
  }
  if (!begins_word(text, place))
    return found;
  consider(prefixed(here));
  if (here.front() == 'e' && (place == 0 || text[place - 1] != '-'))
    consider(web_token(here));
  consider(announced(here));
  return found;
}

namespace {

/// Appends `text` from `from` on to `out`, cleaned, up to its end or to the first place where more
/// text could matter. Gives that place.
enum class ending : std::uint8_t { open, final };

std::size_t clean_into(
    std::string& out, const scrubber& with, std::string_view text, std::size_t from, ending how) {
  auto plain_from = from;
  auto place = from;
  while (place < text.size()) {
    const auto found = with.at(text, place);
    if (found.open && how == ending::open)
      break;
    if (found.kind.empty()) {
      ++place;
      continue;
    }
    out.append(text, plain_from, place + found.keep - plain_from);
    out.append("[redacted:").append(found.kind).append("]");
    place += found.keep + found.size;
    plain_from = place;
  }
  out.append(text, plain_from, place - plain_from);
  return place;
}

} // namespace

std::string scrubber::clean(std::string text) const {
  std::string out;
  out.reserve(text.size());
  clean_into(out, *this, text, 0, ending::final);
  return out;
}

std::shared_ptr<const scrubber> live_scrubber::now() const {
  const std::lock_guard lock{mutex_};
  return now_;
}

void live_scrubber::add(const std::string& value) {
  const std::lock_guard lock{mutex_};
  if (std::find(values_.begin(), values_.end(), value) != values_.end())
    return;
  values_.push_back(value);
  now_ = std::make_shared<const scrubber>(values_);
}

std::string scrubbing_stream::add(std::string_view piece) {
  text_.append(piece);
  std::string out;
  const auto how = text_.size() > most_held ? ending::final : ending::open;
  const auto shown = clean_into(out, *with_, text_, context_, how);
  const auto keep_from = shown - std::min(shown, longest_escape);
  text_.erase(0, keep_from);
  context_ = shown - keep_from;
  return out;
}

std::string scrubbing_stream::finish() {
  std::string out;
  clean_into(out, *with_, text_, context_, ending::final);
  text_.clear();
  context_ = 0;
  return out;
}

} // namespace ash
