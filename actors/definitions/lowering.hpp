// The walk that lowers one schema: a step for every keyword. Private to `schema_lowering.cpp` and
// `schema_applicators.cpp`; it lives for one call of `lower_schema`.
#pragma once

#include "actors/definitions/schema_lowering.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <deque>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace ash::definitions {

/// Where in the schema a subschema stands.
struct place {
  std::string pointer;
  std::string owner;  ///< the lowered definition that it is a part of
  bool same_instance; ///< applies to the value that the owner applies to
  bool negative;      ///< beneath `not`, `if` or `oneOf`: failing there can make the whole succeed

  [[nodiscard]] place below(std::string_view keyword) const {
    return {pointer + pointer_step(keyword), owner, same_instance, negative};
  }
  [[nodiscard]] place inside(std::string_view keyword) const {
    return {pointer + pointer_step(keyword), owner, false, negative};
  }
  [[nodiscard]] place refuted(std::string_view keyword) const {
    return {pointer + pointer_step(keyword), owner, same_instance, true};
  }
};

/// What one schema object becomes: its keywords, and schemas that hold besides.
struct lowered {
  json::object object;
  json::array besides;
};

class lowering {
public:
  explicit lowering(const json::value& root) : root_(root) {}

  result<lowered_schema> run();

private:
  struct owed_definition {
    std::string name;
    std::string pointer;
    const json::value* target;
    bool negative;
  };
  using step = result<> (lowering::*)(const json::value&,
                                      const place&,
                                      const json::object&,
                                      lowered&);

  // -- errors
  // --------------------------------------------------------------------------------------

  static error at(errc code, const std::string& pointer, std::string_view keyword, std::string why);
  static error unsupported(const place& where, std::string_view keyword, std::string_view why);
  static error wrong(const place& where, std::string_view keyword, std::string_view expected);

  // -- references
  // ----------------------------------------------------------------------------------

  /// The name under `definitions` of the schema at `pointer`; it is lowered later.
  std::string definition_for(const std::string& pointer, bool negative);

  const json::value* resolve(const std::string& pointer) const;

  static std::optional<std::string> percent_decoded(std::string_view text);

  result<> ref(const json::value& value, const place& where, const json::object&, lowered& into);

  /// A definition that leads to itself without going deeper into the instance would never end.
  result<> refuse_endless() const;

  bool endless(const std::string& name,
               std::set<std::string>& on_path,
               std::set<std::string>& done) const;

  // -- one schema
  // ----------------------------------------------------------------------------------

  result<json::value> schema(const json::value& value, const place& where);

  /// Keywords whose value is taken over as it is, and annotations, which are left out.
  static result<>
  simple(std::string_view keyword, const json::value& value, const place& where, lowered& into);

  // -- identification
  // ------------------------------------------------------------------------------

  result<> dialect(const json::value& value, const place& where, const json::object&, lowered&);

  result<> id(const json::value& value, const place& where, const json::object&, lowered&);

  result<> definitions(const json::value& value, const place& where, const json::object&, lowered&);

  // -- any value
  // -----------------------------------------------------------------------------------

  result<> type(const json::value& value, const place& where, const json::object&, lowered& into);

  result<>
  enumeration(const json::value& value, const place& where, const json::object&, lowered& into);

  result<>
  multiple_of(const json::value& value, const place& where, const json::object&, lowered& into);

  result<>
  pattern(const json::value& value, const place& where, const json::object&, lowered& into);

  // -- applicators in place
  // ------------------------------------------------------------------------

  result<json::array> schemas(std::string_view keyword,
                              const json::value& value,
                              const place& where,
                              place (*enter)(const place&, std::string_view));
  static place enter_below(const place& p, std::string_view k) { return p.below(k); }
  static place enter_inside(const place& p, std::string_view k) { return p.inside(k); }
  static place enter_refuted(const place& p, std::string_view k) { return p.refuted(k); }

  result<> all_of(const json::value& value, const place& where, const json::object&, lowered& into);

  result<> any_of(const json::value& value, const place& where, const json::object&, lowered& into);

  result<> one_of(const json::value& value, const place& where, const json::object&, lowered& into);

  result<>
  negation(const json::value& value, const place& where, const json::object&, lowered& into);

  result<>
  condition(const json::value& value, const place& where, const json::object&, lowered& into);

  template <bool then>
  result<>
  branch(const json::value& value, const place& where, const json::object& all, lowered& into) {
    const std::string_view keyword = then ? "then" : "else";
    TRY(auto done, schema(value, where.below(keyword)));
    if (all.contains("if"))
      into.object[keyword] = std::move(done);
    return success();
  }

  // -- objects
  // -------------------------------------------------------------------------------------

  result<json::object>
  mapping(std::string_view keyword, const json::value& value, const place& where);

  result<>
  properties(const json::value& value, const place& where, const json::object&, lowered& into);

  result<> pattern_properties(const json::value& value,
                              const place& where,
                              const json::object&,
                              lowered& into);

  result<> additional_properties(const json::value& value,
                                 const place& where,
                                 const json::object&,
                                 lowered& into);

  result<>
  property_names(const json::value& value, const place& where, const json::object&, lowered& into);

  static bool are_names(const json::value& value);

  result<>
  required(const json::value& value, const place& where, const json::object&, lowered& into);

  result<> dependent_required(const json::value& value,
                              const place& where,
                              const json::object&,
                              lowered& into);

  result<> dependent_schemas(const json::value& value,
                             const place& where,
                             const json::object&,
                             lowered& into);

  // -- arrays
  // --------------------------------------------------------------------------------------

  result<> prefix_items(const json::value& value,
                        const place& where,
                        const json::object& all,
                        lowered& into);

  result<>
  items(const json::value& value, const place& where, const json::object& all, lowered& into);

  result<>
  contains(const json::value& value, const place& where, const json::object& all, lowered& into);

  result<>
  min_contains(const json::value& value, const place& where, const json::object& all, lowered&);

  result<>
  max_contains(const json::value& value, const place& where, const json::object& all, lowered&);

  result<>
  unique_items(const json::value& value, const place& where, const json::object&, lowered& into);

  // -- unevaluated: exact where nothing in place evaluates anything
  // ----------------------------------

  static bool has_any(const json::object& all, std::initializer_list<std::string_view> keywords);
  static bool applies_in_place(const json::object& all);
  static bool allows_all(const json::value& value);

  result<> unevaluated_properties(const json::value& value,
                                  const place& where,
                                  const json::object& all,
                                  lowered& into);

  result<> unevaluated_items(const json::value& value,
                             const place& where,
                             const json::object& all,
                             lowered& into);

  static const std::map<std::string_view, step>& steps();

  const json::value& root_;
  std::map<std::pair<std::string, bool>, std::string> names_;
  std::deque<owed_definition> owed_;
  std::map<std::string, std::set<std::string>> jumps_;
  bool unique_items_ = false;
  bool dots_ = false;
};

} // namespace ash::definitions
