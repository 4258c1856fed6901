// `login`, `logout`, `keys` and `init`: the keys of providers, and the first steps.
#include "actors/secrets/key_store.hpp"

#include "actors/shells/provider_setup.hpp"
#include "actors/shells/run_plan.hpp"
#include "cli/commands/commands.hpp"
#include "cli/commands/consent.hpp"
#include "cli/language.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <termios.h>
#include <unistd.h>

namespace ash::cli {
namespace {

secrets::key_store store_of(const settings& with) {
  return secrets::key_store{secrets::key_directory_of(with.config_file)};
}

/// Every provider and where its key is.
result<std::vector<provider::key_report>> reports_of(const settings& with) {
  TRY(const auto config, read_config(with));
  const provider::provider_registry registry{provider_options_of(config, store_of(with))};
  return registry.keys();
}

/// That `command`, which changes what is kept on this machine, may work on a provider.
result<void>
check_provider(const settings& with, const std::string& name, std::string_view command) {
  TRY(check_here(with, command));
  TRY(const auto config, read_config(with));
  const provider::provider_registry registry{provider_options_of(config, store_of(with))};
  const auto known = registry.known();
  std::string names;
  for (const auto& each : known) {
    if (each == name && name != "scripted")
      return success();
    if (each != "scripted")
      names += (names.empty() ? "" : ", ") + each;
  }
  return refuse(errc::config_invalid,
                "unknown model provider '" + printable(name) + "'; known: " + names +
                    ". Name others in the configuration's `providers`");
}

/// The terminal shows nothing of what is typed while this lives; whoever is interrupted meanwhile
/// gets it back as it was.
class no_echo {
public:
  no_echo() {
    if (::tcgetattr(STDIN_FILENO, &before()) != 0)
      return;
    struct sigaction restore {};
    restore.sa_handler = [](int signal) {
      ::tcsetattr(STDIN_FILENO, TCSANOW, &before());
      ::raise(signal); // by now as it is by default: SA_RESETHAND
    };
    restore.sa_flags = static_cast<int>(SA_RESETHAND) | SA_NODEFER;
    for (std::size_t n = 0; n < signals.size(); ++n)
      ::sigaction(signals[n], &restore, &handlers_[n]);
    auto silent = before();
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~no_echo() {
    if (!changed_)
      return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before());
    for (std::size_t n = 0; n < signals.size(); ++n)
      ::sigaction(signals[n], &handlers_[n], nullptr);
  }
  no_echo(const no_echo&) = delete;
  no_echo& operator=(const no_echo&) = delete;

private:
  static constexpr std::array signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  static termios& before() {
    static termios as_it_was{};
    return as_it_was;
  }

  std::array<struct sigaction, signals.size()> handlers_{};
  bool changed_ = false;
};

std::string ask_for_key(const std::string& provider) {
  std::string key;
  if (::isatty(STDIN_FILENO) == 1) {
    const no_echo silently; // before anybody is told to type
    std::fprintf(stderr, tr("Key of %s (it is not shown): "), provider.c_str());
    std::getline(std::cin, key);
    std::fputc('\n', stderr);
  } else {
    std::getline(std::cin, key);
  }
  const auto end = key.find_last_not_of(" \t\r");
  key.resize(end == std::string::npos ? 0 : end + 1);
  return key;
}

constexpr std::string_view first_config =
    "# actor-shell's configuration; everything here has a default. See the README.\n"
    "# budget:\n"
    "#   daily_cap: 10.00\n"
    "#   run_cap: 1.00\n"
    "# defaults:\n"
    "#   model: openrouter:deepseek/deepseek-chat\n"
    "# Keys are better kept by `actor-shell login PROVIDER` than here.\n";

/// Whether it was made.
result<bool> make_config(const std::string& path) {
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path{path}.parent_path(), failed);
  const auto file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno == EEXIST)
    return false;
  if (file < 0)
    return system_error("can't make '" + printable(path) + "'", errno);
  const auto written = ::write(file, first_config.data(), first_config.size());
  const auto problem = errno;
  ::close(file);
  if (written != static_cast<ssize_t>(first_config.size()))
    return system_error("can't write '" + printable(path) + "'", problem);
  return true;
}

/// The backends that consent is asked for: those that were named, else those that have a key.
std::vector<std::string> backends_for(const init_options& asked,
                                      const std::vector<provider::key_report>& known) {
  if (!asked.backends.empty())
    return asked.backends;
  std::vector<std::string> out;
  for (const auto& each : known)
    if (!each.place.empty())
      out.push_back(each.provider);
  return out;
}

result<std::vector<std::string>> first_consents(const settings& with,
                                                const init_options& asked,
                                                const std::vector<std::string>& backends) {
  std::vector<std::string> out;
  for (const auto& backend : backends) {
    if (!asked.yes && !agrees_to(backend))
      continue;
    TRY(change_consent_of(with, consent_change::grant, "backend " + backend));
    out.push_back(backend);
  }
  return out;
}

} // namespace

