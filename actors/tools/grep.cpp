// grep: a bounded walk without symlinks, and POSIX extended regular expressions line by line.
#include "actors/tools/builtin.hpp"
#include "actors/tools/directory.hpp"
#include "actors/tools/file_bytes.hpp"
#include "actors/tools/output.hpp"
#include "events/base/clock.hpp"
#include "events/base/text.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <regex.h>
#include <sys/stat.h>

namespace ash::tool {
namespace {

constexpr std::size_t max_pattern_bytes = 512;
constexpr std::size_t max_file_bytes = std::size_t{8} << 20;
constexpr std::size_t max_total_bytes = std::size_t{256} << 20;
constexpr std::size_t max_files = 50'000;
constexpr std::size_t max_matches = 1'000;
constexpr std::size_t max_line_bytes = 4'096; ///< of a line that is searched
constexpr std::size_t max_shown_bytes = 300;  ///< of a line that is shown
constexpr std::size_t max_depth = 64;

/// A compiled pattern: a plain string, or a POSIX expression.
class line_matcher {
public:
  line_matcher() = default;
  line_matcher(const line_matcher&) = delete;
  line_matcher& operator=(const line_matcher&) = delete;
  ~line_matcher() {
    if (compiled_)
      ::regfree(&expression_);
  }

  result<void> compile(const std::string& pattern, const arguments& given);
  [[nodiscard]] bool matches(std::string& line) const {
    if (!compiled_)
      return line.find(plain_) != std::string::npos;
    return ::regexec(&expression_, line.c_str(), 0, nullptr, 0) == 0;
  }

private:
  ::regex_t expression_{};
  bool compiled_ = false;
  std::string plain_;
};

error bad_pattern(std::string reason) {
  return error{errc::tool_arguments_invalid, "the field 'pattern' " + std::move(reason)}.with(
      "field", "pattern");
}

/// `\d` and `\D` for POSIX, which lacks them; back-references and counted repetitions are refused,
/// because matching them can take exponential time or memory.
result<std::string> as_posix(const std::string& pattern) {
  std::string out;
  bool in_bracket = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const auto c = pattern[i];
    if (in_bracket) {
      in_bracket = c != ']' || out.back() == '[' || out.ends_with("[^");
      out += c;
    } else if (c == '\\' && i + 1 < pattern.size()) {
      const auto next = pattern[++i];
      if (next >= '1' && next <= '9')
        return bad_pattern("has a back-reference: use a simpler expression");
      if (next == 'd' || next == 'D')
        out += next == 'd' ? "[0-9]" : "[^0-9]";
      else
        out.append(1, c).append(1, next);
    } else if (c == '{' && i + 1 < pattern.size() && pattern[i + 1] >= '0' &&
               pattern[i + 1] <= '9') {
      return bad_pattern("has a counted repetition {n}: use * or +, or escape the brace");
    } else {
      in_bracket = c == '[';
      out += c;
    }
  }
  return out;
}

result<void> line_matcher::compile(const std::string& pattern, const arguments& given) {
  if (pattern.empty() || pattern.size() > max_pattern_bytes)
    return bad_pattern("must have 1 to 512 bytes");
  if (pattern.find('\0') != std::string::npos || pattern.find('\n') != std::string::npos)
    return bad_pattern("must be one line without NUL");
  if (given.flag("literal") && !given.flag("ignore_case")) {
    plain_ = pattern;
    return success();
  }
  std::string expression;
  if (given.flag("literal")) {
    for (const auto c : pattern) {
      if (std::strchr("\\^$.[]|()?*+{}", c) != nullptr)
        expression += '\\';
      expression += c;
    }
  } else {
    TRY(auto posix, as_posix(pattern));
    expression = std::move(posix);
  }
  const auto flags = REG_EXTENDED | REG_NOSUB | (given.flag("ignore_case") ? REG_ICASE : 0);
  if (const auto code = ::regcomp(&expression_, expression.c_str(), flags); code != 0) {
    char reason[200];
    ::regerror(code, &expression_, reason, sizeof reason);
    return bad_pattern(std::string{"is not a POSIX extended expression: "} + reason);
  }
  compiled_ = true;
  return success();
}

/// One search: what it looks for, where it stands, what it found.
class search {
public:
  search(const context& where, const arguments& given, std::stop_token stop)
      : where_{where}, glob_{given.text("glob")}, stop_{std::move(stop)},
        deadline_us_{monotonic_us() + where.time_limit_ms * us_per_ms} {}

  result<void> compile(const arguments& given) {
    return matcher_.compile(given.text("pattern"), given);
  }
  /// Searches one open file, named `path` in the output.
  void file(unique_fd opened, const std::string& path);
  void directory(unique_fd opened, const std::string& path, std::size_t depth);
  result<outcome> finish();

private:
  [[nodiscard]] bool wanted(const std::string& path, const std::string& name) const {
    return glob_.empty() || glob_match(glob_, path) || glob_match(glob_, name);
  }
  /// Whether to go no further: a limit (noted), or a stop.
  bool over();
  void lines(std::string_view bytes, const std::string& path);
  void enter(int parent, const entry& e, const std::string& path, std::size_t depth);

