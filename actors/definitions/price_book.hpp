// The prices that hold: those of the configuration, then those that were fetched from providers and
// are kept in the data directory, then the shipped table. What a provider says is verified when it
// is fetched and again when it is read back. Nothing here talks to a provider.
#pragma once

#include "actors/definitions/pricing.hpp"
#include "events/base/clock.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace ash::definitions {

/// What one provider said of its models.
struct fetched_prices {
  std::string provider;
  std::string fetched_at; ///< ISO 8601, UTC
  std::vector<price_row> rows;
  std::size_t left_out = 0; ///< models without a price that bounds what a call costs
};

/// The answer of a provider's models endpoint, in the form of OpenRouter: `data`, a list of objects
/// with `id` and `pricing`, which has `prompt` and `completion` as texts, dollars a token. Left out
/// are models with a price that is no such text, negative (it varies), finer than 10⁻¹² dollars or
/// above `max_token_price`, and those that charge for each request besides. Errors:
/// `provider_response_invalid`, also where no model has a price.
result<fetched_prices>
parse_models(const std::string& provider, std::string_view body, instant fetched_at);

/// Keeps them as `DIRECTORY/PROVIDER.json`, mode 0600, whole or not at all. Errors: `io_failed`,
/// `storage_full`.
result<void> keep_prices(const std::string& directory, const fetched_prices& what);
/// All that are kept, by provider. Errors: `config_invalid` naming a file that is not what
/// `keep_prices` wrote, `io_failed`.
result<std::vector<fetched_prices>> kept_prices(const std::string& directory);

/// Thread-safe.
class price_book {
public:
  /// Errors: as of `kept_prices`.
  static result<std::shared_ptr<price_book>> open(std::vector<price_row> configured,
                                                  std::string directory);

  /// Looked up anew where the kept files have changed since; where they can't be read, as before.
  [[nodiscard]] std::shared_ptr<const price_table> now();

private:
  price_book(std::vector<price_row> configured, std::string directory)
      : configured_{std::move(configured)}, directory_{std::move(directory)} {}
  result<void> read();

  std::vector<price_row> configured_;
  std::string directory_;
  std::mutex mutex_; // guards the rest
  std::string seen_; ///< what the kept files looked like
  std::shared_ptr<const price_table> table_;
};

} // namespace ash::definitions
