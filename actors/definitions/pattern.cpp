#include "actors/definitions/schema_lowering.hpp"

#include <algorithm>
#include <bit>
#include <regex>
#include <utility>
#include <vector>

namespace ash::definitions {
namespace {

constexpr std::size_t max_pattern = 256;
// Backtracking tries every way to match, and the ways multiply: one unbounded repetition has about
// as many as a text is long, a part that is optional two. Counted are their binary digits.
constexpr int unbounded_digits = 8;
constexpr int max_digits = 3 * unbounded_digits;
constexpr int max_count = 256;

/// Walks a pattern for what makes std::regex slow or inexact: it backtracks, and it matches bytes
/// where ECMA-262 matches code points.
class pattern_reader {
public:
  explicit pattern_reader(std::string_view text)
      : text_(text), is_anchored_(text.starts_with('^')),
        digits_(is_anchored_ ? 0 : unbounded_digits) {}

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
    bool varies = false; ///< what it matches: it holds an alternation or a variable count
    unsigned alternatives = 1;
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
    groups_.back().varies |= closed_.varies;
    last_is_group_ = true;
    last_ = atom::plain;
  }

  /// There is one more choice, of so many ways.
  void choose(int digits) {
    groups_.back().varies = true;
    digits_ += digits;
    if (digits_ > max_digits)
      why_ = "can match in too many ways: at most 3 unbounded repetitions (2 where not all of it "
             "is behind one leading '^'), and 8 optional parts or alternations count as one";
  }

  void alternative() {
    auto& in = groups_.back();
    const auto before = static_cast<int>(std::bit_width(in.alternatives - 1));
    choose(static_cast<int>(std::bit_width(in.alternatives++)) - before);
    if (groups_.size() == 1 && is_anchored_) { // the '^' is of the first alternative alone
      is_anchored_ = false;
      choose(unbounded_digits);
    }
  }

  /// The digits of what `{m,n}` leaves open.
  int count() {
    const auto end = text_.find('}', at_);
    const auto body = text_.substr(at_ + 1, end == std::string_view::npos ? end : end - at_ - 1);
    unsigned least = 0;
    unsigned number = 0;
    for (const auto each : body) {
      if (each == ',')
        least = std::exchange(number, 0);
      else if (each >= '0' && each <= '9')
        number = std::min(number * 10 + static_cast<unsigned>(each - '0'), 100'000U);
      if (number > max_count)
        why_ = "counts beyond 256";
    }
    at_ = end == std::string_view::npos ? text_.size() : end;
    if (body.ends_with(','))
      return unbounded_digits;
    const auto is_range = body.find(',') != std::string_view::npos && number > least;
    return is_range ? static_cast<int>(std::bit_width(number - least)) : 0;
  }

  /// `*`, `+`, `?` or `{m,n}` after an atom.
  bool quantifier() {
    const auto c = text_[at_];
    if (c != '*' && c != '+' && c != '?' && c != '{')
      return false;
    if (is_quantified_)
      why_ = "repeats a repetition: put it in a group";
    const auto digits = c == '{' ? count() : c == '?' ? 1 : unbounded_digits;
    ++at_;
    if (last_ == atom::wide && c != '*' && c != '+')
      why_ = "counts '.' or a negated class, which would count bytes: let '*' or '+' follow it";
    if (digits > 0)
      choose(digits);
    if (last_is_group_ && c != '?' && closed_.varies)
      why_ = "repeats a group that itself repeats, chooses or has optional parts, which can take "
             "exponential time";
    last_ = atom::none;
    last_is_group_ = false;
    is_quantified_ = true;
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
    is_quantified_ = false;
    wide_escape_ = false;
    const auto c = text_[at_];
    if (c == '(')
      return open_group();
    if (c == ')')
      return close_group();
    if (c == '[')
      return void(last_ = bracket());
    if (c == '|')
      alternative();
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
  bool is_quantified_ = false;
  bool is_anchored_;
  int digits_;
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
