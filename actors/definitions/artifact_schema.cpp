#include "actors/definitions/artifact_schema.hpp"

#include "actors/definitions/schema_lowering.hpp"
#include "events/base/hash.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace ash::definitions {
namespace {

constexpr std::size_t max_values = 100'000;
constexpr std::size_t max_unique_items = 2'000;
constexpr std::size_t max_shown_part = 80;

/// What valijson says, by its beginning; `shows_value` adds what was found to the message. A
/// wrapper only repeats that something beneath it failed.
struct phrase {
  std::string_view beginning;
  std::string_view keyword;
  std::string_view message = {}; ///< empty: valijson's own
  enum class detail : std::uint8_t { none, shows_value, wrapper } what = detail::none;
};
using enum phrase::detail;

constexpr std::array phrases{
    phrase{"Failed to validate against child schema #0.", "false", "this is not allowed here"},
    phrase{"Failed to validate against child schema #1.",
           "propertyNames",
           "the name of a property is not allowed"},
    phrase{"Failed to validate against child schema", "allOf", {}, wrapper},
    phrase{"Failed to validate against a conditional schema", "if", {}, wrapper},
    phrase{"Failed to validate against additional properties", "additionalProperties", {}, wrapper},
    phrase{"Failed to validate against schema associated with property", "properties", {}, wrapper},
    phrase{"Failed to validate against schema associated with pattern",
           "patternProperties",
           {},
           wrapper},
    phrase{"Failed to validate against dependent schema", "dependentSchemas", {}, wrapper},
    phrase{"Failed to validate item #", "items", {}, wrapper},
    phrase{"Failed to validate against any schemas allowed by anyOf",
           "anyOf",
           "matches none of the schemas of 'anyOf'"},
    phrase{"Failed to validate against any child schemas",
           "oneOf",
           "matches none of the schemas of 'oneOf'"},
    phrase{"Failed to validate against exactly one",
           "oneOf",
           "matches more than one of the schemas of 'oneOf'"},
    phrase{"Failed to match expected value",
           "const",
           "is not the one value that is allowed",
           shows_value},
    phrase{"Failed to match against any enum",
           "enum",
           "is none of the values that are allowed",
           shows_value},
    phrase{"Failed to match regex", "pattern", "does not match the pattern", shows_value},
    phrase{"Failed to any values", "contains", "no item matches the schema of 'contains'"},
    phrase{"Target should not validate", "not", "matches the schema of 'not'"},
    phrase{"Value type not permitted", "type", "has the wrong type", shows_value},
    phrase{"Missing required property", "required"},
    phrase{"Missing dependency", "dependentRequired"},
    phrase{"Elements at indexes", "uniqueItems"},
    phrase{"Value should be a multiple", "multipleOf", {}, shows_value},
    phrase{"Value could not be converted", "multipleOf"},
    phrase{"Expected number less than or equal", "maximum", {}, shows_value},
    phrase{"Expected number less than", "exclusiveMaximum", {}, shows_value},
    phrase{"Expected number greater than or equal", "minimum", {}, shows_value},
    phrase{"Expected number greater than", "exclusiveMinimum", {}, shows_value},
    phrase{"Array should contain no more", "maxItems"},
    phrase{"Array should contain no fewer", "minItems"},
    phrase{"String should be no more", "maxLength"},
    phrase{"String should be no fewer", "minLength"},
    phrase{"Object should have no more", "maxProperties"},
    phrase{"Object should have no fewer", "minProperties"},
};

std::string pointer_of(const std::vector<std::string>& context) {
  std::string out;
  for (std::size_t i = 1; i < context.size(); ++i) // the first is "<root>", the others "[step]"
    out += pointer_step(std::string_view{context[i]}.substr(1, context[i].size() - 2));
  return out;
}

std::string shown(const json::value& root, const std::string& pointer) {
  json::error_code ec;
  const auto* found = pointer.empty() ? &root : root.find_pointer(pointer, ec);
  if (!found)
    return {};
  if (found->is_object())
    return ": it is an object";
  if (found->is_array())
    return ": it is an array";
  const auto text = to_json_text(*found);
  const auto cut = utf8_prefix(text, max_shown_part);
  return ": it is " + printable(cut) + (cut.size() < text.size() ? "…" : "");
}

finding to_finding(const valijson::ValidationResults::Error& from,
                   const phrase* known,
                   const json::value& instance) {
  finding out{pointer_of(from.context), known ? std::string{known->keyword} : "schema", {}};
  out.message = known && !known->message.empty() ? std::string{known->message} : from.description;
  if (out.message.ends_with('.'))
    out.message.pop_back();
  if (known && known->what == shows_value)
    out.message += shown(instance, out.path);
  return out;
}

std::vector<finding> findings_of(valijson::ValidationResults& results,
                                 const json::value& instance) {
  std::vector<finding> out;
  std::optional<finding> wrapper_only;
  valijson::ValidationResults::Error each;
  while (out.size() < max_findings && results.popError(each)) {
    const auto known = std::find_if(phrases.begin(), phrases.end(), [&](const phrase& one) {
      return std::string_view{each.description}.starts_with(one.beginning);
    });
    const auto* said = known == phrases.end() ? nullptr : &*known;
    auto next = to_finding(each, said, instance);
    if (said && said->what == wrapper)
      wrapper_only = std::move(next);
    else if (std::find(out.begin(), out.end(), next) == out.end())
      out.push_back(std::move(next));
  }
  if (out.empty())
    out.push_back(wrapper_only.value_or(finding{"", "schema", "does not match the schema"}));
  return out;
}

/// U+2028 or U+2029, which end a line for a regular expression, but not in bytes.
bool has_line_end(std::string_view text) {
  return text.find("\xe2\x80\xa8") != std::string_view::npos ||
         text.find("\xe2\x80\xa9") != std::string_view::npos;
}

struct measured {
  std::size_t values = 0;
  std::size_t longest = 0; ///< items of an array
  bool has_line_ends = false;
};

void measure(const json::value& value, measured& sum) {
  ++sum.values;
  if (const auto* object = value.if_object()) {
    for (const auto& pair : *object) {
      sum.has_line_ends |= has_line_end(pair.key());
      measure(pair.value(), sum);
    }
  } else if (const auto* array = value.if_array()) {
    sum.longest = std::max(sum.longest, array->size());
    for (const auto& item : *array)
      measure(item, sum);
  } else if (const auto* text = value.if_string()) {
    sum.has_line_ends |= has_line_end(*text);
  }
}

class valijson_schema final : public artifact_schema {
public:
  /// Throws what valijson throws.
  valijson_schema(std::string text, std::string hash, const lowered_schema& from)
      : artifact_schema(std::move(text), std::move(hash)), has_unique_items_(from.has_unique_items),
        has_dots_(from.has_dots) {
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(valijson::adapters::BoostJsonAdapter(from.draft7), schema_);
  }

