#include "cli/language.hpp"

#include "events/base/text.hpp"

#include <array>
#include <clocale>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <libintl.h>

namespace ash::cli {
namespace {

constexpr const char* domain = "actor-shell";

/// Ours alone: the process stays in the C locale, so that numbers are written as programs read
/// them, and what the C library says of errors, which is recorded, stays English.
locale_t messages = nullptr;

/// Beside the binary: `bin/actor-shell` and `share/locale`.
std::string catalogues() {
  std::error_code failed;
  const auto binary = std::filesystem::read_symlink("/proc/self/exe", failed);
  return (binary.parent_path().parent_path() / "share" / "locale").string();
}

/// Any locale of UTF-8 will do, since LANGUAGE says which catalogue is read; in the plain C locale
/// gettext reads none. Newer C libraries treat C.UTF-8 like that, so it comes last.
locale_t a_locale() {
  for (const auto* name : {"ko_KR.UTF-8", "en_US.UTF-8", "C.UTF-8"})
    if (auto* made = ::newlocale(LC_MESSAGES_MASK, name, nullptr); made != nullptr)
      return made;
  return nullptr;
}

std::string variable(const char* name) {
  const auto* set = std::getenv(name);
  return set != nullptr ? set : "";
}

// What programs know by these words, and tables show: states, kinds and verdicts.
constexpr std::array words{// of runs, phases and calls
                           msg("aborted"),
                           msg("active"),
                           msg("allow"),
                           msg("ask"),
                           msg("awaiting_approval"),
                           msg("cancelled"),
                           msg("completed"),
                           msg("denied"),
                           msg("deny"),
                           msg("ended"),
                           msg("executing"),
                           msg("failed"),
                           msg("in_doubt"),
                           msg("interrupted"),
                           msg("left out"),
                           msg("lost"),
                           msg("not_begun"),
                           msg("pending"),
                           msg("refused"),
                           msg("requested"),
                           msg("reviewing"),
                           msg("running"),
                           msg("skipped"),
                           msg("started"),
                           msg("starting"),
                           msg("unreadable"),
                           msg("validating"),
                           msg("waiting"),
                           // of approvals
                           msg("approved"),
                           msg("changes_requested"),
                           msg("rejected"),
                           msg("artifact"),
                           msg("budget"),
                           msg("plan"),
                           msg("tool"),
                           // of budgets
                           msg("block"),
                           msg("closed"),
                           msg("exhausted"),
                           msg("open"),
                           msg("prompt"),
                           msg("warn_continue"),
                           msg("warned"),
                           // of prices and keys
                           msg("config"),
                           msg("configuration"),
                           msg("environment"),
                           msg("fetched"),
                           msg("shipped")};

} // namespace

result<language> wanted_language() {
  const auto asked = variable("ACTOR_SHELL_LANG");
  if (asked == "en")
    return language::english;
  if (asked == "ko")
    return language::korean;
  if (!asked.empty())
    return refuse(errc::argument_invalid,
                  "ACTOR_SHELL_LANG is '" + printable(to_valid_utf8(asked)) +
                      "', and the known languages are: en, ko");
  for (const auto* name : {"LC_ALL", "LC_MESSAGES", "LANG"})
    if (const auto locale = variable(name); !locale.empty())
      return locale.substr(0, locale.find_first_of("_.@")) == "ko" ? language::korean
                                                                   : language::english;
  return language::english;
}

void speak(language which) {
  if (which == language::english) {
    messages = nullptr;
    return;
  }
  ::setenv("LANGUAGE", "ko", 1);
  static const auto made = [] {
    ::bindtextdomain(domain, catalogues().c_str());
    ::bind_textdomain_codeset(domain, "UTF-8");
    return a_locale();
  }();
  messages = made;
}

language spoken() noexcept {
  return messages == nullptr ? language::english : language::korean;
}

const char* tr(const char* text) {
  if (messages == nullptr || *text == '\0') // whose translation would be the catalogue's header
    return text;
  const auto before = ::uselocale(messages);
  const auto* found = ::dgettext(domain, text);
  ::uselocale(before);
  return found;
}

std::string filled(const char* text, fmt::format_args values) {
  try {
    return fmt::vformat(tr(text), values);
  } catch (const fmt::format_error&) { // a catalogue of another build; the original does fit
    return fmt::vformat(text, values);
  }
}

std::string tr_word(std::string_view word) {
  for (const auto* known : words)
    if (word == known)
      return tr(known);
  return std::string{word};
}

} // namespace ash::cli
