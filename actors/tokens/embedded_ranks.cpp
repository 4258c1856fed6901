#include "actors/tokens/embedded_ranks.hpp"

#ifdef ASH_RANKS_FILE
// A megabyte as a literal would take the compiler seconds.
asm(".section .rodata\n"
    "ash_ranks_begin: .incbin \"" ASH_RANKS_FILE "\"\n"
    "ash_ranks_end: .byte 0\n"
    ".previous\n");

extern const char ranks_begin __asm__("ash_ranks_begin");
extern const char ranks_end __asm__("ash_ranks_end");
#endif

namespace ash::tokens {

std::string_view embedded_ranks() noexcept {
#ifdef ASH_RANKS_FILE
  return {&ranks_begin, &ranks_end};
#else
  return {};
#endif
}

} // namespace ash::tokens
