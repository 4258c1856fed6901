// What permissions there are, and what would change under others: the rules, the mode and the
// writable paths that hold for a configuration, a persona or a run, and the verdicts on a stored
// run's tool calls under a changed rule set. It reads the log, asks no actor and changes nothing.
#pragma once

#include "actors/aggregates/permissions.hpp"
#include "actors/definitions/config.hpp"
#include "events/base/json.hpp"
#include "events/facts/tool_call.hpp"
#include "events/log/event_log.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ash::permissions {

/// What holds for somebody.
struct effective {
  std::string who;  ///< `config`, `persona NAME@VERSION`, or a run's role
  tool_terms terms; ///< its mode, rules (with their origin) and writable paths
};

/// Of the configuration alone; no persona has said yet which paths it writes.
effective of_config(const definitions::config& from);
/// Of a persona under the configuration.
effective of_persona(const definitions::config& from, const definitions::persona& who);
/// Of each role of a run, with the paths that were granted and taken back meanwhile. Errors:
/// `run_not_found`, and those of reading.
result<std::vector<effective>> of_run(const log::event_log& log, const run_id& run);

/// What is put in the place of a run's configuration; its personas stay.
struct change {
  std::optional<std::vector<definitions::permission_rule>> rules;
  std::optional<definitions::permission_mode> mode;
  std::string origin; ///< of the rules: a file
};

struct changed_verdict {
  tool_call_id call;
  std::string phase_key;
  std::string tool;
  std::string what; ///< the command, the path, or the arguments
  policy::permit before;
  policy::permit after;
};

struct replayed {
  std::size_t calls = 0; ///< that were judged
  std::vector<changed_verdict> changed;
};

/// Judges the tool calls of a run again, as they were asked for, once as they were and once under
/// the change. Errors: `run_not_found`, and those of reading.
result<replayed> replay(const log::event_log& log, const run_id& run, const change& under);

/// Mode, rules with their sources, and writable paths, as the API and `--json` show them.
json::object to_json(const effective& of);
/// The calls and the changed verdicts; of what each was about, at most 4 KiB.
json::object to_json(const run_id& run, const replayed& of);

/// The same for one call; none where its verdict stays.
std::optional<changed_verdict> compare(const tool_call::requested& call,
                                       const change& under,
                                       std::optional<definitions::permission_mode> persona_mode);

} // namespace ash::permissions
