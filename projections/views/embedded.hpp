// The views' SQL, built into the binary. Private to the views.
#pragma once

#include <span>
#include <string_view>

namespace ash::projections {

struct embedded_file {
  std::string_view path; ///< for example `runs.sql`
  std::string_view text;
};

std::span<const embedded_file> embedded_files() noexcept;

} // namespace ash::projections
