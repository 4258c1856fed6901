#include "tests/tidy/folder_rules.hpp"

#include <algorithm>
#include <array>

namespace ash::tidy {
namespace {

// Heavy to compile or to be replaced one day: without a home in the table, nobody may see them.
constexpr std::array<std::string_view, 13> heavy_headers{"rocksdb/",
                                                         "caf/",
                                                         "flatbuffers/",
                                                         "*_generated.h",
                                                         "yaml-cpp/",
                                                         "valijson/",
                                                         "curl/",
                                                         "boost/beast",
                                                         "boost/asio",
                                                         "libpq-fe.h",
                                                         "sqlite3.h",
                                                         "prometheus/",
                                                         "pcre2.h"};

constexpr std::string_view table_head = "| Folder |";

bool matches(std::string_view header, std::string_view pattern) {
  return pattern.starts_with("*") ? header.ends_with(pattern.substr(1))
                                  : header.starts_with(pattern);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos)
      return parts;
    text.remove_prefix(end + 1);
  }
}

/// The names between backquotes.
std::vector<std::string> quoted(std::string_view text) {
  std::vector<std::string> names;
  const auto parts = split(text, '`');
  for (std::size_t i = 1; i + 1 < parts.size(); i += 2)
    names.emplace_back(parts[i]);
  return names;
}

bool has_word(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

folder_rule read_row(const std::vector<std::string_view>& cells, std::size_t line) {
  folder_rule rule;
  rule.line = line;
  rule.folder = quoted(cells[1]).front();
  for (const auto clause : split(cells[3], ';')) {
    if (clause.starts_with("in `"))
      rule.files_with_all = quoted(clause);
    else if (has_word(clause, "everything"))
      rule.includes = reach::everything;
    else
      rule.may_include = quoted(clause);
  }
  if (has_word(cells[4], "everything"))
    rule.headers = reach::everything;
  for (const auto item : split(cells[4], ',')) {
    const auto names = quoted(item);
    if (!names.empty())
      rule.alone.push_back({names[0], names.size() > 1 ? names[1] : std::string{}});
  }
  return rule;
}

bool is_known(const folder_table& table, std::string_view name) {
  return std::any_of(table.rules.begin(), table.rules.end(), [&](const folder_rule& rule) {
    return lies_in(rule.folder, name);
  });
}

/// The top-level folder that an include begins with, when the table has it.
bool is_own(const folder_table& table, std::string_view target) {
  const auto slash = target.find('/');
  return slash != std::string_view::npos && is_known(table, target.substr(0, slash));
}

bool may_include(const folder_rule& rule, std::string_view file, std::string_view target_folder) {
  if (rule.includes == reach::everything || lies_in(target_folder, rule.folder))
    return true;
  const auto in = [&](const std::string& allowed) { return lies_in(target_folder, allowed); };
  if (std::any_of(rule.may_include.begin(), rule.may_include.end(), in))
    return true;
  return std::any_of(rule.files_with_all.begin(),
                     rule.files_with_all.end(),
                     [&](const std::string& name) { return file == rule.folder + '/' + name; });
}

struct include {
  std::size_t line;
  std::string_view target;
  char open; ///< `"` or `<`
};

std::vector<include> includes_of(const source_file& file) {
  std::vector<include> found;
  const auto code = mask(file.text);
  const auto code_lines = lines_of(code);
  const auto lines = lines_of(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!trimmed(code_lines[i]).starts_with("#include"))
      continue;
    const auto open = lines[i].find_first_of("\"<");
    if (open == std::string_view::npos)
      continue;
    const auto close = lines[i].find(lines[i][open] == '"' ? '"' : '>', open + 1);
    if (close != std::string_view::npos)
      found.push_back({i + 1, lines[i].substr(open + 1, close - open - 1), lines[i][open]});
  }
  return found;
}

