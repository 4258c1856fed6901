// What a run would cost, shown before it starts: the table, what there is to warn of, and the
// question whether to go on.
#pragma once

#include "cli/commands/commands.hpp"

#include <boost/json/object.hpp>
#include <stop_token>

namespace ash::cli {

/// Whether a run's start shows what it would cost.
enum class previewing : std::uint8_t {
  ask,  ///< and asks, where a person is at the terminal
  show, ///< and goes on
  skip, ///< shows nothing but models without a price
};
previewing previewing_of(const run_options& asked);

/// `preview` as the API has it. On stderr; errors: `cancelled` where the person declines, or `stop`
/// is requested meanwhile.
result<void>
show_before_start(const json::object& preview, previewing how, const std::stop_token& stop);

/// The whole answer of `run --preview`.
void print_preview(const settings& with, const json::object& preview);

} // namespace ash::cli
