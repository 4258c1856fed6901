#include "actors/providers/registry.hpp"

#include "actors/providers/anthropic.hpp"
#include "actors/providers/openai_compatible.hpp"
#include "actors/providers/scripted.hpp"
#include "events/base/ascii.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <mutex>

namespace ash::provider {
namespace {

struct builtin {
  std::string_view name;
  std::string_view base_url;
  provider_kind kind;
};

constexpr std::array builtins{
    builtin{"anthropic", "https://api.anthropic.com", provider_kind::anthropic},
    builtin{"openai", "https://api.openai.com/v1", provider_kind::openai_compatible},
    builtin{"openrouter", "https://openrouter.ai/api/v1", provider_kind::openai_compatible},
};
constexpr std::string_view scripted_name = "scripted";

const builtin* find_builtin(std::string_view name) {
  const auto found = std::find_if(
      builtins.begin(), builtins.end(), [&](const builtin& each) { return each.name == name; });
  return found == builtins.end() ? nullptr : &*found;
}

std::optional<std::string> process_environment(std::string_view name) {
  const auto* value = std::getenv(std::string{name}.c_str());
  return value ? std::optional<std::string>{value} : std::nullopt;
}

/// `open-router` -> `OPEN_ROUTER_API_KEY`.
std::string variable(std::string_view provider, std::string_view suffix) {
  std::string name;
  for (const auto c : provider) {
    const auto word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
    name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : word ? c : '_';
  }
  return name + std::string{suffix};
}

bool is_header_safe(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

/// A provider as it will be used.
struct resolved {
  std::string name;
  std::string base_url;
  std::string api_key;
  std::string key_place = {};           ///< where the key is
  std::vector<std::string> looked = {}; ///< where it is not
  provider_kind kind = provider_kind::openai_compatible;
  std::vector<std::string> headers;
};

} // namespace

class provider_registry::directory {
public:
  explicit directory(registry_options options) : options_(std::move(options)) {
    if (!options_.environment)
      options_.environment = process_environment;
  }

  result<std::shared_ptr<model_provider>> find(const model_name& name) {
    const auto key =
        name.provider == scripted_name ? name.provider + ':' + name.model : name.provider;
    if (auto found = made_before(key))
      return found;
    // Looking up a key may take seconds, which nobody whose provider is there waits for.
    const std::lock_guard one_at_a_time{making_};
    if (auto found = made_before(key))
      return found;
    TRY(auto made, name.provider == scripted_name ? scripted(name.model) : remote(name.provider));
    const std::lock_guard lock{mutex_};
    made_.emplace(key, made);
    return made;
  }

  enum class reach : std::uint8_t { quick, everywhere };

  result<resolved> resolve(std::string_view provider, reach how_far = reach::everywhere) const {
    TRY(auto made, locate(provider));
    TRY(find_key(made, how_far));
    TRY(check_resolved(made));
    return made;
  }

  /// Without its key, unless the settings have it.
  result<resolved> locate(std::string_view provider) const {
    const auto* settings = settings_of(provider);
    const auto* known_one = find_builtin(provider);
    if (!settings && !known_one)
      return unknown(provider);
    resolved made;
    made.name = provider;
    made.kind = known_one ? known_one->kind : settings->kind;
    if (settings) {
      made.base_url = trimmed(settings->base_url);
      made.api_key = trimmed(settings->api_key);
      made.headers = settings->headers;
    }
    if (made.base_url.empty())
      made.base_url = environment(variable(provider, "_BASE_URL"));
    if (made.base_url.empty() && known_one)
      made.base_url = known_one->base_url;
    while (made.base_url.ends_with('/'))
      made.base_url.pop_back();
    return made;
  }

