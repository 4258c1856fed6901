// Whether a tool call that the policy does not forbid may run as it is, has to be asked about, or
// is denied: permission rules, the mode, and the paths that may be written. Pure. What each mode
// means stands in docs/permissions.md; a test goes through the whole table.
#pragma once

#include "events/base/error.hpp"
#include "events/facts/common.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ash::policy {

/// One call, as it is judged. `arguments` is JSON text that `judge` has read already.
struct permission_request {
  std::string_view tool;
  std::string_view arguments;
  effect_class effect = effect_class::write;
  std::string_view worktree; ///< absolute path
};

struct permit {
  permission_verdict verdict = permission_verdict::allow;
  errc code = errc::permission_denied; ///< of a denial
  std::string rule;     ///< what decided: a rule with its origin, the mode, a path; empty: nothing
  std::string message;  ///< for the model and for a person
  bool outside = false; ///< asked because the path lies outside of what may be written
};

/// The origin of a rule of a sub-agent's persona begins so.
constexpr std::string_view of_subagent = "sub-agent ";

/// The first of these decides: plan mode (for a call that changes something), a path that is taken
/// back, the first rule that matches, then the mode and the writable paths. The rules of each
/// sub-agent are looked through by themselves and only ever narrow: of what they, and those of
/// whoever asked, come to, the strictest holds, and an `allow` of theirs is none.
permit permit_call(const tool_terms& terms, const permission_request& call);

/// Whether a path relative to the worktree may be written. The paths are an ordered list of globs:
/// the last that matches decides, and one that begins with `!` takes away. An empty list: all.
enum class writable : std::uint8_t { yes, no, taken_back };
writable is_writable(std::span<const std::string> paths, std::string_view path);

/// A path that was granted (`yes`) or taken back while the work went on.
struct path_change {
  writable what = writable::yes;
  std::string path; ///< a glob relative to the worktree

  friend bool operator==(const path_change&, const path_change&) = default;
};
/// The paths after the changes, in the order in which they were made.
std::vector<std::string> with_changes(std::vector<std::string> paths,
                                      std::span<const path_change> changes);

/// Whether a rule matches. A pattern over a command holds for each command that its text is made
/// of: a rule that allows has to match all of them, without substitutions and redirections; one
/// that asks or denies, any.
bool matches(const permission_rule& rule, const permission_request& call);

/// `allow`, `ask` or `deny`.
std::string_view to_string(permission_verdict verdict);

/// For a person: `deny run_command 'git push*' (config)`.
std::string describe(const permission_rule& rule);

} // namespace ash::policy
