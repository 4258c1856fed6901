// The schemas as data: as they follow from the described facts, and as flatc reads the .fbs files.
// Both sides of the comparison that keeps those files honest.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ash::codec::testing {

enum class type_kind : std::uint8_t { table, fixed, enumeration };

/// A field of a table or struct, or one value of an enum. Its index is its id.
struct field_model {
  std::string name;
  std::string type;     ///< as in a .fbs, names in full: `long`, `[ash.fbs.BudgetTerms]`
  std::string fallback; ///< the default as an integer; `null`; empty where there is none

  friend bool operator==(const field_model&, const field_model&) = default;
};

struct type_model {
  type_kind kind = type_kind::table;
  std::vector<field_model> fields;
  std::string fact; ///< the type text, where the table is a fact's; not part of the format

  friend bool operator==(const type_model& a, const type_model& b) {
    return a.kind == b.kind && a.fields == b.fields;
  }
};

/// By full name, for example `ash.fbs.run.Created`.
using schema_model = std::map<std::string, type_model>;

constexpr std::string_view schema_names[] = {
    "budget", "common", "log", "phase", "run", "session", "tool_call", "turn"};

/// What the facts ask for.
schema_model model_of_facts();
/// What `NAME.bfbs` in `folder` holds, for every name above.
schema_model model_of_folder(const std::string& folder);
std::string read_whole(const std::string& path);

/// The .fbs of one aggregate.
std::string schema_text(const schema_model& model, std::string_view name);

/// Everything in which `now` can't read what was written under `released`.
std::vector<std::string> breaks(const schema_model& released, const schema_model& now);

/// `ash.fbs.run.Created` for the fact with this type text.
std::string table_of(std::string_view fact_type);

} // namespace ash::codec::testing
