// All personas and workflow templates that a process knows: from directories and from the binary.
// It belongs to whoever starts runs; a run that has started keeps its own copy and never asks
// again.
#pragma once

#include "actors/definitions/definitions.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ash::definitions {

/// Immutable after `load`.
class library {
public:
  /// Reads `ROOT/personas/*.yaml` and `ROOT/workflows/*.yaml` of every root (ones that do not exist
  /// are skipped), then the shipped ones. Errors: those of the parsers (with file, line, column,
  /// field), `definition_conflict` where two files give one name@version different contents,
  /// `io_failed`.
  static result<library> load(const std::vector<std::string>& roots);
  /// Another text wherever `load` would read something else by now. Errors: `io_failed`.
  static result<std::string> stamp(const std::vector<std::string>& roots);

  /// By `name@version`, by `name` (the newest), or by the path of a YAML file (anything with a `/`
  /// or ending in `.yaml`). Errors: `template_not_found` listing near names, and those of the
  /// parser.
  [[nodiscard]] result<workflow> find_workflow(std::string_view wanted) const;
  /// By `name@version` or `name` (the newest). Errors: `persona_not_found` listing near names.
  [[nodiscard]] result<persona> find_persona(std::string_view wanted) const;

  /// Sorted by name, then version.
  [[nodiscard]] const std::vector<persona>& personas() const noexcept { return personas_; }
  [[nodiscard]] const std::vector<workflow>& workflows() const noexcept { return workflows_; }

private:
  std::vector<persona> personas_;
  std::vector<workflow> workflows_;
};

} // namespace ash::definitions
