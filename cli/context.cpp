#include "cli/context.hpp"

#include "actors/shells/inspect.hpp"
#include "actors/shells/provider_setup.hpp"
#include "actors/shells/run_plan.hpp"
#include "cli/language.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"
#include "events/log/rocksdb_log.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <pwd.h>
#include <unistd.h>

namespace ash::cli {
namespace {

/// A directory of the XDG base directory specification: relative values of the variable do not
/// count.
std::string xdg(const char* variable, const char* beneath_home) {
  if (const auto* set = std::getenv(variable); set != nullptr && set[0] == '/')
    return set;
  const auto* home = std::getenv("HOME");
  return std::string{home != nullptr && home[0] != '\0' ? home : "/root"} + beneath_home;
}

json::object error_json(const error& why) {
  json::object details;
  for (const auto& [key, value] : why.details)
    details[key] = value;
  return {{"error",
           {{"code", to_string(why.code)},
            {"class", to_string(class_of(why.code))},
            {"message", why.message},
            {"details", std::move(details)}}}};
}

/// A slip in a built-in provider's name makes another provider, of which nothing can be asked: its
/// settings would hold for nobody.
result<void> check_providers(const settings& with, const definitions::config& of) {
  if (of.providers.empty())
    return success();
  const secrets::key_store keys{secrets::key_directory_of(with.config_file)};
  const provider::provider_registry registry{provider_options_of(of, keys)};
  for (const auto& [name, each] : of.providers) {
    TRY(const auto url, registry.base_url(name));
    if (!url.empty())
      continue;
    std::string built_in;
    for (const auto& known : sending_providers(provider::provider_registry{}))
      built_in += (built_in.empty() ? "" : ", ") + known;
    return refuse(errc::config_invalid,
                  printable(to_valid_utf8(with.config_file)) + ": field 'providers." + name +
                      "': is not built in (" + built_in + "): one of your own needs its 'base_url'")
        .with("file", with.config_file)
        .with("field", "providers." + name);
  }
  return success();
}

/// The particulars are in English, so whoever reads another language is told before what the code
/// means.
std::string told(const error& why) {
  if (spoken() == language::english)
    return why.message;
  return std::string{meaning_of(why.code)} + ": " + why.message;
}

} // namespace

exit_code exit_code_of(const error& why) {
  switch (class_of(why.code)) {
  case error_class::invalid:
    return exit_code::invalid;
  case error_class::not_found:
    return exit_code::not_found;
  case error_class::conflict:
    return exit_code::conflict;
  case error_class::human_required:
    return exit_code::human_required;
  case error_class::limit:
    return exit_code::limit;
  case error_class::retryable:
    return exit_code::retryable;
  case error_class::internal:
    return exit_code::failed;
  }
  return exit_code::failed;
}

std::string default_data_dir() {
  return xdg("XDG_DATA_HOME", "/.local/share") + "/actor-shell";
}

std::string default_config_file() {
  return xdg("XDG_CONFIG_HOME", "/.config") + "/actor-shell/config.yaml";
}

std::vector<std::string> own_definitions(const settings& with) {
  auto out = with.definition_dirs;
  out.push_back((std::filesystem::path{with.config_file}.parent_path() / "definitions").string());
  return out;
}

std::vector<std::string> definition_roots(const settings& with) {
  auto out = own_definitions(with);
  out.push_back(data_layout{with.data_dir}.definitions());
  return out;
}

std::string user_name() {
  const auto* entry = getpwuid(getuid());
  return entry != nullptr ? entry->pw_name : "uid:" + std::to_string(getuid());
}

exit_code report(const settings& with, const error& why) {
  const auto style = style_of(stream::err);
  std::fprintf(stderr,
               "%sactor-shell: %s%s: %s\n",
               style.bad,
               std::string{to_string(why.code)}.c_str(),
               style.plain,
               told(why).c_str());
  for (const auto& [key, value] : why.details)
    std::fprintf(stderr, "  %s: %s\n", key.c_str(), value.c_str());
  if (why.code == errc::log_locked)
    std::fputs(tr("  wait until it has ended; several commands at once work under one server: "
                  "start `actor-shell serve`, which they find, or name one with --server\n"),
               stderr);
  if (with.format == answer_format::json)
    print_json(error_json(why));
  return exit_code_of(why);
}

void print_json(const json::value& value) {
  std::printf("%s\n", to_json_text(value).c_str());
  std::fflush(stdout);
}

result<void> check_here(const settings& with, std::string_view command) {
  if (with.server.empty())
    return success();
  return refuse(errc::argument_invalid,
                "`" + std::string{command} +
                    "` works on the files of the machine where it runs: give it on the server's, "
                    "without --server");
}

result<definitions::config> read_config(const settings& with) {
  std::error_code ec;
  if (with.names_config && !std::filesystem::exists(with.config_file, ec))
    return refuse(errc::file_not_found,
                  "there is no configuration '" + printable(with.config_file) +
                      "': name another with --config or ACTOR_SHELL_CONFIG, or make this one with "
                      "`actor-shell init`")
        .with("file", with.config_file);
  TRY(auto read, definitions::load_config(with.config_file));
  TRY(check_providers(with, read));
  return read;
}

result<std::unique_ptr<log::event_log>> open_reader(const settings& with) {
  log::open_options options;
  options.directory = data_layout{with.data_dir}.log();
  options.mode = log::open_mode::reader;
  return log::open_rocksdb_log(std::move(options));
}

result<run_id> resolve_run(const log::event_log& log, std::string_view text) {
  if (text.starts_with("run/"))
    text.remove_prefix(4);
  TRY(const auto stream, inspect::resolve_id(log, entity_kind::run, text));
  TRY(const auto id, parse_uuid(stream.key()));
  return run_id{id};
}

} // namespace ash::cli
