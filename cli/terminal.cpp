#include "cli/terminal.hpp"

#include "cli/language.hpp"
#include "events/base/clock.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace ash::cli {
namespace {

constexpr std::size_t unknown_width = 80;
constexpr std::size_t unlimited_width = 100'000;
constexpr std::size_t narrowest_column = 6;
constexpr std::size_t narrowest_last_column = 12;

int descriptor(stream which) {
  return which == stream::out ? STDOUT_FILENO : STDERR_FILENO;
}

struct range {
  char32_t first;
  char32_t last;
};
/// Wide by Unicode's East Asian Width, in order; with the pictographs, which are shown as wide.
constexpr std::array wide{range{0x1100, 0x115F},
                          range{0x2E80, 0x303E},
                          range{0x3041, 0x4DBF},
                          range{0x4E00, 0xA4CF},
                          range{0xA960, 0xA97F},
                          range{0xAC00, 0xD7A3},
                          range{0xF900, 0xFAFF},
                          range{0xFE30, 0xFE6F},
                          range{0xFF00, 0xFF60},
                          range{0xFFE0, 0xFFE6},
                          range{0x1F300, 0x1F64F},
                          range{0x1F680, 0x1F6FF},
                          range{0x1F900, 0x1F9FF},
                          range{0x20000, 0x3FFFD}};
/// Drawn over what is before them; the second is the vowels and final consonants of Hangul that was
/// decomposed.
constexpr std::array narrow{range{0x0300, 0x036F},
                            range{0x1160, 0x11FF},
                            range{0x200B, 0x200F},
                            range{0x20D0, 0x20FF},
                            range{0xFE00, 0xFE0F}};

template <class Ranges> bool is_in(const Ranges& ranges, char32_t c) noexcept {
  return std::any_of(
      ranges.begin(), ranges.end(), [c](range r) { return r.first <= c && c <= r.last; });
}

/// The first character of valid UTF-8 `text`, which is not empty.
struct character {
  std::size_t bytes = 1;
  std::size_t columns = 1;
};
character first_of(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (bytes == 1 || text.size() < bytes)
    return {};
  auto value = static_cast<char32_t>(lead & (0x7F >> bytes));
  for (std::size_t i = 1; i < bytes; ++i)
    value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
  return {bytes, is_in(wide, value) ? 2U : is_in(narrow, value) ? 0U : 1U};
}

std::string line_of(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const auto cell = i < cells.size() ? fit(cells[i], widths[i]) : std::string{};
    line += i + 1 < widths.size() ? padded(cell, widths[i]) + "  " : cell;
  }
  while (line.ends_with(' '))
    line.pop_back();
  return line + '\n';
}

} // namespace

bool is_terminal(stream which) {
  const auto* kind = std::getenv("TERM");
  return isatty(descriptor(which)) == 1 && (kind == nullptr || std::string_view{kind} != "dumb");
}

