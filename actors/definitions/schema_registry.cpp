#include "actors/definitions/schema_registry.hpp"

#include "actors/definitions/definition_files.hpp"
#include "actors/definitions/definitions.hpp"
#include "events/base/text.hpp"

#include <set>

namespace ash::definitions {
namespace {

constexpr std::string_view folder = "artifacts";
constexpr std::string_view schema_extension = ".json";

/// `dev/spec@1` of `…/artifacts/dev/spec@1.json`.
std::string name_of(std::string_view file) {
  const auto at = file.rfind("artifacts/");
  const auto from = at == std::string_view::npos ? 0 : at + folder.size() + 1;
  return std::string{file.substr(from, file.size() - from - schema_extension.size())};
}

bool is_schema_name(std::string_view name) {
  const auto slash = name.find('/');
  if (slash == std::string_view::npos || !is_name(name.substr(0, slash)))
    return false;
  const auto versioned = parse_reference(name.substr(slash + 1));
  return versioned && versioned.value().version;
}

} // namespace

std::vector<std::string> schema_registry::names() const {
  std::set<std::string> names;
  if (const auto files = files_of(roots_, folder, schema_extension))
    for (const auto& file : files.value())
      names.insert(name_of(file.name));
  return {names.begin(), names.end()};
}

result<std::shared_ptr<const artifact_schema>> schema_registry::find(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (const auto found = compiled_.find(name); found != compiled_.end())
    return found->second;
  std::shared_ptr<const artifact_schema> chosen;
  std::string chosen_file;
  if (is_schema_name(name)) {
    TRY(auto files, files_of(roots_, folder, schema_extension));
    for (const auto& file : files) {
      if (name_of(file.name) != name)
        continue;
      TRY(auto compiled, artifact_schema::compile(file.text, file.name));
      if (chosen && chosen->hash() != compiled->hash())
        return refuse(errc::definition_conflict,
                      "the schema '" + std::string{name} + "' has different contents in '" +
                          chosen_file + "' and '" + file.name + "': give one a new version")
            .with("first", chosen_file)
            .with("second", file.name);
      if (!chosen) {
        chosen = std::move(compiled);
        chosen_file = file.name;
      }
    }
  }
  if (!chosen)
    return refuse(errc::schema_not_found,
                  "there is no artifact schema '" + printable(to_valid_utf8(name.substr(0, 100))) +
                      "'; the nearest are " + near_names(name, names()));
  compiled_.emplace(std::string{name}, chosen);
  return chosen;
}

} // namespace ash::definitions
