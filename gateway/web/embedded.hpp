// The files of `page/` as the build put them into the binary. Private to gateway/web.
#pragma once

#include <span>
#include <string_view>

namespace ash::gateway::web {

struct embedded_file {
  std::string_view path; ///< relative to `page/`
  std::string_view text;
};

std::span<const embedded_file> embedded_files() noexcept;

} // namespace ash::gateway::web
