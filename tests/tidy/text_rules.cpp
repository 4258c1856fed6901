#include "tests/tidy/text_rules.hpp"

#include <algorithm>
#include <array>

namespace ash::tidy {
namespace {

// In halves, so that this file does not find itself.
constexpr std::array<std::string_view, 3> notes{"TO"
                                                "DO",
                                                "FIX"
                                                "ME",
                                                "XX"
                                                "X"};
constexpr std::array<std::string_view, 2> switches{"GTEST_SKIP", "DISABLED_"};

bool has_whole_word(std::string_view line, std::string_view word) {
  for (auto at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || !is_word(line[at - 1])) && (end == line.size() || !is_word(line[end])))
      return true;
  }
  return false;
}

std::string_view first_word(std::string_view text) {
  const auto start = std::find_if(text.begin(), text.end(), is_word);
  return {start, std::find_if_not(start, text.end(), is_word)};
}

/// What opens a brace: only a function's length counts, and functions lie in scopes alone.
enum class block { scope, function, other };

/// One pass over masked code: finds the functions by their braces and what stands before them.
class function_finder {
public:
  function_finder(const source_file& file, std::string code)
      : file_{file}, code_{std::move(code)} {}

  findings run() {
    for (at_ = 0; at_ < code_.size(); ++at_)
      step(code_[at_]);
    return std::move(found_);
  }

private:
  void step(char c) {
    if (c == '\n')
      ++line_;
    if (c == '#' && only_blank_before())
      skip_directive();
    else if (c == '{')
      open();
    else if (c == '}')
      close();
    else if ((c == ';' && parens_ == 0) || (c == ':' && is_access_specifier()))
      forget_head();
    else
      extend_head(c);
  }

  void extend_head(char c) {
    if (c == '(')
      ++parens_;
    if (c == ')' && parens_ > 0)
      --parens_;
    if (head_.empty() && (c == ' ' || c == '\n'))
      return;
    if (head_.empty())
      head_line_ = line_;
    head_ += c;
  }

  void forget_head() {
    head_.clear();
    parens_ = 0;
  }

  bool is_access_specifier() const {
    return head_ == "public" || head_ == "private" || head_ == "protected";
  }

  bool only_blank_before() const {
    const auto start = code_.rfind('\n', at_);
    const auto from = start == std::string::npos ? 0 : start + 1;
    return code_.find_first_not_of(' ', from) == at_;
  }

  void skip_directive() {
    for (; at_ < code_.size(); ++at_) {
      if (code_[at_] != '\n')
        continue;
      ++line_;
      if (code_[at_ - 1] != '\\')
        return;
    }
  }

  block kind_of_head() const {
    if (!open_.empty() && open_.back().kind != block::scope)
      return block::other;
    std::string_view head = head_;
    if (first_word(head) == "template" && parens_ == 0)
      head = after_template(head);
    const auto word = first_word(head);
    if (word == "enum" || parens_ != 0 || is_member_initialiser())
      return block::other;
    if (word == "namespace" || word == "extern" || word == "struct" || word == "class" ||
        word == "union" || head.starts_with("inline namespace"))
      return block::scope;
    return head.find('(') == std::string_view::npos ? block::other : block::function;
  }

  /// True for the brace of `a_{1}` between a constructor's parameters and its body.
  bool is_member_initialiser() const {
    const auto last = head_.find_last_not_of(" \n");
    if (last == std::string::npos || !is_word(head_[last]))
      return false;
    for (auto at = head_.find(')'); at < head_.size(); at = head_.find(':', at + 1))
      if (head_[at] == ':' && head_[at - 1] != ':' && head_[at + 1] != ':')
        return true;
    return false;
  }

  static std::string_view after_template(std::string_view head) {
    int depth = 0;
    for (std::size_t i = 0; i < head.size(); ++i) {
      if (head[i] == '<')
        ++depth;
      if (head[i] == '>' && --depth == 0)
        return head.substr(i + 1);
    }
    return head;
  }

  void open() {
    const auto kind = kind_of_head();
    const bool goes_on = parens_ > 0 || (kind == block::other && is_member_initialiser());
    open_.push_back({kind, head_line_, name_of_head(), goes_on ? head_ : std::string{}, parens_});
    forget_head();
  }

