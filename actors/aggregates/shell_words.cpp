#include "actors/aggregates/shell_words.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

namespace ash::policy {
namespace {

constexpr std::size_t max_commands = 5'000;
constexpr std::size_t max_brace_words = 64;
constexpr std::size_t max_brace_bytes = 512;
constexpr std::size_t max_value_bytes = 1'024;
constexpr std::size_t max_word_bytes = 256 * 1024;

bool is_name_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// `a{b,c}d` as `abd acd`; the word itself where it has no such brace.
void expand_braces(const std::string& text, std::vector<std::string>& out) {
  std::size_t open = std::string::npos;
  std::vector<std::size_t> commas;
  for (std::size_t i = 0; i < text.size() && out.size() < max_brace_words; ++i) {
    if (text[i] == '{' && (i == 0 || text[i - 1] != '$')) {
      open = i;
      commas.clear();
    } else if (text[i] == ',' && open != std::string::npos) {
      commas.push_back(i);
    } else if (text[i] == '}' && open != std::string::npos && !commas.empty()) {
      // The innermost group; what is around it is expanded by the recursion.
      auto from = open + 1;
      commas.push_back(i);
      for (const auto comma : commas) {
        expand_braces(text.substr(0, open) + text.substr(from, comma - from) + text.substr(i + 1),
                      out);
        from = comma + 1;
      }
      return;
    } else if (text[i] == '}') {
      open = std::string::npos;
    }
  }
  if (out.size() < max_brace_words)
    out.push_back(text);
}

class scanner {
public:
  explicit scanner(std::string_view text) : text_{text} {}

  result<std::vector<simple_command>> run();

private:
  [[nodiscard]] char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  void plain();
  void single_quoted();
  void ansi_quoted();
  void double_quoted();
  void escaped();
  void dollar();
  void operation();
  void redirect();
  void here_document();
  void end_word();
  void end_command();
  void remember_assignments();
  std::string balanced(std::size_t from);
  std::string backticked();