std::size_t terminal_width(stream which) {
  winsize size{};
  if (ioctl(descriptor(which), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  // Into a file or a pipe nothing is cut.
  return isatty(descriptor(which)) == 1 ? unknown_width : unlimited_width;
}

text_style style_of(stream which) {
  const auto* unwanted = std::getenv("NO_COLOR");
  if (!is_terminal(which) || (unwanted != nullptr && unwanted[0] != '\0'))
    return {};
  return {"\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[31m", "\x1b[36m", "\x1b[0m"};
}

std::size_t columns_of(std::string_view text) noexcept {
  std::size_t columns = 0;
  while (!text.empty()) {
    const auto next = first_of(text);
    columns += next.columns;
    text.remove_prefix(next.bytes);
  }
  return columns;
}

std::string padded(std::string text, std::size_t columns) {
  const auto shown = columns_of(text);
  return shown < columns ? text.append(columns - shown, ' ') : text;
}

std::string fit(std::string_view text, std::size_t columns) {
  auto shown = printable(to_valid_utf8(text));
  if (columns_of(shown) <= columns)
    return shown;
  if (columns == 0)
    return {};
  std::size_t kept = 0;
  for (std::size_t used = 1; kept < shown.size();) { // 1 for the ellipsis
    const auto next = first_of(std::string_view{shown}.substr(kept));
    used += next.columns;
    if (used > columns)
      break;
    kept += next.bytes;
  }
  shown.resize(kept);
  return shown + "…";
}

std::string render_table(const std::vector<std::string>& header,
                         const std::vector<std::vector<std::string>>& rows,
                         std::size_t width) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < header.size(); ++i) {
    auto widest = columns_of(header[i]);
    for (const auto& row : rows)
      widest = std::max(widest, i < row.size() ? columns_of(printable(to_valid_utf8(row[i]))) : 0);
    widths.push_back(widest);
  }
  const auto gaps = header.empty() ? 0 : 2 * (header.size() - 1);
  while (std::accumulate(widths.begin(), widths.end(), gaps) > width) {
    // The last column, which says most in words, gives way first; then the widest.
    auto giving = std::prev(widths.end());
    if (*giving <= narrowest_last_column)
      giving = std::max_element(widths.begin(), widths.end());
    if (*giving <= narrowest_column)
      break;
    --*giving;
  }
  auto table = line_of(header, widths);
  for (const auto& row : rows)
    table += line_of(row, widths);
  return table;
}

std::string show_duration(std::int64_t us) {
  const auto seconds = us / us_per_s;
  if (seconds < 60)
    return tr("{:.1f} s", static_cast<double>(us) / us_per_s);
  if (seconds < 3'600)
    return tr("{} min {} s", seconds / 60, seconds % 60);
  return tr("{} h {} min", seconds / 3'600, seconds / 60 % 60);
}

std::string show_count(std::int64_t count) {
  char text[32];
  if (count < 1'000)
    std::snprintf(text, sizeof text, "%ld", count);
  else if (count < 1'000'000)
    std::snprintf(text, sizeof text, "%.1fk", static_cast<double>(count) / 1e3);
  else if (count < 1'000'000'000)
    std::snprintf(text, sizeof text, "%.1fM", static_cast<double>(count) / 1e6);
  else
    std::snprintf(text, sizeof text, "%.1fG", static_cast<double>(count) / 1e9);
  return text;
}

std::string show_bytes(std::uint64_t bytes) {
  constexpr std::array units{"KiB", "MiB", "GiB", "TiB", "PiB"};
  constexpr double a_unit = 1'024;
  constexpr double rounds_up = 1'023.95; // which one digit shows as 1024.0
  if (bytes < static_cast<std::uint64_t>(a_unit))
    return tr("{} bytes", bytes);
  auto size = static_cast<double>(bytes) / a_unit;
  std::size_t unit = 0;
  for (; size >= rounds_up && unit + 1 < units.size(); ++unit)
    size /= a_unit;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", size, units[unit]);
  return text;
}

std::optional<std::string> answer_to(const char* question, const std::stop_token& stop) {
  constexpr int a_moment_ms = 100;
  // What was typed before the question stood there answers something else.
  if (::isatty(STDIN_FILENO) == 1)
    ::tcflush(STDIN_FILENO, TCIFLUSH);
  std::fputs(question, stderr);
  std::fflush(stderr);
  pollfd in{STDIN_FILENO, POLLIN, 0};
  while (::poll(&in, 1, a_moment_ms) <= 0)
    if (stop.stop_requested())
      return std::nullopt;
  std::array<char, 4'096> line{};
  const auto size = ::read(STDIN_FILENO, line.data(), line.size());
  if (size <= 0)
    return std::nullopt;
  std::string_view text{line.data(), static_cast<std::size_t>(size)};
  if (text.ends_with('\n'))
    text.remove_suffix(1);
  return std::string{text};
}

} // namespace ash::cli
