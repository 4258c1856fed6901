#include "tests/tidy/source_tree.hpp"

#include <algorithm>

namespace ash::tidy {
namespace {

class masker {
public:
  explicit masker(std::string_view text) : in_{text}, out_{text} {}

  std::string run() {
    while (at_ < in_.size()) {
      const auto rest = in_.substr(at_);
      if (rest.starts_with("//"))
        blank_to(end_of_line_comment());
      else if (rest.starts_with("/*"))
        blank_to(after(in_.find("*/", at_ + 2), 2));
      else if (rest.front() == '"')
        blank_to(word_before().ends_with('R') ? end_of_raw_string() : end_of_literal('"'));
      else if (rest.front() == '\'' && !is_digit_separator())
        blank_to(end_of_literal('\''));
      else
        ++at_;
    }
    return std::move(out_);
  }

private:
  std::size_t after(std::size_t found, std::size_t length) const {
    return found == std::string_view::npos ? in_.size() : found + length;
  }

  std::string_view word_before() const {
    auto start = at_;
    while (start > 0 && is_word(in_[start - 1]))
      --start;
    return in_.substr(start, at_ - start);
  }

  bool is_digit_separator() const {
    const auto word = word_before();
    return !word.empty() && word != "u8" && word != "u" && word != "U" && word != "L";
  }

  std::size_t end_of_line_comment() const {
    auto end = in_.find('\n', at_);
    while (end != std::string_view::npos && in_[end - 1] == '\\')
      end = in_.find('\n', end + 1);
    return std::min(end, in_.size());
  }

  std::size_t end_of_literal(char quote) const {
    for (auto i = at_ + 1; i < in_.size() && in_[i] != '\n'; ++i) {
      if (in_[i] == '\\')
        ++i;
      else if (in_[i] == quote)
        return i + 1;
    }
    return std::min(in_.find('\n', at_), in_.size());
  }

  std::size_t end_of_raw_string() const {
    const auto open = in_.find('(', at_);
    if (open == std::string_view::npos)
      return in_.size();
    const auto closing = ')' + std::string{in_.substr(at_ + 1, open - at_ - 1)} + '"';
    return after(in_.find(closing, open), closing.size());
  }

  void blank_to(std::size_t end) {
    for (; at_ < end; ++at_)
      if (out_[at_] != '\n')
        out_[at_] = ' ';
  }

  std::string_view in_;
  std::string out_;
  std::size_t at_ = 0;
};

} // namespace

std::string mask(std::string_view text) {
  return masker{text}.run();
}

} // namespace ash::tidy
