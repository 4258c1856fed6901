// The file of ranks, as its package has it, within the binary. Private to actors/tokens.
#pragma once

#include <string_view>

namespace ash::tokens {

/// Empty where the binary was built without it.
std::string_view embedded_ranks() noexcept;

} // namespace ash::tokens
