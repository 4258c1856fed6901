#include "actors/definitions/embedded.hpp"

namespace ash::definitions {

std::string_view embedded_text(std::string_view path) noexcept {
  for (const auto& file : embedded_files())
    if (file.path == path)
      return file.text;
  return {};
}

} // namespace ash::definitions
