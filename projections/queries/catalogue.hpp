// What can be listed: which view keeps it, and by what it may be filtered. Private to queries.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace ash::projections {

struct listed {
  std::string_view name; ///< also the table's
  std::string_view view;
  std::vector<std::string_view> filters; ///< columns
};

std::span<const listed> catalogue();
/// Null where there is no such list.
const listed* find_listed(std::string_view name);

} // namespace ash::projections
