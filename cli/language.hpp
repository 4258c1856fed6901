// The language in which people are spoken to: English, or a translation from gettext's catalogue.
// What programs read (JSON, the log, the API, error codes) is never translated: a command that
// answers in JSON speaks English.
#pragma once

#include "events/base/error.hpp"
#include "events/base/result.hpp"

#include <cstdint>
#include <fmt/core.h>
#include <string>
#include <string_view>
#include <utility>

namespace ash::cli {

enum class language : std::uint8_t { english, korean };

/// What $ACTOR_SHELL_LANG names, else Korean where the first of $LC_ALL, $LC_MESSAGES and $LANG
/// that is set is a Korean one, else English. Errors: `argument_invalid` for a language not known.
result<language> wanted_language();

/// From now on. Changes the environment, so it is called before there are threads.
void speak(language which);
language spoken() noexcept;

/// `text`, a literal that xgettext finds, in the language that is spoken.
[[gnu::format_arg(1)]] const char* tr(const char* text);

/// Marks a literal for xgettext; it is translated later, where it is shown.
constexpr const char* msg(const char* text) noexcept {
  return text;
}

/// The translation of `text` with its `{}` filled in; the translation may change their order.
std::string filled(const char* text, fmt::format_args values);

template <class First, class... Rest>
std::string tr(fmt::format_string<First, Rest...> text, First&& first, Rest&&... rest) {
  return filled(fmt::string_view{text}.data(), fmt::make_format_args(first, rest...));
}

/// A state, a verdict or another word that is known to programs, as people are shown it; a word
/// that nobody has translated is shown as it is.
std::string tr_word(std::string_view word);

/// What an error's code means, in one line.
const char* meaning_of(errc code) noexcept;

} // namespace ash::cli
