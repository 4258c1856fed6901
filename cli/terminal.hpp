// What the terminal is like, and tables that fit it. Colours only on a terminal, and never under
// NO_COLOR.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ash::cli {

enum class stream : std::uint8_t { out, err };

bool is_terminal(stream which);
/// Columns of the terminal behind `which`; 80 where that is unknown, no limit where there is none.
std::size_t terminal_width(stream which);

/// Escape sequences, all empty where no colour is wanted.
struct text_style {
  const char* bold = "";
  const char* dim = "";
  const char* good = "";
  const char* bad = "";
  const char* busy = "";
  const char* plain = "";
};
text_style style_of(stream which);

/// The columns that valid UTF-8 `text` takes on a terminal: two for a character of Hangul or Han,
/// none for a combining one.
std::size_t columns_of(std::string_view text) noexcept;
/// `text` with spaces behind it up to `columns`.
std::string padded(std::string text, std::size_t columns);

/// `text` in at most `columns` columns, with an ellipsis where it was cut; control characters
/// shown.
std::string fit(std::string_view text, std::size_t columns);

/// A table with a header. Columns are as wide as they need to be; where all of them are wider than
/// `width`, the last gives way, then the widest.
std::string render_table(const std::vector<std::string>& header,
                         const std::vector<std::vector<std::string>>& rows,
                         std::size_t width);

/// `1.2 s`, `3 min 4 s`, `2 h 5 min`.
std::string show_duration(std::int64_t us);
/// `12`, `3.4k`, `1.2M`.
std::string show_count(std::int64_t count);
/// `512 bytes`, `3.4 MiB`, `120.0 GiB`.
std::string show_bytes(std::uint64_t bytes);

/// A line from the terminal, which gives one at a time, typed after the question; none at its end,
/// or where `stop` is requested meanwhile.
std::optional<std::string> answer_to(const char* question, const std::stop_token& stop);

} // namespace ash::cli
