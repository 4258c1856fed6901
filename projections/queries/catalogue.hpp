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

/// A filter whose column only ever holds one of these; ids, names and codes are free.
struct enumerated {
  std::string_view list;
  std::string_view filter;
  std::vector<std::string_view> values;
};

std::span<const listed> catalogue();
/// Null where there is no such list.
const listed* find_listed(std::string_view name);
/// Null where any value may be asked for.
const enumerated* find_enumerated(std::string_view list, std::string_view filter);

} // namespace ash::projections
