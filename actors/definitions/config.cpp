#include "actors/definitions/config.hpp"

#include "actors/definitions/definition_files.hpp"
#include "events/base/text.hpp"
#include "events/base/yaml.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>

namespace ash::definitions {
namespace {

/// As `budget set` takes one: with a cap of nothing, nothing could be called.
std::optional<usd> cap_if(yaml::object_reader& at, std::string_view name) {
  constexpr usd highest{1'000'000'000'000'000'000};
  const auto cap = at.money_if(name);
  if (cap && (*cap <= usd{} || *cap > highest))
    at.fail(name, "is a cap: an amount above 0 and up to " + to_string(highest));
  return cap;
}

void read_budget(yaml::object_reader& top, budget_settings& into) {
  auto at = top.object_if("budget");
  if (!at)
    return;
  into.daily_cap = cap_if(*at, "daily_cap").value_or(into.daily_cap);
  into.run_cap = cap_if(*at, "run_cap").value_or(into.run_cap);
  into.persona_daily_cap = cap_if(*at, "persona_daily_cap");
  into.warn_at_percent = at->integer_if("warn_at_percent", {1, 100}).value_or(into.warn_at_percent);
  if (const auto policy = at->one_of_if("policy", {"block", "warn_continue", "prompt"}))
    into.policy = static_cast<budget_policy>(*policy);
  at->finish();
}

bool is_url(std::string_view text) {
  const auto plain = [](char c) { return c > ' ' && c < '\x7f'; };
  return (text.starts_with("https://") || text.starts_with("http://")) && !text.ends_with("//") &&
         std::all_of(text.begin(), text.end(), plain);
}

/// The kind need not be said for the provider whose name says it.
provider_settings read_provider(const std::string& name, yaml::object_reader& at) {
  provider_settings out;
  if (name == "anthropic")
    out.kind = provider_kind::anthropic;
  if (const auto kind = at.one_of_if("kind", {"openai_compatible", "anthropic"}))
    out.kind = static_cast<provider_kind>(*kind);
  out.base_url = at.text_if("base_url");
  out.api_key = at.text_if("api_key");
  if (out.base_url && !is_url(*out.base_url))
    at.fail("base_url", "is not a URL that begins with http:// or https://");
  if (out.api_key && !std::all_of(out.api_key->begin(), out.api_key->end(), [](char c) {
        return c > ' ' && c < '\x7f';
      }))
    at.fail("api_key", "has a space or a character that no key has");
  at.finish();
  return out;
}

void read_tools(yaml::object_reader& top, tool_settings& into) {
  auto at = top.object_if("tools");
  if (!at)
    return;
  if (const auto sandbox = at->one_of_if("sandbox", {"required", "unsandboxed"}))
    into.sandbox = static_cast<sandbox_setting>(*sandbox);
  if (const auto network = at->one_of_if("network", {"none", "granted"}))
    into.network = static_cast<network_access>(*network);
  into.command_time_limit_ms = at->integer_if("command_time_limit_ms", {1'000, 24 * 3'600'000})
                                   .value_or(into.command_time_limit_ms);
  into.secret_paths = at->texts_if("secret_paths");
  at->finish();
}

void read_approvals(yaml::object_reader& top, approval_settings& into) {
  auto at = top.object_if("approvals");
  if (!at)
    return;
  into.time_limit_s = at->integer_if("time_limit_s", {1, 7 * 24 * 3'600});
  if (const auto what = at->one_of_if("on_time_limit", {"reject", "approve", "abort"}))
    into.on_time_limit = static_cast<unanswered>(*what);
  if (!into.time_limit_s && at->any_if("on_time_limit") != nullptr)
    at->fail("on_time_limit", "says what a time limit leads to: give 'time_limit_s' too");
  at->finish();
}

void read_defaults(yaml::object_reader& top, config& into) {
  auto at = top.object_if("defaults");
  if (!at)
    return;
  into.default_model = at->text_if("model");
  if (into.default_model)
    if (auto parsed = parse_model(*into.default_model); !parsed)
      at->fail("model", std::move(parsed).error().message);
  at->finish();
}

} // namespace

result<config> parse_config(std::string_view text, std::string file) {
  TRY(auto source, yaml::parse(text, std::move(file), errc::config_invalid));
  config out;
  if (source.root.what == yaml::kind::null)
    return out;
  yaml::reading in(source, errc::config_invalid);
  yaml::object_reader top(in, source.root);
  read_budget(top, out.budget);
  for (auto& [name, at] : top.named_objects_if("providers")) {
    if (!is_name(name))
      at.fail("", "'" + printable(name) + "' is not a provider's name (a-z, 0-9 and '-')");
    if (name == "scripted")
      at.fail("", "'scripted' reads a file of yours: there is nothing to set");
    out.providers[name] = read_provider(name, at);
  }
  read_tools(top, out.tools);
  if (auto at = top.object_if("permissions")) {
    out.permissions = read_permission_settings(*at);
    check_reach(*at, out.permissions);
    out.reviewer = read_reviewer(*at);
    at->finish();
  }
  read_approvals(top, out.approvals);
  out.hooks = read_hooks(top);
  out.prices = read_price_rows(top, price_source::config, price_date::optional);
  read_defaults(top, out);
  top.finish();
  TRY(in.outcome());
  return out;
}

result<config> load_config(const std::string& path) {
  auto text = read_text(path);
  if (!text) {
    if (text.error().code == errc::file_not_found)
      return config{};
    return std::move(text).error();
  }
  TRY(auto out, parse_config(text.value(), path));
  const auto holds_key =
      std::any_of(out.providers.begin(), out.providers.end(), [](const auto& each) {
        return each.second.api_key.has_value();
      });
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0)
    return system_error("can't look at '" + path + "'", errno).with("file", path);
  if (holds_key && (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return refuse(
               errc::config_invalid,
               path +
                   ": holds an 'api_key' but others than its owner can open it: run 'chmod 600 " +
                   path + "'")
        .with("file", path)
        .with("field", "providers.api_key");
  return out;
}

} // namespace ash::definitions
