// Whether everybody whom a persona's `subagents` names is there, and every tool that its `tools`
// does, told with the place in its file. Used where files are checked by hand: a run looks the
// names up itself, before it begins.
#pragma once

#include "actors/definitions/definitions.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ash::definitions {

/// A definition and the text that it was read from.
template <class T> struct with_text {
  std::string file; ///< for errors: a path, or `shipped:personas/…`
  std::string text;
  T definition;
};
using persona_file = with_text<persona>;

/// Those that a process knows, in the order of `library::load`. Errors: those of the parser,
/// `io_failed`.
result<std::vector<persona_file>> persona_files(const std::vector<std::string>& roots);

/// Errors: `persona_not_found` for a name that nobody in `known` has, listing near ones, with
/// `file`, `line`, `column` and `field`.
result<void> check_subagents(const persona_file& of, const std::vector<persona_file>& known);

/// The same of everyone in `known` who has what one of the workflow's roles requires, and of
/// everyone whom these can ask. Errors: as above.
result<void> check_subagents(const workflow& of, const std::vector<persona_file>& known);

/// Errors: `tool_unknown` for a name that no tool has, listing those there are, with `file`,
/// `line`, `column` and `field`.
result<void> check_tools(const persona_file& of);

} // namespace ash::definitions
