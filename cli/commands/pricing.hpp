// The commands about prices; as those of `commands.hpp`. They ask no server of ours: prices are of
// the data directory and the configuration here.
#pragma once

#include "actors/definitions/price_book.hpp"
#include "cli/commands/commands.hpp"

namespace ash::cli {

int pricing_list(const settings& with);
/// Asks the provider for its list of models, and keeps the prices in the data directory.
int pricing_fetch(const settings& with, const std::string& provider);

/// The prices that hold for `with`. Errors: those of `price_book::open`.
result<std::shared_ptr<const definitions::price_table>>
prices_of(const settings& with, const definitions::config& config);
/// The models of all personas, and the one by default, that have no price; sorted. Errors: those of
/// `library::load`.
result<std::vector<std::string>> unpriced_models(const settings& with,
                                                 const definitions::config& config,
                                                 const definitions::price_table& prices);

} // namespace ash::cli
