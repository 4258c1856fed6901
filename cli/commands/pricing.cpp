#include "cli/commands/pricing.hpp"

#include "actors/definitions/library.hpp"
#include "actors/shells/provider_setup.hpp"
#include "actors/shells/run_plan.hpp"
#include "cli/http_client.hpp"
#include "cli/language.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <cstdio>

namespace ash::cli {
namespace {

namespace defs = definitions;

constexpr long fetch_limit_ms = 60'000;

std::string bare(usd a_token) {
  return defs::per_million(a_token).substr(1);
}

json::array listed(const defs::price_table& prices) {
  json::array out;
  for (const auto& row : prices.rows())
    out.push_back(json::object{{"model", row.model},
                               {"input_usd_per_million", bare(row.price.input)},
                               {"cached_input_usd_per_million", bare(row.price.cached_input)},
                               {"output_usd_per_million", bare(row.price.output)},
                               {"source", to_string(row.source)},
                               {"as_of", row.as_of}});
  return out;
}

void print_prices(const defs::price_table& prices) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& row : prices.rows())
    rows.push_back({row.model,
                    defs::per_million(row.price.input),
                    defs::per_million(row.price.cached_input),
                    defs::per_million(row.price.output),
                    tr_word(to_string(row.source)),
                    row.as_of});
  std::fputs(render_table(
                 {tr("MODEL"), tr("INPUT"), tr("CACHED"), tr("OUTPUT"), tr("SOURCE"), tr("AS OF")},
                 rows,
                 terminal_width(stream::out))
                 .c_str(),
             stdout);
  std::fputs(tr("dollars a million tokens; the first row that matches a model counts\n"), stderr);
}

struct known_prices {
  std::shared_ptr<const defs::price_table> table;
  std::vector<std::string> unpriced;
};

result<known_prices> all_known(const settings& with) {
  TRY(check_here(with, "pricing list"));
  TRY(const auto config, read_config(with));
  known_prices out;
  TRY(out.table, prices_of(with, config));
  TRY(out.unpriced, unpriced_models(with, config, *out.table));
  return out;
}

/// Those whose endpoint is known to say nothing of prices.
bool tells_no_prices(std::string_view provider) {
  return provider == "anthropic" || provider == "openai" || provider == "scripted";
}

result<defs::fetched_prices> fetch(const settings& with, const std::string& provider) {
  TRY(check_here(with, "pricing fetch"));
  if (tells_no_prices(provider))
    return refuse(errc::argument_invalid,
                  "'" + provider +
                      "' tells no prices: those of the shipped table hold, or what the "
                      "configuration's `prices` says");
  TRY(const auto config, read_config(with));
  const secrets::key_store store{secrets::key_directory_of(with.config_file)};
  const provider::provider_registry registry{provider_options_of(config, store)};
  TRY(const auto url, registry.base_url(provider));
  TRY(const auto answer, fetch_openly(url + "/models", fetch_limit_ms));
  constexpr int fine = 200;
  if (answer.status != fine)
    return refuse(errc::provider_unavailable,
                  "'" + provider + "' answered " + std::to_string(answer.status) +
                      " to the question for its models; no key was sent along")
        .with("provider", provider);
  TRY(auto fetched, defs::parse_models(provider, answer.body, system_now()));
  TRY(const auto layout, data_layout::make(with.data_dir));
  TRY(defs::keep_prices(layout.prices(), fetched));
  return fetched;
}

} // namespace

result<std::shared_ptr<const defs::price_table>> prices_of(const settings& with,
                                                           const defs::config& config) {
  TRY(const auto book, defs::price_book::open(config.prices, data_layout{with.data_dir}.prices()));
  return book->now();
}

result<std::vector<std::string>>
unpriced_models(const settings& with, const defs::config& config, const defs::price_table& prices) {
  TRY(const auto library, defs::library::load(definition_roots(with)));
  std::vector<std::string> models;
  if (config.default_model)
    models.push_back(*config.default_model);
  for (const auto& who : library.personas()) {
    models.push_back(who.model);
    models.insert(models.end(), who.fallback_models.begin(), who.fallback_models.end());
  }
  std::sort(models.begin(), models.end());
  models.erase(std::unique(models.begin(), models.end()), models.end());
  std::erase_if(models, [&](const auto& model) { return prices.find(model).has_value(); });
  return models;
}

int pricing_list(const settings& with) {
  const auto known = all_known(with);
  if (!known)
    return static_cast<int>(report(with, known.error()));
  const auto& [table, unpriced] = known.value();
  if (with.format == answer_format::json)
    print_json(json::object{{"prices", listed(*table)},
                            {"unknown", json::array(unpriced.begin(), unpriced.end())}});
  else
    print_prices(*table);
  for (const auto& model : unpriced)
    std::fprintf(
        stderr,
        tr("actor-shell: price_unknown: %s, which a persona uses, has no price: its calls are "
           "reserved at the persona's max_cost_per_call\n"),
        printable(model).c_str());
  return 0;
}

int pricing_fetch(const settings& with, const std::string& provider) {
  const auto fetched = fetch(with, provider);
  if (!fetched)
    return static_cast<int>(report(with, fetched.error()));
  const auto& what = fetched.value();
  if (with.format == answer_format::json)
    print_json(json::object{{"provider", what.provider},
                            {"fetched_at", what.fetched_at},
                            {"models", what.rows.size()},
                            {"left_out", what.left_out}});
  else
    std::printf(tr("%s: the prices of %zu models hold from now on; %zu models are left out, whose "
                   "prices vary or do not bound what a call costs\n"),
                what.provider.c_str(),
                what.rows.size(),
                what.left_out);
  return 0;
}

} // namespace ash::cli