  void close() {
    if (open_.empty())
      return;
    const auto last = std::move(open_.back());
    open_.pop_back();
    forget_head();
    const auto length = line_ - last.line + 1;
    if (last.kind == block::function && length > max_function_lines)
      found_.push_back({file_.path,
                        last.line,
                        last.name + " has " + std::to_string(length) + " lines: split it into " +
                            "functions of at most " + std::to_string(max_function_lines)});
    if (!last.head.empty()) {
      head_ = last.head + '}';
      head_line_ = last.line;
      parens_ = last.parens;
    }
  }

  std::string name_of_head() const {
    auto end = std::min(head_.find('('), head_.size());
    auto start = end;
    while (start > 0 && (is_word(head_[start - 1]) || head_[start - 1] == ':'))
      --start;
    return start == end ? "the function" : head_.substr(start, end - start);
  }

  struct opened {
    block kind;
    std::size_t line;
    std::string name;
    std::string head; ///< where the head goes on after the closing brace
    int parens;
  };

  const source_file& file_;
  std::string code_;
  findings found_;
  std::vector<opened> open_;
  std::string head_;
  std::size_t head_line_ = 1;
  std::size_t line_ = 1;
  std::size_t at_ = 0;
  int parens_ = 0;
};

} // namespace

std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

findings check_lengths(const source_file& file) {
  findings found;
  if (!is_source(file.path))
    return found;
  const auto lines = lines_of(file.text);
  if (lines.size() > max_file_lines)
    found.push_back({file.path,
                     0,
                     std::to_string(lines.size()) + " lines: split the file, at most " +
                         std::to_string(max_file_lines)});
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (columns(lines[i]) > max_line_columns)
      found.push_back({file.path,
                       i + 1,
                       std::to_string(columns(lines[i])) + " columns: break the line, at most " +
                           std::to_string(max_line_columns)});
  return found;
}

findings check_functions(const source_file& file) {
  if (!is_source(file.path))
    return {};
  return function_finder{file, mask(file.text)}.run();
}

findings check_white_space(const source_file& file) {
  findings found;
  if (file.text.empty())
    return found;
  const auto lines = lines_of(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].find('\t') != std::string_view::npos)
      found.push_back({file.path, i + 1, "a tab: use spaces, or \\t in a literal"});
    if (!lines[i].empty() && (lines[i].back() == ' ' || lines[i].back() == '\r'))
      found.push_back({file.path, i + 1, "white space at the end of the line: remove it"});
  }
  if (file.text.back() != '\n')
    found.push_back({file.path, lines.size(), "no line end after the last line: add it"});
  else if (lines.back().empty())
    found.push_back({file.path, lines.size(), "empty lines at the end of the file: remove them"});
  return found;
}

findings check_header(const source_file& file) {
  findings found;
  if (!is_header(file.path))
    return found;
  if (!file.text.starts_with("// "))
    found.push_back({file.path, 1, "open the header with a `//` paragraph on what it is"});
  const auto code = mask(file.text);
  const auto start = code.find_first_not_of(" \n");
  if (start == std::string::npos ||
      !std::string_view{code}.substr(start).starts_with("#pragma once"))
    found.push_back({file.path, 1, "#pragma once must come before all other code"});
  return found;
}

findings check_notes(const source_file& file) {
  findings found;
  const auto lines = lines_of(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i)
    for (const auto note : notes)
      if (has_whole_word(lines[i], note))
        found.push_back({file.path,
                         i + 1,
                         std::string{note} + ": do it now, or file an issue and drop the note"});
  return found;
}

findings check_tests_run(const source_file& file) {
  findings found;
  if (!is_source(file.path) || !lies_in(file.path, "tests"))
    return found;
  const auto code = mask(file.text);
  const auto lines = lines_of(code);
  for (std::size_t i = 0; i < lines.size(); ++i)
    for (const auto word : switches)
      if (lines[i].find(word) != std::string_view::npos)
        found.push_back({file.path,
                         i + 1,
                         std::string{word} + " switches a test off: make it run, or delete it"});
  return found;
}

} // namespace ash::tidy