int login(const settings& with, const login_options& asked) {
  const auto fits = check_provider(with, asked.provider, "login");
  if (!fits)
    return static_cast<int>(report(with, fits.error()));
  const auto kept =
      store_of(with).keep(asked.provider,
                          ask_for_key(asked.provider),
                          asked.file ? secrets::kept_in::file : secrets::kept_in::keyring);
  if (!kept) {
    const auto code = report(with, kept.error());
    if (kept.error().code == errc::store_unavailable)
      std::fprintf(stderr,
                   tr("  --file keeps it in %s/%s, which only you can read\n"),
                   store_of(with).directory().c_str(),
                   asked.provider.c_str());
    return static_cast<int>(code);
  }
  if (with.format == answer_format::json)
    print_json(json::object{{"provider", asked.provider}, {"kept_in", kept.value()}});
  else
    std::printf(tr("the key of %s is in %s\n"), asked.provider.c_str(), kept.value().c_str());
  if (const auto known = reports_of(with))
    for (const auto& each : known.value())
      if (each.provider == asked.provider &&
          (each.place == "configuration" || each.place == "environment"))
        std::fprintf(
            stderr, tr("the %s has a key too, which comes first\n"), tr_word(each.place).c_str());
  return 0;
}

int logout(const settings& with, const std::string& provider) {
  const auto fits = check_provider(with, provider, "logout");
  if (!fits)
    return static_cast<int>(report(with, fits.error()));
  const auto removed = store_of(with).remove(provider);
  if (!removed)
    return static_cast<int>(report(with, removed.error()));
  if (with.format == answer_format::json) {
    json::array places;
    for (const auto& each : removed.value())
      places.emplace_back(each);
    print_json(json::object{{"provider", provider}, {"removed_from", std::move(places)}});
    return 0;
  }
  if (removed.value().empty())
    std::printf(tr("`login` keeps no key of %s\n"), provider.c_str());
  for (const auto& each : removed.value())
    std::printf(tr("the key of %s is removed from %s\n"), provider.c_str(), each.c_str());
  return 0;
}

int keys(const settings& with) {
  if (const auto here = check_here(with, "keys"); !here)
    return static_cast<int>(report(with, here.error()));
  const auto known = reports_of(with);
  if (!known)
    return static_cast<int>(report(with, known.error()));
  json::array shown;
  std::vector<std::vector<std::string>> rows;
  for (const auto& each : known.value()) {
    json::object row{{"provider", each.provider},
                     {"place", nullptr},
                     {"ending", nullptr},
                     {"needed", each.needed}};
    if (!each.place.empty())
      row["place"] = each.place;
    if (!each.ending.empty())
      row["ending"] = each.ending;
    if (each.problem)
      row["problem"] = each.problem->message;
    shown.push_back(std::move(row));
    const auto place = each.problem          ? each.problem->message
                       : !each.place.empty() ? tr_word(each.place)
                       : each.needed         ? tr("none: actor-shell login {}", each.provider)
                                             : std::string{tr("none, and none is needed")};
    rows.push_back({each.provider, each.ending.empty() ? "" : "…" + each.ending, place});
  }
  if (with.format == answer_format::json)
    print_json(shown);
  else
    std::fputs(
        render_table({tr("PROVIDER"), tr("KEY"), tr("WHERE")}, rows, terminal_width(stream::out))
            .c_str(),
        stdout);
  return 0;
}

int init(const settings& with, const init_options& asked) {
  if (const auto here = check_here(with, "init"); !here)
    return static_cast<int>(report(with, here.error()));
  const auto made = make_config(with.config_file);
  if (!made)
    return static_cast<int>(report(with, made.error()));
  const auto layout = data_layout::make(with.data_dir);
  if (!layout)
    return static_cast<int>(report(with, layout.error()));
  const auto known = reports_of(with);
  if (!known)
    return static_cast<int>(report(with, known.error()));
  for (const auto& each : asked.backends)
    if (const auto fits = check_provider(with, each, "init"); !fits)
      return static_cast<int>(report(with, fits.error()));
  const auto backends = backends_for(asked, known.value());
  const auto given = first_consents(with, asked, backends);
  if (!given)
    return static_cast<int>(report(with, given.error()));
  if (with.format == answer_format::json) {
    json::array consented;
    for (const auto& each : given.value())
      consented.emplace_back(each);
    print_json(json::object{{"config", with.config_file},
                            {"config_made", made.value()},
                            {"data_dir", layout.value().directory},
                            {"consented", std::move(consented)}});
    return 0;
  }
  const auto line = [](const char* name, const std::string& text) {
    constexpr std::size_t names = 14;
    std::printf("%s %s\n", padded(name, names).c_str(), text.c_str());
  };
  line(tr("configuration"), made.value() ? tr("{} (new)", with.config_file) : with.config_file);
  line(tr("data"), layout.value().directory);
  for (const auto& each : given.value())
    line(tr("consent"), tr("content of repositories may be sent to {}", each));
  if (backends.empty())
    line(tr("keys"), tr("none yet: actor-shell login PROVIDER, then init again"));
  else if (given.value().size() < backends.size())
    line(tr("consent"), tr("not given to all: actor-shell consent grant backend NAME"));
  line(tr("next"), tr("actor-shell doctor, then actor-shell demo"));
  return 0;
}

} // namespace ash::cli
