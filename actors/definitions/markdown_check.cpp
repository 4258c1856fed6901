#include "actors/definitions/markdown_check.hpp"

#include "events/base/ascii.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <optional>

namespace ash::definitions {
namespace {

constexpr std::size_t max_level = 6;

bool is_underline(std::string_view line) {
  return !line.empty() && (line.front() == '=' || line.front() == '-') &&
         line.find_first_not_of(line.front()) == std::string_view::npos;
}

struct section {
  std::size_t level = 1;
  std::string_view heading;
  bool filled = false;
};

/// `## Text ##`; none where the line is no such heading.
std::optional<section> atx_heading(std::string_view line) {
  const auto level = std::min(line.find_first_not_of('#'), line.size());
  if (level == 0 || level > max_level || (level < line.size() && line[level] != ' '))
    return std::nullopt;
  auto text = trimmed(line.substr(level));
  const auto end = text.find_last_not_of('#');
  if (end != std::string_view::npos && end + 1 < text.size() && text[end] == ' ')
    text = trimmed(text.substr(0, end));
  return section{level, text};
}

/// Takes a text apart line by line.
class outline {
public:
  void add(std::string_view line) {
    if (!fence_.empty()) {
      if (line.starts_with(fence_) && line.find_first_not_of(fence_.front()) == line.npos)
        fence_ = {};
    } else if (line.starts_with("```") || line.starts_with("~~~")) {
      keep_text();
      fence_ = line.substr(0, line.find_first_not_of(line.front()));
      fill();
    } else if (const auto heading = atx_heading(line)) {
      keep_text();
      open(*heading);
    } else if (!text_.empty() && is_underline(line)) {
      open({line.front() == '=' ? 1U : 2U, text_});
      text_ = {};
    } else {
      keep_text();
      text_ = line;
    }
  }
  std::vector<section> finish() {
    keep_text();
    return std::move(sections_);
  }

private:
  /// The line above turned out to be no heading.
  void keep_text() {
    if (!text_.empty())
      fill();
    text_ = {};
  }
  void fill() {
    if (!sections_.empty())
      sections_.back().filled = true;
  }
  void open(const section& next) {
    if (!sections_.empty() && next.level > sections_.back().level)
      fill(); // a chapter has its sections beneath it
    sections_.push_back(next);
  }

  std::vector<section> sections_;
  std::string_view fence_;
  std::string_view text_;
};

std::vector<section> sections_of(std::string_view text) {
  outline out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    out.add(trimmed(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out.finish();
}

} // namespace

std::vector<finding> check_markdown(std::string_view text,
                                    const std::vector<std::string>& headings) {
  if (!is_valid_utf8(text))
    return {{"", "encoding", "the text is not valid UTF-8"}};
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return {{"", "empty", "the file is empty"}};
  const auto found = sections_of(text);
  std::vector<finding> out;
  for (const auto& wanted : headings) {
    const auto at = std::find_if(found.begin(), found.end(), [&](const section& one) {
      return equal_ignoring_case(one.heading, trimmed(wanted));
    });
    if (at == found.end())
      out.push_back({wanted, "heading", "there is no heading '" + printable(wanted) + "'"});
    else if (!at->filled)
      out.push_back(
          {wanted, "heading", "there is nothing beneath the heading '" + printable(wanted) + "'"});
  }
  return out;
}

} // namespace ash::definitions
