#include "actors/definitions/schema_lowering.hpp"

#include <algorithm>
#include <regex>
#include <vector>

namespace ash::definitions {
namespace {

constexpr std::size_t max_pattern = 256;
// The time that backtracking takes grows with the length of the text to this power, at worst.
constexpr int max_power = 3;
constexpr int max_count = 256;

/// Walks a pattern for what makes std::regex slow or inexact: it backtracks, and it matches bytes
/// where ECMA-262 matches code points.
class pattern_reader {
public:
  explicit pattern_reader(std::string_view text)
      : text_(text), power_(text.starts_with('^') ? 0 : 1) {}

  std::string problem() {
    groups_.push_back({});
    while (at_ < text_.size() && why_.empty())
      step();
    if (why_.empty() && last_ == atom::wide)
      why_ =
          "ends with '.' or a negated class, which would match one byte: let '*' or '+' follow it";
    return why_;
  }

private:
  struct group {
    bool repeats = false; ///< holds an unbounded quantifier
    bool chooses = false; ///< holds an alternation
  };
  enum class atom { none, plain, wide };

  /// A bracket expression; `wide` where it is negated.
  atom bracket() {
    const auto negated = text_.substr(at_).starts_with("[^");
    at_ += negated ? 2 : 1;
    if (at_ < text_.size() && text_[at_] == ']')
      why_ = "has an empty bracket expression: write '\\]' where a bracket is meant";
    while (at_ < text_.size() && text_[at_] != ']') {
      if (text_[at_] == '[')
        why_ = "has '[' inside a bracket expression: write '\\['";
      if (at_ + 1 < text_.size() && text_[at_] == '\\')
        note_escape(text_[++at_]);
      ++at_;
    }
    ++at_;
    return negated || wide_escape_ ? atom::wide : atom::plain;
  }

  void note_escape(char c) {
    using namespace std::string_view_literals;
    wide_escape_ |= c == 'D' || c == 'W';
    if (c >= '1' && c <= '9')
      why_ = "has a back-reference";
    else if (c == 's' || c == 'S')
      why_ = std::string{"has the escape '\\"} + c +
             "', which is about all of Unicode's white space: write what is meant, as in '[ \\t]'";
    else if ("ukpPxc"sv.find(c) != std::string_view::npos)
      why_ = std::string{"has the escape '\\"} + c + "'";
  }

  void open_group() {
    const auto rest = text_.substr(at_);
    if (rest.starts_with("(?") && !rest.starts_with("(?:"))
      why_ = "has a lookaround or a named group";
    at_ += rest.starts_with("(?:") ? 3 : 1;
    groups_.push_back({});
    last_ = atom::none;
  }

  void close_group() {
    ++at_;
    if (groups_.size() < 2)
      return;
    closed_ = groups_.back();
    groups_.pop_back();
    groups_.back().repeats |= closed_.repeats;
    last_is_group_ = true;
    last_ = atom::plain;
  }

  /// `*`, `+`, `?` or `{m,n}` after an atom.
  bool quantifier() {
    const auto c = text_[at_];
    auto unbounded = c == '*' || c == '+';
    if (c == '{') {
      const auto end = text_.find('}', at_);
      const auto body = text_.substr(at_ + 1, end == std::string_view::npos ? end : end - at_ - 1);
      unbounded = body.ends_with(',');
      int count = 0;
      for (const auto digit : body) {
        count = digit >= '0' && digit <= '9' ? std::min(count * 10 + (digit - '0'), 100'000) : 0;
        if (count > max_count)
          why_ = "counts beyond 256";
      }
      at_ = end == std::string_view::npos ? text_.size() : end;
    } else if (!unbounded && c != '?') {
      return false;
    }
    ++at_;
    if (last_ == atom::wide && c != '*' && c != '+')
      why_ = "counts '.' or a negated class, which would count bytes: let '*' or '+' follow it";
    if (last_is_group_ && c != '?' && (closed_.repeats || (unbounded && closed_.chooses)))
      why_ = "repeats a group that itself repeats or chooses, which can take exponential time";
    if (unbounded && ++power_ > max_power)
      why_ = "has more than 3 unbounded repetitions (2 without a leading '^')";
    groups_.back().repeats |= unbounded;
    last_ = atom::none;
    last_is_group_ = false;
    if (at_ < text_.size() && text_[at_] == '?')
      ++at_;
    return true;
  }

  void step() {
    if (quantifier())
      return;
    if (last_ == atom::wide)
      return void(why_ = "has '.' or a negated class alone, which would match one byte: let '*' or "
                         "'+' follow it");
    last_is_group_ = false;
    wide_escape_ = false;
    const auto c = text_[at_];
    if (c == '(')
      return open_group();
    if (c == ')')
      return close_group();
    if (c == '[')
      return void(last_ = bracket());
    if (c == '|')
      groups_.back().chooses = true;
    last_ = c == '.' ? atom::wide : atom::plain;
    if (c == '\\' && at_ + 1 < text_.size()) {
      note_escape(text_[++at_]);
      last_ = wide_escape_ ? atom::wide : atom::plain;
    }
    ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string why_;
  std::vector<group> groups_;
  group closed_;
  atom last_ = atom::none;
  bool last_is_group_ = false;
  bool wide_escape_ = false;
  int power_;
};

} // namespace

std::string pattern_problem(const std::string& pattern) {
  if (pattern.size() > max_pattern)
    return "is longer than 256 bytes";
  if (!std::all_of(pattern.begin(), pattern.end(), [](char c) { return c >= ' ' && c < '\x7f'; }))
    return "is not printable ASCII";
  if (auto why = pattern_reader{pattern}.problem(); !why.empty())
    return why;
  try {
    const std::regex compiled(pattern);
  } catch (const std::regex_error& failure) {
    return std::string{"is not a regular expression: "} + failure.what();
  }
  return {};
}

bool has_dot(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i)
    if (pattern[i] == '\\')
      ++i;
    else if (pattern[i] == '.')
      return true;
  return false;
}

} // namespace ash::definitions
