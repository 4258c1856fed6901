// The books of a store: which set of tables is live, which is being made, and how far each view is.
// A set is a generation: its tables are named after its number, so that a new one grows beside the
// old one and takes its place in one transaction. Owned by the projector; queries read it.
#pragma once

#include "events/base/ids.hpp"
#include "projections/store/store.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ash::projections {

class view;

enum class generation_state : std::uint8_t { live, building };

struct generation {
  std::int64_t number = 0;
  std::string incarnation; ///< of the log that it was made from
  std::string layout;      ///< the hash of the tables' definitions

  /// The name of one of its tables.
  [[nodiscard]] std::string table(std::string_view name) const {
    return "g" + std::to_string(number) + "_" + std::string{name};
  }
};

/// How far a view is in a generation.
struct cursor {
  std::string view;
  std::uint64_t position = 0;
  std::uint64_t stopped_at = 0; ///< the fact that it can't apply; 0: none
  std::string code;
  std::string message;
};

/// Brings the books themselves up to date, in a transaction of its own. Errors: those of the store;
/// `internal_error` where a newer version has written them.
result<void> migrate(connection& at);

// Each of these within the caller's transaction. Errors: those of the store.

result<std::optional<generation>> find_generation(connection& at, generation_state which);
/// Makes the tables of `views`, with cursors at 0. Another generation that is being built is
/// dropped.
result<generation> make_generation(connection& at,
                                   generation_state as,
                                   const std::string& incarnation,
                                   const std::vector<view*>& views);
/// Makes `which` the live one and drops every other.
result<void> make_live(connection& at, const generation& which);
result<std::vector<cursor>> read_cursors(connection& at, const generation& of);
result<void> write_cursors(connection& at, const generation& of, std::span<const cursor> cursors);

/// The hash of what the tables of `views` are like: another one asks for a rebuild.
std::string layout_of(const std::vector<view*>& views);

} // namespace ash::projections
