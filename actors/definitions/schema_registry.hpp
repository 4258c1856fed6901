// Artifact schemas by name (`dev/spec@1`): where they lie, compiled once. It belongs to whoever
// starts runs; it never fetches anything from elsewhere.
#pragma once

#include "actors/definitions/artifact_schema.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace ash::definitions {

/// Finds `NAMESPACE/NAME@VERSION` as `artifacts/NAMESPACE/NAME@VERSION.json` beneath its roots,
/// then among the files built into the binary. Thread-safe.
class schema_registry {
public:
  /// `roots`: directories that may hold `artifacts/`, in order; ones that do not exist are skipped.
  explicit schema_registry(std::vector<std::string> roots = {}) : roots_(std::move(roots)) {}

  /// Errors: `schema_not_found` listing the known ones, `definition_conflict` where two places hold
  /// different contents under one name, and those of `artifact_schema::compile`.
  result<std::shared_ptr<const artifact_schema>> find(std::string_view name);

  /// The names of all schemas, sorted.
  [[nodiscard]] std::vector<std::string> names() const;

private:
  std::vector<std::string> roots_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const artifact_schema>, std::less<>> compiled_;
};

} // namespace ash::definitions
