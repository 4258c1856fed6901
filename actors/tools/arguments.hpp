// The checked arguments of one call: every field declared, nothing unknown, nothing of another
// type. It never reads a file or interprets a value.
#pragma once

#include "events/base/tool_arguments.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace ash::tool {

enum class field_type : std::uint8_t { text, integer, flag };
enum class presence : std::uint8_t { required, optional };

struct field {
  std::string_view name;
  field_type type = field_type::text;
  presence need = presence::required;
};

class arguments {
public:
  /// Errors: `tool_arguments_invalid` naming the field that is unknown, missing or of a wrong type.
  /// An optional field may be null.
  static result<arguments> parse(std::string_view json_text, std::initializer_list<field> fields);

  [[nodiscard]] bool has(std::string_view name) const;
  /// The field's text; empty where it is absent.
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name) const;
  /// Whether the flag is present and true.
  [[nodiscard]] bool flag(std::string_view name) const;

private:
  json::object values_;
};

/// Refuses an integer outside `low`…`high`: `tool_arguments_invalid`. Gives `fallback` where
/// absent.
result<std::int64_t> integer_between(const arguments& given,
                                     std::string_view name,
                                     std::int64_t low,
                                     std::int64_t high,
                                     std::int64_t fallback);

} // namespace ash::tool
