// What a token costs: a table from model names to exact prices. It belongs to whoever estimates and
// settles calls; it never asks a provider and never guesses a price for a model that it does not
// know.
#pragma once

#include "events/base/money.hpp"
#include "events/base/result.hpp"
#include "events/base/yaml.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ash::definitions {

/// The most that a token may cost, $5,000 a million: beyond it what a call with as many tokens as a
/// persona may allow is estimated at would leave the range of money.
constexpr usd max_token_price{5'000'000'000};

/// US dollars a token, exact. `cached_input` is for the part of the input that the provider had
/// cached.
struct model_price {
  usd input;
  usd cached_input;
  usd output;

  friend bool operator==(const model_price&, const model_price&) = default;
};

/// Where a price comes from; each goes before the next.
enum class price_source : std::uint8_t { config, fetched, shipped };
std::string_view to_string(price_source value) noexcept;

struct price_row {
  std::string model; ///< `provider:model`, or a glob over it
  model_price price;
  std::string as_of; ///< the date, `2026-11-21`; empty where nobody said
  price_source source = price_source::shipped;
  bool exact = false; ///< the model's very name, in which nothing is a wildcard

  [[nodiscard]] bool matches(std::string_view name) const;
  friend bool operator==(const price_row&, const price_row&) = default;
};

class price_table {
public:
  price_table() = default;
  explicit price_table(std::vector<price_row> rows) : rows_{std::move(rows)} {}

  /// Prices in the file are US dollars a million tokens. Errors: `config_invalid`, `unknown_field`.
  static result<price_table> parse(std::string_view text, std::string file);
  /// The table that is built into the binary.
  static const price_table& shipped();

  /// The price of `provider:model`: that of the first row that matches.
  [[nodiscard]] std::optional<model_price> find(std::string_view model) const;
  /// In the order in which they are looked through.
  [[nodiscard]] const std::vector<price_row>& rows() const noexcept { return rows_; }

private:
  std::vector<price_row> rows_;
};

enum class price_date : std::uint8_t { required, optional };

/// The rows of the list `prices` in a mapping; none where there is no such list.
std::vector<price_row>
read_price_rows(yaml::object_reader& at, price_source source, price_date dated);

/// A price as text, dollars a million tokens. It has all of its decimals.
std::string per_million(usd a_token);

} // namespace ash::definitions
