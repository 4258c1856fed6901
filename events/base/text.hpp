// Text that came from outside: UTF-8 checks, repair and cutting at code points; glob matching.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ash {

bool is_valid_utf8(std::string_view bytes) noexcept;
/// `bytes` with every invalid sequence replaced by U+FFFD, so that it is valid UTF-8.
std::string to_valid_utf8(std::string_view bytes);
/// The longest prefix of valid UTF-8 `text` that has at most `max_bytes` and ends at a code point.
std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes) noexcept;
/// The number of code points of valid UTF-8 `text`.
std::size_t code_points(std::string_view text) noexcept;
/// `text` with control characters (and DEL) shown as `\n`, `\t` or `\xNN`: safe for a terminal
/// line.
std::string printable(std::string_view text);

enum class glob_case : unsigned char { sensitive, insensitive };
/// Whether `path` matches `pattern`: `?` one character, `*` any run within one directory, `**` any
/// run across directories (`**/` also matches nothing). Dotfiles are ordinary names. ASCII case
/// only.
bool glob_match(std::string_view pattern,
                std::string_view path,
                glob_case folding = glob_case::sensitive) noexcept;

} // namespace ash
