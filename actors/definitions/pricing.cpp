#include "actors/definitions/pricing.hpp"

#include "actors/definitions/embedded.hpp"
#include "events/base/check.hpp"
#include "events/base/text.hpp"
#include "events/base/yaml.hpp"

#include <algorithm>

namespace ash::definitions {
namespace {

constexpr std::int64_t tokens_per_price = 1'000'000;

/// Dollars a million tokens to dollars a token; a price that does not divide is refused, not
/// rounded.
usd per_token(yaml::object_reader& at, std::string_view field, usd per_million) {
  if (per_million.pico % tokens_per_price != 0)
    at.fail(field, "has more than 6 decimals");
  return {per_million.pico / tokens_per_price};
}

bool is_date(std::string_view text) {
  constexpr std::string_view shape = "dddd-dd-dd";
  return text.size() == shape.size() &&
         std::equal(text.begin(), text.end(), shape.begin(), [](char c, char wanted) {
           return wanted == 'd' ? c >= '0' && c <= '9' : c == wanted;
         });
}

} // namespace

result<price_table> price_table::parse(std::string_view text, std::string file) {
  TRY(auto source, yaml::parse(text, std::move(file), errc::config_invalid));
  yaml::reading in(source, errc::config_invalid);
  yaml::object_reader top(in, source.root);
  price_table out;
  for (auto& at : top.objects("prices")) {
    row next{at.text("model"), {}};
    next.price.input = per_token(at, "input", at.money("input"));
    next.price.output = per_token(at, "output", at.money("output"));
    const auto cached = at.money_if("cached_input");
    next.price.cached_input = cached ? per_token(at, "cached_input", *cached) : next.price.input;
    if (const auto date = at.text("as_of"); !date.empty() && !is_date(date))
      at.fail("as_of", "is not a date such as 2026-11-21");
    at.finish();
    out.rows_.push_back(std::move(next));
  }
  top.finish();
  TRY(in.outcome());
  return out;
}

const price_table& price_table::shipped() {
  static const price_table table = [] {
    auto parsed = parse(embedded_text("pricing.yaml"), "shipped:pricing.yaml");
    check(parsed.has_value(), "the shipped price table is broken");
    return std::move(parsed).value();
  }();
  return table;
}

std::optional<model_price> price_table::find(std::string_view model) const {
  for (const auto& each : rows_)
    if (glob_match(each.pattern, model))
      return each.price;
  return std::nullopt;
}

} // namespace ash::definitions
