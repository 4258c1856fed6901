#include "cli/terminal.hpp"

#include "events/base/clock.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <poll.h>
#include <sys/ioctl.h>
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

std::string padded(std::string text, std::size_t columns) {
  const auto shown = code_points(text);
  return shown < columns ? text.append(columns - shown, ' ') : text;
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

std::string fit(std::string_view text, std::size_t columns) {
  auto shown = printable(to_valid_utf8(text));
  if (code_points(shown) <= columns)
    return shown;
  std::string cut;
  std::size_t used = 0;
  for (std::size_t i = 0; i < shown.size() && used + 1 < columns;) {
    auto next = i + 1;
    while (next < shown.size() && (static_cast<unsigned char>(shown[next]) & 0xC0) == 0x80)
      ++next;
    cut.append(shown, i, next - i);
    i = next;
    ++used;
  }
  return columns == 0 ? std::string{} : cut + "…";
}

std::string render_table(const std::vector<std::string>& header,
                         const std::vector<std::vector<std::string>>& rows,
                         std::size_t width) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < header.size(); ++i) {
    auto widest = code_points(header[i]);
    for (const auto& row : rows)
      widest = std::max(widest, i < row.size() ? code_points(printable(row[i])) : 0);
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
  char text[48];
  if (seconds < 60)
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(us) / us_per_s);
  else if (seconds < 3'600)
    std::snprintf(text, sizeof text, "%ld min %ld s", seconds / 60, seconds % 60);
  else
    std::snprintf(text, sizeof text, "%ld h %ld min", seconds / 3'600, seconds / 60 % 60);
  return text;
}

std::string show_count(std::int64_t count) {
  char text[32];
  if (count < 1'000)
    std::snprintf(text, sizeof text, "%ld", count);
  else if (count < 1'000'000)
    std::snprintf(text, sizeof text, "%.1fk", static_cast<double>(count) / 1e3);
  else
    std::snprintf(text, sizeof text, "%.1fM", static_cast<double>(count) / 1e6);
  return text;
}

std::optional<std::string> answer_to(const char* question, const std::stop_token& stop) {
  constexpr int a_moment_ms = 100;
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
