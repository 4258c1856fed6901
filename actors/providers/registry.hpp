// Which provider a model's name means. The composition root makes one; it owns the transport, finds
// keys and base URLs (settings first, then the environment, then where `login` keeps them) and
// keeps each provider once. It never gives a key away.
#pragma once

#include "actors/providers/provider.hpp"
#include "actors/providers/transport.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ash::provider {

/// `openrouter:deepseek/deepseek-chat` taken apart at the first colon.
struct model_name {
  std::string provider;
  std::string model;
};
/// Errors: `argument_invalid` where one side is missing.
result<model_name> split_model_name(std::string_view text);

enum class provider_kind : std::uint8_t { openai_compatible, anthropic };

/// Settings of one provider: of a built-in one they replace what the environment says.
struct provider_settings {
  std::string name = {};
  std::string base_url = {}; ///< empty: the environment's, then the built-in one
  std::string api_key = {};  ///< empty: the environment's
  provider_kind kind = provider_kind::openai_compatible; ///< built-in names have their own
  std::vector<std::string> headers = {};                 ///< further `Name: value` lines
};

/// What is known of a key that is kept outside settings and environment.
struct kept_key {
  std::optional<std::string> key;
  std::string place = {};               ///< for example `keyring`
  std::vector<std::string> looked = {}; ///< each place without one
};

/// Where a provider's key is; never the key.
struct key_report {
  std::string provider;
  std::string place;  ///< `configuration`, `environment`, `keyring`, a file; empty: there is none
  std::string ending; ///< at most its last 4 characters, and none of a short one
  bool needed = true; ///< a server of one's own may need none
  std::optional<error> problem = std::nullopt;
};

struct registry_options {
  std::vector<provider_settings> providers;
  /// Looks further where neither settings nor environment have a key. Empty: nowhere.
  std::function<result<kept_key>(const std::string& provider)> stored_key;
  /// Is told each key that comes into use, so that it can be kept out of what is recorded.
  std::function<void(const std::string& key)> on_key;
  /// Reads an environment variable. Empty: the process's own environment.
  std::function<std::optional<std::string>(std::string_view)> environment;
  /// The text of a script that the program brings along, for example `builtin/demo`.
  std::function<std::optional<std::string>(std::string_view)> builtin_script;
  transport_limits limits;
};

/// Thread-safe. Built in: `openrouter`, `openai`, `anthropic`, `scripted`.
class provider_registry {
public:
  explicit provider_registry(registry_options options = {});
  ~provider_registry();
  provider_registry(const provider_registry&) = delete;
  provider_registry& operator=(const provider_registry&) = delete;

  /// The provider of `provider:model`; its calls take the part after the colon as `request::model`.
  /// Errors: `argument_invalid` (no such form), `config_invalid` (unknown provider, with the known
  /// ones; a bad base URL or key), `secret_missing` (naming the variable to set), and those of
  /// `load_scripted`.
  result<std::shared_ptr<model_provider>> find(std::string_view name);

  /// Whether a provider could be used, without loading a script: for choosing personas and
  /// `doctor`.
  result<> usable(std::string_view provider);
  /// Whether what it is sent stays on this machine: a script, or a server on the loopback.
  [[nodiscard]] bool is_local(std::string_view provider) const;
  /// Where its calls go. Errors: as of `find`, but for the key.
  [[nodiscard]] result<std::string> base_url(std::string_view provider) const;
  /// Every provider that could have a key, sorted by name.
  [[nodiscard]] std::vector<key_report> keys() const;
  /// Tells `on_key` of the keys that settings and environment hold; looks nowhere else.
  void announce_keys() const;

  /// The names that `find` knows, sorted.
  [[nodiscard]] std::vector<std::string> known() const;

  /// Ends every call of every HTTP provider with errc::cancelled.
  void stop();

private:
  class directory;
  std::unique_ptr<directory> directory_;
};

} // namespace ash::provider