  std::string_view text_;
  std::size_t i_ = 0;
  bool in_word_ = false;
  bool brace_quoted_ = false; ///< a quoted part: braces are not expanded
  bool next_reads_pipe_ = false;
  std::string redirect_;
  std::size_t here_end_ = 0; ///< where the last here-document's delimiter ends
  shell_word word_;
  simple_command command_;
  std::map<std::string, std::string, std::less<>> variables_;
  std::vector<simple_command> done_;
};

/// The text between a `(` at `from` and its partner; moves behind it.
std::string scanner::balanced(std::size_t from) {
  std::size_t depth = 0;
  char quote = '\0';
  for (std::size_t i = from; i < text_.size(); ++i) {
    const auto c = text_[i];
    if (c == '\\' && quote != '\'') {
      ++i;
    } else if (quote != '\0') {
      quote = c == quote ? '\0' : quote;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')' && --depth == 0) {
      i_ = i + 1;
      return std::string{text_.substr(from + 1, i - from - 1)};
    }
  }
  i_ = text_.size();
  return std::string{text_.substr(from + 1)};
}

std::string scanner::backticked() {
  std::string inside;
  for (++i_; i_ < text_.size() && text_[i_] != '`'; ++i_) {
    if (text_[i_] == '\\' && i_ + 1 < text_.size())
      ++i_;
    inside += text_[i_];
  }
  ++i_;
  return inside;
}

void scanner::single_quoted() {
  in_word_ = brace_quoted_ = true;
  const auto end = text_.find('\'', i_ + 1);
  word_.text.append(text_.substr(i_ + 1, end == std::string_view::npos ? end : end - i_ - 1));
  i_ = end == std::string_view::npos ? text_.size() : end + 1;
}

/// `$'…'`: the escapes that can hide a name.
void scanner::ansi_quoted() {
  in_word_ = brace_quoted_ = true;
  for (i_ += 2; i_ < text_.size() && text_[i_] != '\''; ++i_) {
    if (text_[i_] != '\\') {
      word_.text += text_[i_];
      continue;
    }
    const auto kind = at(++i_);
    const auto base = kind == 'x' ? 16U : kind >= '0' && kind <= '7' ? 8U : 0U;
    if (base == 0) {
      word_.text += kind == 'n' ? '\n' : kind == 't' ? '\t' : kind;
      continue;
    }
    unsigned value = 0;
    auto digit = i_ + (base == 16 ? 1 : 0);
    for (const auto end = digit + (base == 16 ? 2 : 3); digit < end; ++digit) {
      const auto c = at(digit);
      if (base == 16 ? std::isxdigit(static_cast<unsigned char>(c)) == 0 : c < '0' || c > '7')
        break;
      value = value * base + static_cast<unsigned>(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    word_.text += static_cast<char>(value & 0xFF);
    i_ = digit - 1;
  }
  ++i_;
}

void scanner::double_quoted() {
  in_word_ = brace_quoted_ = true;
  for (++i_; i_ < text_.size() && text_[i_] != '"';) {
    if (text_[i_] == '\\' && i_ + 1 < text_.size()) {
      const auto next = text_[i_ + 1];
      if (next != '"' && next != '\\' && next != '$' && next != '`' && next != '\n')
        word_.text += '\\';
      if (next != '\n')
        word_.text += next;
      i_ += 2;
    } else if (text_[i_] == '`') {
      word_.substitutions.push_back(backticked());
    } else if (text_[i_] == '$') {
      dollar();
    } else {
      word_.text += text_[i_++];
    }
  }
  ++i_;
}

void scanner::dollar() {
  in_word_ = true;
  if (at(i_ + 1) == '(') {
    word_.substitutions.push_back(balanced(i_ + 1));
    return;
  }
  const bool braced = at(i_ + 1) == '{';
  const auto begin = i_ + (braced ? 2 : 1);
  auto end = begin;
  while (is_name_char(at(end)))
    ++end;
  const auto name = text_.substr(begin, end - begin);
  // `${NAME:-x}` and its kind keep their text; a plain reference is replaced where it is known.
  const auto whole_end = braced && at(end) == '}' ? end + 1 : end;
  const auto known = variables_.find(name);
  if (name == "IFS")
    word_.text += ' ';
  else if (!name.empty() && known != variables_.end() && word_.text.size() < max_word_bytes &&
           (!braced || whole_end > end))
    word_.text += known->second;
  else
    word_.text.append(text_.substr(i_, std::max(whole_end, i_ + 1) - i_));
  i_ = std::max(whole_end, i_ + 1);
}

void scanner::escaped() {
  if (at(i_ + 1) != '\n' && i_ + 1 < text_.size()) {
    in_word_ = true;
    word_.text += text_[i_ + 1];
  }
  i_ += 2;
}

void scanner::end_word() {
  if (!in_word_)
    return;
  in_word_ = false;
  std::vector<shell_word> ready;
  if (brace_quoted_ || word_.text.find('{') == std::string::npos ||
      word_.text.size() > max_brace_bytes) {
    ready.push_back(std::move(word_));
  } else {
    std::vector<std::string> texts;
    expand_braces(word_.text, texts);
    for (auto& text : texts)
      ready.push_back({std::move(text), word_.substitutions});
  }
  word_ = {};
  brace_quoted_ = false;
  if (!redirect_.empty()) {
    command_.redirections.push_back({std::exchange(redirect_, {}), std::move(ready.front())});
    return;
  }
  for (auto& word : ready)
    command_.words.push_back(std::move(word));
}

void scanner::remember_assignments() {
  for (const auto& word : command_.words) {
    const auto equals = word.text.find('=');
    if (equals == 0 || equals == std::string::npos)
      return;
    for (std::size_t i = 0; i < equals; ++i)
      if (!is_name_char(word.text[i]))
        return;
  }
  for (const auto& word : command_.words) {
    const auto equals = word.text.find('=');
    if (word.text.size() <= max_value_bytes)
      variables_[word.text.substr(0, equals)] = word.text.substr(equals + 1);
  }
}

void scanner::end_command() {
  end_word();
  redirect_.clear();
  if (command_.words.empty() && command_.redirections.empty())
    return;
  remember_assignments();
  command_.reads_pipe = std::exchange(next_reads_pipe_, false);
  done_.push_back(std::exchange(command_, {}));
}

void scanner::redirect() {
  // A number just before it is a descriptor, not an argument.
  if (in_word_ && word_.text.find_first_not_of("0123456789&") == std::string::npos) {
    in_word_ = false;
    word_ = {};
  }
  end_word();
  std::string op;
  while (at(i_) == '<' || at(i_) == '>' || at(i_) == '&' || at(i_) == '|') {
    if ((at(i_) == '<' || at(i_) == '>') && at(i_ + 1) == '(') {
      in_word_ = true;
      word_.substitutions.push_back(balanced(i_ + 1));
      redirect_ = op;
      return;
    }
    op += text_[i_++];
  }
  if (op == "<<")
    here_document();
  else
    redirect_ = op;
}

/// Takes the body of a `<<WORD` out of the text: an apostrophe in it is no quote.
void scanner::here_document() {
  const bool indented = at(i_) == '-';
  i_ = std::min(text_.find_first_not_of(" \t", i_ + (indented ? 1 : 0)), text_.size());
  std::string delimiter;
  for (; i_ < text_.size() && std::string_view{" \t\n;|&<>()"}.find(text_[i_]) == std::string::npos;
       ++i_)
    if (text_[i_] != '\'' && text_[i_] != '"' && text_[i_] != '\\')
      delimiter += text_[i_];
  auto line = here_end_ > i_ ? here_end_ : std::min(text_.find('\n', i_), text_.size() - 1) + 1;
  const auto begin = line;
  auto end = text_.size();
  while (line < text_.size()) {
    const auto next = std::min(text_.find('\n', line), text_.size());
    auto content = text_.substr(line, next - line);
    while (indented && content.starts_with('\t'))
      content.remove_prefix(1);
    if (content == delimiter) {
      end = line;
      line = next;
      break;
    }
    line = std::min(next + 1, text_.size());
  }
  here_end_ = line;
  command_.redirections.push_back({"<<", {std::string{text_.substr(begin, end - begin)}}});
}

void scanner::operation() {
  const auto c = text_[i_];
  end_command();
  const bool pipe = c == '|' && at(i_ + 1) != '|';
  // `a |` may go on in the next line or with a subshell.
  next_reads_pipe_ = pipe || (next_reads_pipe_ && (c == '\n' || c == '('));
  if (c == '\n' && here_end_ > i_) {
    i_ = here_end_;
    return;
  }
  i_ += ((at(i_ + 1) == c && c != '\n') || (pipe && at(i_ + 1) == '&')) ? 2 : 1;
}

void scanner::plain() {
  const auto c = text_[i_];
  switch (c) {
  case ' ':
  case '\t':
  case '\r':
    end_word();
    ++i_;
    return;
  case '#':
    if (!in_word_) {
      i_ = std::min(text_.find('\n', i_), text_.size());
      return;
    }
    break;
  case '&':
    if (at(i_ + 1) == '>')
      return ++i_, redirect();
    return operation();
  case ';':
  case '|':
  case '\n':
  case '(':
  case ')':
    return operation();
  case '<':
  case '>':
    return redirect();
  case '`':
    in_word_ = true;
    word_.substitutions.push_back(backticked());
    return;
  default:
    break;
  }
  in_word_ = true;
  word_.text += c;
  ++i_;
}

result<std::vector<simple_command>> scanner::run() {
  while (i_ < text_.size()) {
    if (done_.size() > max_commands)
      return refuse(errc::limit_exceeded, "the command has too many parts to be judged");
    const auto c = text_[i_];
    if (c == '\'')
      single_quoted();
    else if (c == '"')
      double_quoted();
    else if (c == '\\')
      escaped();
    else if (c == '$' && at(i_ + 1) == '\'')
      ansi_quoted();
    else if (text_.substr(i_).starts_with("${IFS}") ||
             (text_.substr(i_).starts_with("$IFS") && !is_name_char(at(i_ + 4)))) {
      end_word();
      i_ += at(i_ + 1) == '{' ? 6 : 4;
    } else if (c == '$')
      dollar();
    else
      plain();
  }
  end_command();
  return std::move(done_);
}

} // namespace

result<std::vector<simple_command>> shell_commands(std::string_view text) {
  return scanner{text}.run();
}

} // namespace ash::policy
