// The prompts of a workflow's phase, as pure text: what a role is asked to do, and what is asked of
// it again when its artifact was not valid. It reads no file: everything comes with the call.
#pragma once

#include "actors/definitions/artifact_schema.hpp"
#include "actors/definitions/definitions.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ash::definitions {

/// The artifact of a phase that was completed before.
struct earlier_artifact {
  std::string phase;
  std::string path;
  std::string text;
};

/// What of each earlier artifact, and of all together, is shown; the rest is named by its path.
constexpr std::size_t max_artifact_shown = 24 * 1024;
constexpr std::size_t max_artifacts_shown = 96 * 1024;

/// The user message of a phase: role, requirements, earlier artifacts, the path of the artifact,
/// what it has to be, and how to finish. Markdown; whatever was written by others stands in fences
/// that it can't close. `schema_text` is the schema of an artifact that has one.
std::string render_envelope(const workflow& of,
                            const phase& what,
                            std::string_view requirements,
                            const std::vector<earlier_artifact>& earlier,
                            std::string_view schema_text);

/// The one message that asks for a repair. With no findings: the artifact was not written at all.
std::string render_repair(const std::vector<finding>& findings,
                          const artifact& what,
                          std::string_view schema_text);

} // namespace ash::definitions
