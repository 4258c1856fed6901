#include "tests/cli/catalogue.hpp"

#include <algorithm>

namespace ash::cli {
namespace {

/// What is between the first quote of a line and its last, with its escapes resolved.
std::string unquoted(std::string_view line) {
  const auto begin = line.find('"');
  const auto end = line.rfind('"');
  std::string out;
  if (begin == std::string_view::npos || end <= begin)
    return out;
  for (auto i = begin + 1; i < end; ++i) {
    if (line[i] != '\\') {
      out += line[i];
      continue;
    }
    ++i;
    out += line[i] == 'n' ? '\n' : line[i] == 't' ? '\t' : line[i];
  }
  return out;
}

/// Whether both begin, and both end, with the end of a line or neither does, as with a blank.
bool have_like_edges(const std::string& one, const std::string& other) {
  const auto is_space = [](char c) { return c == ' ' || c == '\n'; };
  const auto like = [&](char a, char b) { return is_space(a) || is_space(b) ? a == b : true; };
  return like(one.front(), other.front()) && like(one.back(), other.back());
}

} // namespace

catalogue read_catalogue(std::string_view text) {
  catalogue out;
  std::string id;
  translation said;
  auto fuzzy = false;
  std::string* into = nullptr;
  const auto keep = [&] {
    if (!id.empty())
      out.messages[id] = said;
    id.clear();
    said = {};
    into = nullptr;
  };
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with("#~")) {
      out.obsolete.emplace_back(line);
    } else if (line.starts_with("#,")) {
      fuzzy = line.find("fuzzy") != std::string_view::npos;
    } else if (line.starts_with("msgid ")) {
      keep();
      said.fuzzy = fuzzy;
      fuzzy = false;
      id = unquoted(line);
      into = &id;
    } else if (line.starts_with("msgstr ")) {
      said.text = unquoted(line);
      into = &said.text;
    } else if (line.starts_with('"') && into != nullptr) {
      *into += unquoted(line);
    }
  }
  keep();
  return out;
}

std::vector<std::string> fields_of(std::string_view text) {
  std::map<std::size_t, std::string> found;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '{')
      continue;
    if (text.substr(i + 1).starts_with('{')) {
      ++i;
      continue;
    }
    const auto end = text.find('}', i);
    if (end == std::string_view::npos)
      break;
    const auto field = text.substr(i + 1, end - i - 1);
    const auto colon = std::min(field.find(':'), field.size());
    const auto number = std::string{field.substr(0, colon)};
    const auto is_numbered =
        !number.empty() && number.find_first_not_of("0123456789") == std::string::npos;
    const auto place = is_numbered ? std::stoul(number) : found.size();
    found[place] = std::to_string(place) + std::string{field.substr(colon)};
    i = end;
  }
  std::vector<std::string> out;
  for (const auto& [place, field] : found)
    out.push_back(field);
  return out;
}

std::vector<std::string> faults_of(const catalogue& given, const catalogue& wanted) {
  std::vector<std::string> out;
  for (const auto& [id, none] : wanted.messages) {
    const auto found = given.messages.find(id);
    if (found == given.messages.end())
      out.push_back("missing: " + id);
    else if (found->second.text.empty())
      out.push_back("empty: " + id);
    else if (found->second.fuzzy)
      out.push_back("fuzzy: " + id);
    else if (fields_of(id) != fields_of(found->second.text))
      out.push_back("other fields than its original: " + id);
    else if (!have_like_edges(id, found->second.text))
      out.push_back("begins or ends unlike its original: " + id);
  }
  for (const auto& [id, none] : given.messages)
    if (!wanted.messages.contains(id))
      out.push_back("obsolete: " + id);
  for (const auto& line : given.obsolete)
    out.push_back("obsolete: " + line);
  return out;
}

} // namespace ash::cli