  result<> find_key(resolved& made, reach how_far) const {
    const auto name = variable(made.name, "_API_KEY");
    made.key_place = "configuration";
    made.looked = {"`providers." + made.name + ".api_key` of the configuration"};
    if (made.api_key.empty()) {
      made.api_key = environment(name);
      made.key_place = made.api_key.empty() ? "" : "environment";
      made.looked.push_back("the environment's " + name);
    }
    // Nothing is looked up for a server on this machine, which hardly ever wants a key.
    if (made.api_key.empty() && how_far == reach::everywhere && options_.stored_key &&
        !is_loopback_url(made.base_url)) {
      TRY(auto kept, options_.stored_key(made.name));
      made.api_key = kept.key.value_or("");
      made.key_place = kept.place;
      made.looked.insert(made.looked.end(), kept.looked.begin(), kept.looked.end());
    }
    if (!made.api_key.empty() && options_.on_key)
      options_.on_key(made.api_key);
    return success();
  }

  std::vector<key_report> keys() const {
    std::vector<key_report> out;
    for (const auto& name : known()) {
      if (name == scripted_name)
        continue;
      key_report one;
      one.provider = name;
      auto made = locate(name);
      if (made) {
        one.needed = !may_lack_key(made.value());
        if (auto looked = find_key(made.value(), reach::everywhere); !looked)
          one.problem = std::move(looked).error();
        one.place = made.value().key_place;
        one.ending = ending_of(made.value().api_key);
      } else {
        one.problem = std::move(made).error();
      }
      out.push_back(std::move(one));
    }
    return out;
  }

  bool is_local(std::string_view provider) const {
    if (provider == scripted_name)
      return true;
    const auto made = locate(provider);
    return made && is_loopback_url(made.value().base_url);
  }

