// What every command needs: where the data is, how to answer, and how an error becomes an exit
// code. The answer goes to stdout, everything else to stderr.
#pragma once

#include "actors/definitions/config.hpp"
#include "events/base/json.hpp"
#include "events/base/result.hpp"
#include "events/log/event_log.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ash::cli {

/// Exit codes of the process; documented in the README and in `--help`.
enum class exit_code : int {
  done = 0,
  failed = 1,  ///< an internal error, or a run that failed by itself
  invalid = 2, ///< the command line or its input is wrong
  not_found = 3,
  conflict = 4,
  human_required = 5, ///< nothing goes on until a person decides or mends something
  limit = 6,          ///< a budget or another limit was reached
  retryable = 7,      ///< the same command may succeed later
  aborted = 8,        ///< the run was aborted
  interrupted = 130,  ///< stopped by SIGINT or SIGTERM; the run can be resumed
};

exit_code exit_code_of(const error& why);

enum class answer_format : std::uint8_t { text, json };

/// The options that stand before any command.
struct settings {
  std::string data_dir;
  std::string config_file;
  bool names_config = false; ///< by its option or its variable: then the file has to be there
  std::vector<std::string> definition_dirs;
  std::string server;     ///< URL; empty: the one that holds the data directory, if any
  std::string token_file; ///< of that server; empty: the data directory's
  std::string server_ca;  ///< PEM of its authority; empty: the system's
  answer_format format = answer_format::text;
};

/// `--data-dir` as it is, else $XDG_DATA_HOME/actor-shell, else ~/.local/share/actor-shell.
std::string default_data_dir();
/// $XDG_CONFIG_HOME/actor-shell/config.yaml, else ~/.config/actor-shell/config.yaml.
std::string default_config_file();

/// The folders of the user's own personas, workflows and artifact schemas: those that are named,
/// then `definitions` beside the configuration.
std::vector<std::string> own_definitions(const settings& with);
/// The same, and the data directory's.
std::vector<std::string> definition_roots(const settings& with);

/// Who sits here, for the record: the user's name.
std::string user_name();

/// Prints the error on stderr (and as an object on stdout with `--json`) and gives its exit code.
exit_code report(const settings& with, const error& why);

/// Prints one JSON text and a newline on stdout.
void print_json(const json::value& value);

/// Refuses a command that works on this machine's own files where `--server` names a server.
/// Errors: `argument_invalid`.
result<void> check_here(const settings& with, std::string_view command);

/// Errors: those of the configuration's loader; `file_not_found` where `--config` or its variable
/// named one that is not there, for its rules and caps would silently not hold; `config_invalid`
/// where it has settings for a provider that is neither built in nor anywhere to be reached.
result<definitions::config> read_config(const settings& with);

/// Opens the log for reading, also beside a process that writes it. Errors: `file_not_found` where
/// there is no log yet, and those of opening.
result<std::unique_ptr<log::event_log>> open_reader(const settings& with);

/// A run by its id or prefix. Errors: those of `inspect::resolve_id`.
result<run_id> resolve_run(const log::event_log& log, std::string_view text);

} // namespace ash::cli
