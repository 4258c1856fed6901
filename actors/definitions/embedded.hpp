// The files of `schemas/` that are built into the binary, so that it runs from anywhere. Read-only.
#pragma once

#include <span>
#include <string_view>

namespace ash::definitions {

struct embedded_file {
  std::string_view path; ///< relative to `schemas/`, for example `workflows/spec-and-review@1.yaml`
  std::string_view text;
};

/// Sorted by path.
std::span<const embedded_file> embedded_files() noexcept;
/// The text of one, or an empty text where there is none.
std::string_view embedded_text(std::string_view path) noexcept;

} // namespace ash::definitions