/// Why this folder may not see a heavy header; empty when it may, or when the header is not heavy.
std::string heavy_fault(const folder_table& table,
                        const folder_rule& rule,
                        std::string_view path,
                        std::string_view target) {
  std::string homes;
  bool heavy = std::any_of(heavy_headers.begin(), heavy_headers.end(), [&](std::string_view each) {
    return matches(target, each);
  });
  bool at_home = false;
  for (const auto& row : table.rules) {
    for (const auto& home : row.alone) {
      if (!matches(target, home.pattern))
        continue;
      heavy = true;
      const auto place = home.file.empty() ? row.folder : row.folder + '/' + home.file;
      at_home = at_home || lies_in(path, place);
      homes += (homes.empty() ? "" : " and ") + place;
    }
  }
  if (!heavy || rule.headers == reach::everything)
    return {};
  if (!at_home)
    return "<" + std::string{target} + "> belongs " +
           (homes.empty() ? "nowhere: ARCHITECTURE.md gives it no folder" : "in " + homes) +
           "; go through that folder's own header instead";
  if (is_header(path))
    return "<" + std::string{target} + "> is too heavy for a header: include it in a .cpp behind " +
           "a small header of our own";
  return {};
}

} // namespace

folder_table read_folder_table(const source_file& architecture) {
  folder_table table;
  const auto lines = lines_of(architecture.text);
  std::size_t at = 0;
  while (at < lines.size() && !lines[at].starts_with(table_head))
    ++at;
  for (at += 2; at < lines.size() && lines[at].starts_with("|"); ++at) {
    const auto cells = split(lines[at], '|');
    if (cells.size() == 6 && quoted(cells[1]).size() == 1)
      table.rules.push_back(read_row(cells, at + 1));
    else
      table.faults.push_back(
          {architecture.path,
           at + 1,
           "the row needs four cells, the first with one `folder` in backquotes"});
  }
  if (table.rules.empty())
    table.faults.push_back(
        {architecture.path, 0, "no folder table: write one that starts with `| Folder |`"});
  for (const auto& rule : table.rules)
    for (const auto& name : rule.may_include)
      if (!is_known(table, name))
        table.faults.push_back({architecture.path,
                                rule.line,
                                rule.folder + " may include `" + name +
                                    "`, which no row has: mend the name or add its row"});
  return table;
}

const folder_rule* rule_for(const folder_table& table, std::string_view path) {
  const folder_rule* best = nullptr;
  for (const auto& rule : table.rules)
    if (lies_in(path, rule.folder) && (!best || rule.folder.size() > best->folder.size()))
      best = &rule;
  return best;
}

findings check_folders(const folder_table& table,
                       const std::vector<source_file>& files,
                       const std::vector<std::string>& folders) {
  findings found;
  for (const auto& rule : table.rules)
    if (std::find(folders.begin(), folders.end(), rule.folder) == folders.end())
      found.push_back({"ARCHITECTURE.md",
                       rule.line,
                       "the folder " + rule.folder + " does not exist: create it or drop the row"});
  std::string_view last;
  for (const auto& file : files) {
    if (!is_source(file.path) || rule_for(table, file.path) || folder_of(file.path) == last)
      continue;
    last = folder_of(file.path);
    found.push_back({std::string{last.empty() ? std::string_view{file.path} : last},
                     0,
                     "holds sources but has no row in ARCHITECTURE.md's folder table: add one"});
  }
  return found;
}

findings check_includes(const folder_table& table, const source_file& file) {
  findings found;
  const auto* rule = rule_for(table, file.path);
  if (!rule || !is_source(file.path))
    return found;
  for (const auto& [line, target, open] : includes_of(file)) {
    const auto complain = [&, at = line](std::string what) {
      found.push_back({file.path, at, std::move(what)});
    };
    if (auto fault = heavy_fault(table, *rule, file.path, target); !fault.empty())
      complain(std::move(fault));
    const bool own = is_own(table, target);
    if (own && open == '<')
      complain("include our own <" + std::string{target} + "> in quotes");
    if (own && !target.ends_with("_generated.h") &&
        !may_include(*rule, file.path, folder_of(target)))
      complain(rule->folder + " may not include " + std::string{folder_of(target)} +
               " (ARCHITECTURE.md, folder table): turn the dependency round or move the code");
    if (!own && open == '"' && !target.ends_with("_generated.h"))
      complain("write \"" + std::string{target} + "\" as a path from the root of the project");
  }
  return found;
}

} // namespace ash::tidy
