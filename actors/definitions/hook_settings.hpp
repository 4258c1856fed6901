// What a configuration says about hooks, as plain values, and how that is read. What they are run
// for, and what their exit codes mean, stands in docs/hooks.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ash::yaml {
class object_reader;
}

namespace ash::definitions {

enum class hook_event : std::uint8_t {
  pre_tool,
  post_tool,
  run_start,
  run_end,
  phase_end,
  approval_requested,
  budget_warned,
};

struct hook_setting {
  hook_event on = hook_event::pre_tool;
  std::string match;   ///< a glob over the tool's name; empty: every tool
  std::string command; ///< for `/bin/sh -c`; a list of words is quoted
  std::int64_t time_limit_s = 10;

  friend bool operator==(const hook_setting&, const hook_setting&) = default;
};

/// The list under `hooks`; none where it is absent.
std::vector<hook_setting> read_hooks(yaml::object_reader& top);

} // namespace ash::definitions
