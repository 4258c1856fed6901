#include "actors/tools/builtin.hpp"
#include "actors/tools/file_bytes.hpp"
#include "actors/tools/output.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <sys/stat.h>
#include <unistd.h>

namespace ash::tool {
namespace {

constexpr auto no_limit = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t chunk_bytes = 256 * 1024;

/// Collects the lines `first` to `first + count - 1` (from 1) of a stream of chunks.
class line_window {
public:
  line_window(std::int64_t first, std::int64_t count, std::size_t max_bytes)
      : first_{first}, count_{count}, max_bytes_{max_bytes} {}

  /// Gives true as soon as nothing more is wanted.
  bool take(std::string_view chunk) {
    while (!chunk.empty()) {
      if (line_ - first_ >= count_ || text_.size() >= max_bytes_) {
        more_ = true;
        return true;
      }
      const auto end = chunk.find('\n');
      const auto part = chunk.substr(0, end == std::string_view::npos ? end : end + 1);
      if (line_ >= first_) {
        const auto room = max_bytes_ - text_.size();
        text_.append(part.substr(0, room));
        if (part.size() > room) {
          more_ = last_open_ = true;
          return true;
        }
      }
      line_ += end == std::string_view::npos ? 0 : 1;
      last_open_ = end == std::string_view::npos;
      chunk.remove_prefix(part.size());
    }
    return false;
  }

  /// The lines seen so far, an unfinished one included.
  [[nodiscard]] std::int64_t lines() const { return line_ - 1 + (last_open_ ? 1 : 0); }
  [[nodiscard]] bool more() const { return more_; }
  [[nodiscard]] std::string& text() { return text_; }

private:
  std::int64_t first_;
  std::int64_t count_;
  std::size_t max_bytes_;
  std::int64_t line_ = 1;
  bool last_open_ = false;
  bool more_ = false;
  std::string text_;
};

result<void> fill(line_window& window, int file, const std::string& path, std::stop_token stop) {
  std::string buffer(chunk_bytes, '\0');
  bool first_chunk = true;
  while (true) {
    if (stop.stop_requested())
      return stopped();
    const auto size = ::read(file, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR)
      continue;
    if (size < 0)
      return system_error("reading '" + shown(path) + "'", errno);
    const std::string_view chunk{buffer.data(), static_cast<std::size_t>(size)};
    if (first_chunk && looks_binary(chunk))
      return refuse(errc::tool_failed, "'" + shown(path) + "' is a binary file: it is not shown");
    first_chunk = false;
    if (chunk.empty() || window.take(chunk))
      return success();
  }
}

result<outcome> read_file(const context& where, std::string_view json_text, std::stop_token stop) {
  TRY(auto given,
      arguments::parse(json_text,
                       {{"path"},
                        {"offset", field_type::integer, presence::optional},
                        {"limit", field_type::integer, presence::optional}}));
  TRY(auto offset, integer_between(given, "offset", 1, no_limit, 1));
  TRY(auto limit, integer_between(given, "limit", 1, no_limit, no_limit));
  TRY(auto root, worktree::open(where.worktree));
  TRY(auto path, root.relative(given.text("path")));
  TRY(auto file, root.open_file(path));
  TRY(auto real, root.path_of(file.get()));
  TRY(refuse_secret(where, real));
  TRY(refuse_detour(where, given.text("path"), real));
  const auto captured = static_cast<std::size_t>(std::max<std::int64_t>(where.captured_bytes, 1));
  line_window window{offset, limit, captured};
  TRY(fill(window, file.get(), path, stop));
  if (offset > 1 && window.lines() < offset)
    return refuse(errc::argument_invalid,
                  "'" + shown(path) + "' has only " + std::to_string(window.lines()) + " lines");
  const auto mended = !is_valid_utf8(window.text());
  auto done = shown_output(where, std::move(window.text()), cut::tail);
  if (mended)
    done.text += "\n[bytes that are no UTF-8 are shown as \xEF\xBF\xBD]";
  if (window.more() || offset > 1)
    done.text += "\n[lines " + std::to_string(offset) + " to " + std::to_string(window.lines()) +
                 (window.more() ? "; the file goes on: use offset and limit]" : ", the last]");
  return done;
}

} // namespace

std::shared_ptr<tool> make_read_file() {
  return std::make_shared<function_tool>(
      description{"read_file",
                  "Reads a text file of the worktree, exactly as it is (no line numbers), so that "
                  "a part of "
                  "it can be given to edit_file. For a long file use offset and limit.",
                  R"({"type":"object","properties":{"path":{"type":"string","description":)"
                  R"("Path relative to the worktree"},"offset":{"type":"integer","minimum":1,)"
                  R"("description":"First line, from 1"},"limit":{"type":"integer","minimum":1,)"
                  R"("description":"Number of lines"}},"required":["path"],)"
                  R"("additionalProperties":false})",
                  effect_class::read},
      read_file);
}

} // namespace ash::tool