  [[nodiscard]] std::vector<finding> validate(std::string_view instance) const override {
    auto parsed = parse_json(instance, "the artifact", {max_artifact_bytes, max_artifact_depth});
    if (!parsed)
      return {{"", "json", std::move(parsed).error().message}};
    auto value = std::move(parsed).value();
    if (auto problem = make_exact(value))
      return {{problem->pointer, "json", problem->reason}};
    measured of;
    measure(value, of);
    if (of.values > max_values)
      return {{"", "json", "has more than 100000 values"}};
    if (has_unique_items_ && of.longest > max_unique_items)
      return {{"", "uniqueItems", "has an array of more than 2000 items"}};
    if (has_dots_ && of.has_line_ends)
      return {{"", "json", "has the character U+2028 or U+2029 where a pattern has a '.'"}};
    try {
      valijson::Validator validator(valijson::Validator::kStrongTypes);
      valijson::ValidationResults results;
      if (validator.validate(schema_, valijson::adapters::BoostJsonAdapter(value), &results))
        return {};
      return findings_of(results, value);
    } catch (const std::exception& failure) {
      return {{"", "schema", std::string{"could not be checked: "} + failure.what()}};
    }
  }

private:
  valijson::Schema schema_;
  bool has_unique_items_;
  bool has_dots_;
};

} // namespace

result<std::shared_ptr<const artifact_schema>> artifact_schema::compile(std::string_view text,
                                                                        std::string_view what) {
  const auto named = [&](error e) {
    e.message = std::string{what} + ": " + e.message;
    return std::move(e).with("schema", std::string{what});
  };
  auto parsed = parse_json(text, what, {max_artifact_bytes, max_artifact_depth});
  if (!parsed)
    return refuse(errc::definition_invalid, std::move(parsed).error().message);
  auto value = std::move(parsed).value();
  auto hash = sha256_hex(canonical_json(value));
  if (const auto problem = make_exact(value))
    return named(refuse(errc::schema_unsupported, "'#" + problem->pointer + "' " + problem->reason)
                     .with("pointer", problem->pointer));
  auto lowered = lower_schema(value);
  if (!lowered)
    return named(std::move(lowered).error());
  try {
    return std::shared_ptr<const artifact_schema>(std::make_shared<const valijson_schema>(
        std::string{text}, std::move(hash), lowered.value()));
  } catch (const std::exception& failure) {
    return named(refuse(errc::definition_invalid, failure.what()));
  }
}

} // namespace ash::definitions
