// JSON Schema 2020-12 for artifacts: compiled once, then applied to what a model wrote. It belongs
// to the schema registry. A schema is refused at load where it can't be applied exactly; an
// instance is never refused as a whole: everything wrong with it is a finding.
#pragma once

#include "events/base/json.hpp"
#include "events/base/result.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ash::definitions {

/// One thing that is wrong with an instance.
struct finding {
  std::string path;    ///< JSON pointer into the instance; empty is the whole
  std::string keyword; ///< of the schema, for example `required`; `json` where the text is none
  std::string message;

  friend bool operator==(const finding&, const finding&) = default;
};

constexpr std::size_t max_findings = 50;
constexpr std::size_t max_artifact_bytes = std::size_t{1} << 20;
constexpr std::size_t max_artifact_depth = 64;

/// A compiled schema. Immutable and thread-safe.
///
/// Beyond the schema, an instance has bounds that keep the check exact and cheap: 1 MiB, 64 levels,
/// integers within ±2^53, no NUL in strings, keys up to 1024 bytes, strings under `pattern` up to
/// 512 characters, arrays up to 2000 items where the schema has `uniqueItems`, no U+2028 and U+2029
/// where it has a pattern with a dot. Beyond is a finding.
class artifact_schema {
public:
  virtual ~artifact_schema() = default;

  /// Compiles a schema. `what` names it in errors. Errors: `schema_unsupported` naming the keyword
  /// and its JSON pointer (details `keyword`, `pointer`), `definition_invalid` for what is no
  /// schema.
  static result<std::shared_ptr<const artifact_schema>> compile(std::string_view text,
                                                                std::string_view what);

  /// The schema as it was given, for prompts.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// SHA-256 of the canonical JSON.
  [[nodiscard]] const std::string& hash() const noexcept { return hash_; }

  /// Everything that is wrong with `instance` (JSON text), at most `max_findings`. Empty: it is
  /// valid.
  [[nodiscard]] virtual std::vector<finding> validate(std::string_view instance) const = 0;

protected:
  artifact_schema(std::string text, std::string hash)
      : text_(std::move(text)), hash_(std::move(hash)) {}

private:
  std::string text_;
  std::string hash_;
};

} // namespace ash::definitions
