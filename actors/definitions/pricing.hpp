// What a token costs: a table from model names to exact prices. It belongs to whoever estimates and
// settles calls; it never asks a provider and never guesses a price for a model that it does not
// know.
#pragma once

#include "events/base/money.hpp"
#include "events/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ash::definitions {

/// US dollars a token, exact. `cached_input` is for the part of the input that the provider had
/// cached.
struct model_price {
  usd input;
  usd cached_input;
  usd output;

  friend bool operator==(const model_price&, const model_price&) = default;
};

class price_table {
public:
  /// Prices in the file are US dollars a million tokens. Errors: `config_invalid`, `unknown_field`.
  static result<price_table> parse(std::string_view text, std::string file);
  /// The table that is built into the binary.
  static const price_table& shipped();

  /// The price of `provider:model`: that of the first row whose pattern matches.
  [[nodiscard]] std::optional<model_price> find(std::string_view model) const;

private:
  struct row {
    std::string pattern;
    model_price price;
  };
  std::vector<row> rows_;
};

} // namespace ash::definitions
