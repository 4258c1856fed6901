#include "actors/shells/provider_setup.hpp"

#include "actors/definitions/embedded.hpp"

namespace ash {

provider::registry_options provider_options_of(const definitions::config& config,
                                               const secrets::key_store& keys) {
  provider::registry_options out;
  for (const auto& [name, from] : config.providers) {
    provider::provider_settings one;
    one.name = name;
    one.base_url = from.base_url.value_or("");
    one.api_key = from.api_key.value_or("");
    one.kind = from.kind == definitions::provider_kind::anthropic
                   ? provider::provider_kind::anthropic
                   : provider::provider_kind::openai_compatible;
    out.providers.push_back(std::move(one));
  }
  out.stored_key = [keys](const std::string& name) -> result<provider::kept_key> {
    TRY(auto found, keys.find(name));
    return provider::kept_key{
        std::move(found.key), std::move(found.place), std::move(found.looked)};
  };
  out.builtin_script = [](std::string_view name) -> std::optional<std::string> {
    constexpr std::string_view folder = "builtin/";
    if (!name.starts_with(folder))
      return std::nullopt;
    const auto text =
        definitions::embedded_text("scripts/" + std::string{name.substr(folder.size())} + ".yaml");
    return text.empty() ? std::nullopt : std::optional{std::string{text}};
  };
  return out;
}

std::vector<std::string> sending_providers(const provider::provider_registry& all) {
  auto names = all.known();
  std::erase(names, "scripted");
  return names;
}

} // namespace ash