  std::vector<std::string> known() const {
    std::vector<std::string> names{std::string{scripted_name}};
    for (const auto& each : builtins)
      names.emplace_back(each.name);
    for (const auto& each : options_.providers)
      names.push_back(each.name);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  void stop() {
    std::shared_ptr<http_transport> transport;
    {
      const std::lock_guard lock{mutex_};
      transport = transport_;
    }
    if (transport)
      transport->stop();
  }

private:
  const provider_settings* settings_of(std::string_view name) const {
    for (const auto& each : options_.providers)
      if (each.name == name)
        return &each;
    return nullptr;
  }

  std::string environment(const std::string& name) const {
    return std::string{trimmed(options_.environment(name).value_or(""))};
  }

  error unknown(std::string_view provider) const {
    std::string names;
    for (const auto& each : known())
      names += (names.empty() ? "" : ", ") + each;
    return refuse(errc::config_invalid,
                  "unknown model provider '" + printable(utf8_prefix(provider, 80)) +
                      "'; known: " + names + ". Name others in the configuration's `providers`");
  }

  /// A server on this machine, or one that the user named himself, may need no key.
  static bool may_lack_key(const resolved& made) {
    return is_loopback_url(made.base_url) || !find_builtin(made.name);
  }

  /// Four characters tell keys apart; of a short key they would tell too much.
  static std::string ending_of(const std::string& key) {
    constexpr std::size_t shown = 4;
    constexpr std::size_t long_enough = 16;
    return key.size() < long_enough ? std::string{} : key.substr(key.size() - shown);
  }

  static result<> check_resolved(const resolved& made) {
    const auto url = variable(made.name, "_BASE_URL");
    if (!is_http_url(made.base_url))
      return refuse(errc::config_invalid,
                    "the base URL of provider '" + made.name + "' is not an http(s) URL: '" +
                        printable(utf8_prefix(to_valid_utf8(made.base_url), 200)) + "'; set " +
                        url + " or the configuration's `base_url`");
    for (const auto& header : made.headers)
      if (!is_header_safe(header) || header.find(':') == std::string::npos)
        return refuse(errc::config_invalid,
                      "a header of provider '" + made.name + "' is not `Name: value` in ASCII");
    if (!is_header_safe(made.api_key))
      return refuse(errc::config_invalid,
                    "the key of provider '" + made.name + "' has characters that no key has");
    if (made.api_key.empty() && !may_lack_key(made)) {
      std::string places;
      for (const auto& place : made.looked)
        places += (places.empty() ? "" : ", ") + place;
      return refuse(errc::secret_missing,
                    "no key for provider '" + made.name + "': there is none in " + places +
                        ". Run `actor-shell login " + made.name + "`, or set " +
                        variable(made.name, "_API_KEY"))
          .with("variable", variable(made.name, "_API_KEY"));
    }
    return success();
  }

  result<std::shared_ptr<model_provider>> scripted(const std::string& file) {
    if (options_.builtin_script)
      if (const auto text = options_.builtin_script(file))
        return parse_scripted(*text, file);
    return load_scripted(file);
  }

  result<std::shared_ptr<model_provider>> remote(const std::string& provider) {
    TRY(auto from, resolve(provider));
    const auto transport = shared_transport();
    if (from.kind == provider_kind::anthropic) {
      anthropic_options options;
      options.name = from.name;
      options.base_url = from.base_url;
      options.api_key = from.api_key;
      options.headers = from.headers;
      options.limits = options_.limits;
      return make_anthropic(std::move(options), transport);
    }
    openai_options options;
    options.name = from.name;
    options.base_url = from.base_url;
    options.api_key = from.api_key;
    options.headers = from.headers;
    options.limits = options_.limits;
    if (from.name == "openrouter")
      options.cost = cost_report::usage_cost;
    // OpenAI's newer models refuse the old name; other servers may not know the new one.
    if (from.base_url == find_builtin("openai")->base_url)
      options.max_tokens_field = "max_completion_tokens";
    return make_openai_compatible(std::move(options), transport);
  }

  std::shared_ptr<model_provider> made_before(const std::string& key) {
    const std::lock_guard lock{mutex_};
    const auto found = made_.find(key);
    return found == made_.end() ? nullptr : found->second;
  }

  std::shared_ptr<http_transport> shared_transport() {
    const std::lock_guard lock{mutex_};
    if (!transport_)
      transport_ = std::make_shared<http_transport>();
    return transport_;
  }

  registry_options options_;
  std::mutex making_;
  std::mutex mutex_; // guards the next two
  std::shared_ptr<http_transport> transport_;
  std::map<std::string, std::shared_ptr<model_provider>> made_;
};

result<model_name> split_model_name(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size())
    return refuse(errc::argument_invalid,
                  "a model is named `provider:model`, for example "
                  "`openrouter:deepseek/deepseek-chat`, not '" +
                      printable(utf8_prefix(to_valid_utf8(text), 200)) + "'");
  return model_name{std::string{text.substr(0, colon)}, std::string{text.substr(colon + 1)}};
}

provider_registry::provider_registry(registry_options options)
    : directory_(std::make_unique<directory>(std::move(options))) {}
provider_registry::~provider_registry() = default;

result<std::shared_ptr<model_provider>> provider_registry::find(std::string_view name) {
  TRY(const auto taken, split_model_name(name));
  return directory_->find(taken);
}

result<> provider_registry::usable(std::string_view provider) {
  if (provider == scripted_name)
    return success();
  TRY(directory_->resolve(provider));
  return success();
}

bool provider_registry::is_local(std::string_view provider) const {
  return directory_->is_local(provider);
}

result<std::string> provider_registry::base_url(std::string_view provider) const {
  TRY(auto found, directory_->locate(provider));
  return std::move(found.base_url);
}

std::vector<key_report> provider_registry::keys() const {
  return directory_->keys();
}

void provider_registry::announce_keys() const {
  for (const auto& name : known())
    static_cast<void>(directory_->resolve(name, directory::reach::quick));
}

std::vector<std::string> provider_registry::known() const {
  return directory_->known();
}
void provider_registry::stop() {
  directory_->stop();
}

} // namespace ash::provider
