#include "cli/commands/doctor_outside.hpp"

#include "actors/shells/provider_setup.hpp"
#include "actors/shells/run_plan.hpp"
#include "cli/commands/pricing.hpp"
#include "cli/http_client.hpp"
#include "cli/language.hpp"
#include "events/base/clock.hpp"
#include "projections/store/store.hpp"

#include <algorithm>
#include <cstdlib>

namespace ash::cli {
namespace {

constexpr long look_limit_ms = 5'000;
constexpr std::int64_t skew_allowed_s = 60;

finding key_of(const provider::key_report& of) {
  const auto what = tr("key of {}", of.provider);
  if (of.problem)
    return {what, verdict::bad, of.problem->message, tr("mend it, then `actor-shell keys`")};
  if (!of.place.empty())
    return {what, verdict::good, tr("in: {}", tr_word(of.place)), {}};
  if (!of.needed)
    return {what, verdict::good, tr("none, and none is needed"), {}};
  return {what,
          verdict::warning,
          tr("none"),
          tr("needed only for its models: `actor-shell login {}`", of.provider)};
}

finding consent_of(const provider::provider_registry& registry,
                   const std::string& name,
                   const consents& known) {
  const auto what = tr("consent to {}", name);
  if (registry.is_local(name))
    return {what, verdict::good, tr("not needed: it is on this machine"), {}};
  if (known.has("backend " + name))
    return {what, verdict::good, tr("given"), {}};
  return {what,
          verdict::warning,
          tr("not given: runs that need it are refused"),
          "`actor-shell consent grant backend " + name + "`"};
}

consents consents_if_readable(const settings& with) {
  if (const auto log = open_reader(with))
    if (auto known = consents::read(*log.value()))
      return std::move(known).value();
  return {};
}

finding clock_beside(const std::string& name, std::int64_t their_s) {
  const auto off = system_now().us / us_per_s - their_s;
  const auto shown = off < 0 ? tr("{} s behind {}", -off, name) : tr("{} s ahead of {}", off, name);
  if (std::abs(off) > skew_allowed_s)
    return {tr("clock skew"),
            verdict::warning,
            shown,
            tr("set the clock (NTP): daily budgets and records go by it")};
  return {tr("clock skew"), verdict::good, shown, {}};
}

std::vector<finding> reach_of(const std::string& name, const std::string& base_url) {
  const auto what = tr("reach {}", name);
  const auto seen = look_at(base_url + "/models", look_limit_ms);
  if (!seen)
    return {{what,
             verdict::bad,
             seen.error().message,
             tr("look at the network, a proxy, or this provider's base_url")}};
  std::vector<finding> out;
  constexpr int server_fault = 500;
  const auto shown = tr("answers ({}) in {} ms", seen.value().status, seen.value().ms);
  if (seen.value().status >= server_fault)
    out.push_back({what, verdict::warning, shown, tr("it has a fault: try later")});
  else
    out.push_back({what, verdict::good, shown, {}});
  if (seen.value().date_s)
    out.push_back(clock_beside(name, *seen.value().date_s));
  return out;
}

/// Models of personas that a provider with a key would be asked for, and that have no price.
finding check_prices(const settings& with,
                     const definitions::config& config,
                     const std::vector<provider::key_report>& keys) {
  const auto prices = prices_of(with, config);
  if (!prices)
    return {tr("prices"), verdict::bad, prices.error().message, tr("fetch them again")};
  const auto all = unpriced_models(with, config, *prices.value());
  if (!all)
    return {tr("definitions"), verdict::bad, all.error().message, tr("mend that file")};
  std::string unpriced;
  for (const auto& model : all.value()) {
    const auto usable = std::any_of(keys.begin(), keys.end(), [&](const auto& each) {
      return !each.place.empty() && model.starts_with(each.provider + ':');
    });
    if (usable)
      unpriced += (unpriced.empty() ? "" : ", ") + model;
  }
  if (unpriced.empty())
    return {tr("prices"), verdict::good, tr("known for every model in use"), {}};
  return {
      tr("prices"),
      verdict::warning,
      tr("unknown for {}", unpriced),
      tr("its calls are reserved at the persona's max_cost_per_call: `actor-shell pricing fetch`, "
         "or `prices` in the configuration")};
}

finding check_postgres(const settings& with, const std::string& url) {
  if (url.empty())
    return {tr("database"), verdict::good, tr("SQLite in the data directory"), {}};
  const auto* advice = tr("look at the URL, the server, its user and password");
  const auto store = projections::make_store(with.data_dir, url);
  if (!store)
    return {tr("database"), verdict::bad, store.error().message, advice};
  if (const auto answer = store.value()->connect(); !answer)
    return {tr("database"), verdict::bad, answer.error().message, advice};
  return {tr("database"), verdict::good, tr("Postgres answers"), {}};
}

} // namespace

std::vector<finding> check_outside(const settings& with,
                                   const definitions::config& config,
                                   const doctor_options& asked) {
  const secrets::key_store store{secrets::key_directory_of(with.config_file)};
  const provider::provider_registry registry{provider_options_of(config, store)};
  const auto known = registry.keys();
  const auto consented = consents_if_readable(with);
  std::vector<finding> out;
  for (const auto& each : known) {
    out.push_back(key_of(each));
    if (each.place.empty() && each.needed)
      continue; // nobody can be asked
    out.push_back(consent_of(registry, each.provider, consented));
    const auto url = registry.base_url(each.provider);
    if (!asked.offline && url)
      for (auto& one : reach_of(each.provider, url.value()))
        out.push_back(std::move(one));
  }
  out.push_back(check_prices(with, config, known));
  out.push_back(check_postgres(with, asked.database_url));
  return out;
}

} // namespace ash::cli
