// Places where a test can kill the process. Each has a name that the binary lists; unless armed
// through the environment one costs a load and a branch.
//   ACTOR_SHELL_FAIL_AT=NAME:N     SIGKILL at the N-th passage (from 1) of NAME
//   ACTOR_SHELL_FAIL_COUNT=FILE    append `NAME` to FILE, a line a passage
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ash {

// clang-format off
#define ASH_FAIL_POINTS(row)                                                                       \
  row(append_before_write, "log.append.before_write")                                              \
      row(append_before_sync, "log.append.before_sync")                                            \
          row(append_after_sync, "log.append.after_sync") row(model_before, "effect.model.before") \
              row(model_after, "effect.model.after") row(tool_before, "effect.tool.before")        \
                  row(tool_after, "effect.tool.after")                                             \
                      row(workspace_before, "effect.workspace.before")                             \
                          row(workspace_after, "effect.workspace.after")                           \
                              row(artifact_before, "effect.artifact.before")                       \
                                  row(artifact_after, "effect.artifact.after")                     \
                                      row(report_before, "effect.report.before")                   \
                                          row(report_after, "effect.report.after")                 \
                                              row(budget_before, "effect.budget.before")           \
                                                  row(budget_after, "effect.budget.after")
// clang-format on

enum class fail_point : std::uint8_t {
#define ASH_ROW(name, text) name,
  ASH_FAIL_POINTS(ASH_ROW)
#undef ASH_ROW
};

std::string_view to_string(fail_point point) noexcept;
std::vector<std::string_view> fail_point_names();

namespace detail {
extern std::atomic<bool> fail_points_armed;
void pass_armed(fail_point point);
} // namespace detail

/// Passes a fail point: does nothing, unless the environment armed it.
inline void pass(fail_point point) {
  if (detail::fail_points_armed.load(std::memory_order_relaxed)) [[unlikely]]
    detail::pass_armed(point);
}

} // namespace ash