  const context& where_;
  std::string glob_;
  std::stop_token stop_;
  std::int64_t deadline_us_;
  line_matcher matcher_;
  std::string text_;
  std::string limit_;
  std::size_t files_ = 0;
  std::size_t bytes_ = 0;
  std::size_t matches_ = 0;
  std::size_t skipped_ = 0;
};

bool search::over() {
  if (limit_.empty()) {
    if (matches_ >= max_matches)
      limit_ = "1000 matching lines";
    else if (files_ >= max_files)
      limit_ = "50000 files";
    else if (bytes_ >= max_total_bytes)
      limit_ = "256 MiB";
    else if (monotonic_us() > deadline_us_)
      limit_ = "the time limit";
  }
  return !limit_.empty() || stop_.stop_requested();
}

void search::lines(std::string_view bytes, const std::string& path) {
  std::string line;
  for (std::size_t number = 1; !bytes.empty() && matches_ < max_matches; ++number) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    line.assign(bytes.substr(0, std::min(end, max_line_bytes)));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (number % 256 == 0 && over())
      return;
    if (!matcher_.matches(line))
      continue;
    ++matches_;
    const auto valid = to_valid_utf8(line);
    const auto visible = utf8_prefix(valid, max_shown_bytes);
    text_ += shown(path) + ":" + std::to_string(number) + ":";
    text_.append(visible).append(visible.size() < valid.size() ? "…\n" : "\n");
  }
}

void search::file(unique_fd opened, const std::string& path) {
  ++files_;
  auto bytes = read_all(opened.get(), path, max_file_bytes);
  if (!bytes || looks_binary(bytes.value())) {
    ++skipped_;
    return;
  }
  bytes_ += bytes.value().size();
  lines(bytes.value(), path);
}

void search::enter(int parent, const entry& e, const std::string& path, std::size_t depth) {
  if (is_secret(where_, path))
    return;
  if (e.kind == entry_kind::directory) {
    if (depth >= max_depth || touches_git_directory(e.name))
      return;
    unique_fd opened{
        ::openat(parent, e.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (opened.is_open())
      directory(std::move(opened), path, depth + 1);
  } else if (e.kind == entry_kind::file && wanted(path, e.name)) {
    unique_fd opened{::openat(
        parent, e.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
    struct ::stat status {};
    if (opened.is_open() && ::fstat(opened.get(), &status) == 0 && S_ISREG(status.st_mode))
      file(std::move(opened), path);
    else
      ++skipped_;
  }
}

void search::directory(unique_fd opened, const std::string& path, std::size_t depth) {
  unique_fd again{::openat(opened.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!again.is_open())
    return;
  const auto listed = read_entries(std::move(again), max_files);
  if (!listed)
    return;
  for (const auto& e : listed.value().found) {
    if (over())
      return;
    enter(opened.get(), e, path == "." ? e.name : path + "/" + e.name, depth);
  }
}

result<outcome> search::finish() {
  if (over() && limit_.empty())
    return stopped();
  if (matches_ == 0)
    text_ = "no match in " + std::to_string(files_) + " files\n";
  if (!limit_.empty())
    text_ += "[stopped at " + limit_ + ": narrow the search with path or glob]\n";
  if (skipped_ > 0)
    text_ += "[" + std::to_string(skipped_) + " binary, unreadable or large files were skipped]\n";
  return shown_output(where_, std::move(text_), cut::tail);
}

result<outcome> grep(const context& where, std::string_view json_text, std::stop_token stop) {
  TRY(auto given,
      arguments::parse(json_text,
                       {{"pattern"},
                        {"path", field_type::text, presence::optional},
                        {"glob", field_type::text, presence::optional},
                        {"literal", field_type::flag, presence::optional},
                        {"ignore_case", field_type::flag, presence::optional}}));
  search found{where, given, std::move(stop)};
  TRY(found.compile(given));
  TRY(auto root, worktree::open(where.worktree));
  const auto named = given.has("path") ? given.text("path") : ".";
  TRY(auto path, root.relative(named));
  if (auto directory = root.open_directory(path)) {
    TRY(auto real, root.path_of(directory.value().get()));
    TRY(refuse_secret(where, real + "/"));
    TRY(refuse_detour(where, named, real));
    found.directory(std::move(directory).value(), real, 0);
  } else {
    TRY(auto file, root.open_file(path));
    TRY(auto real, root.path_of(file.get()));
    TRY(refuse_secret(where, real));
    TRY(refuse_detour(where, named, real));
    found.file(std::move(file), real);
  }
  return found.finish();
}

} // namespace

std::shared_ptr<tool> make_grep() {
  return std::make_shared<function_tool>(
      description{
          "grep",
          "Searches the text files of the worktree line by line; gives path:line:text. Skips .git, "
          "binary files and symlinks.",
          R"({"type":"object","properties":{"pattern":{"type":"string","description":)"
          R"("POSIX extended regular expression; \\d, \\w, \\s and \\b work too"},)"
          R"("path":{"type":"string","description":"File or directory to search in"},)"
          R"("glob":{"type":"string","description":"Only files whose path or name matches, )"
          R"(for example *.cpp or src/**/*.hpp"},"literal":{"type":"boolean","description":)"
          R"("Take the pattern as plain text"},"ignore_case":{"type":"boolean"}},)"
          R"("required":["pattern"],"additionalProperties":false})",
          effect_class::read},
      grep);
}

} // namespace ash::tool
