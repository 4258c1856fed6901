#include "actors/definitions/pricing.hpp"

#include "actors/definitions/embedded.hpp"
#include "events/base/check.hpp"
#include "events/base/text.hpp"

#include <algorithm>

namespace ash::definitions {
namespace {

constexpr std::int64_t tokens_per_price = 1'000'000;

/// Dollars a million tokens to dollars a token; a price that does not divide is refused, not
/// rounded.
usd per_token(yaml::object_reader& at, std::string_view field, usd per_million) {
  if (per_million.pico % tokens_per_price != 0)
    at.fail(field, "has more than 6 decimals");
  const usd out{per_million.pico / tokens_per_price};
  if (out > max_token_price)
    at.fail(field, "is above " + to_string(times(tokens_per_price, max_token_price)));
  return out;
}

bool is_date(std::string_view text) {
  constexpr std::string_view shape = "dddd-dd-dd";
  return text.size() == shape.size() &&
         std::equal(text.begin(), text.end(), shape.begin(), [](char c, char wanted) {
           return wanted == 'd' ? c >= '0' && c <= '9' : c == wanted;
         });
}

} // namespace

std::string_view to_string(price_source value) noexcept {
  switch (value) {
  case price_source::config:
    return "config";
  case price_source::fetched:
    return "fetched";
  case price_source::shipped:
    return "shipped";
  }
  return "shipped";
}

bool price_row::matches(std::string_view name) const {
  return exact ? model == name : glob_match(model, name);
}

std::vector<price_row>
read_price_rows(yaml::object_reader& at, price_source source, price_date dated) {
  std::vector<price_row> out;
  for (auto& row : at.objects_if("prices")) {
    price_row next;
    next.source = source;
    next.model = row.text("model");
    if (!next.model.empty() && next.model.find(':') == std::string::npos)
      row.fail("model", "is not `provider:model`, or a glob over it");
    next.price.input = per_token(row, "input", row.money("input"));
    next.price.output = per_token(row, "output", row.money("output"));
    const auto cached = row.money_if("cached_input");
    next.price.cached_input = cached ? per_token(row, "cached_input", *cached) : next.price.input;
    next.as_of = dated == price_date::required ? row.text("as_of")
                                               : row.text_if("as_of").value_or(std::string{});
    if (!next.as_of.empty() && !is_date(next.as_of))
      row.fail("as_of", "is not a date such as 2026-11-21");
    row.finish();
    out.push_back(std::move(next));
  }
  return out;
}

std::string per_million(usd a_token) {
  return to_string(times(tokens_per_price, a_token));
}

result<price_table> price_table::parse(std::string_view text, std::string file) {
  TRY(auto source, yaml::parse(text, std::move(file), errc::config_invalid));
  yaml::reading in(source, errc::config_invalid);
  yaml::object_reader top(in, source.root);
  price_table out{read_price_rows(top, price_source::shipped, price_date::required)};
  if (out.rows().empty())
    top.fail("prices", "has no rows");
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
    if (each.matches(model))
      return each.price;
  return std::nullopt;
}

} // namespace ash::definitions
