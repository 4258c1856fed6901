// Whether a Markdown artifact has the headings that its phase asks for. Pure.
#pragma once

#include "actors/definitions/artifact_schema.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ash::definitions {

/// Everything that is wrong with `text`: it is empty or no UTF-8, or a heading of `headings` is
/// missing or has nothing beneath it. A heading is a line `# Text` to `###### Text`, or a text
/// underlined with `=` or `-`, outside fenced code; case and spaces at its ends do not matter.
std::vector<finding> check_markdown(std::string_view text,
                                    const std::vector<std::string>& headings);

} // namespace ash::definitions
