// `check`: the impossible happened (corrupt history, broken invariant), so the process says where
// and stops. Never for input, I/O or anything else that can be expected: those are refusals.
#pragma once

#include <source_location>
#include <string_view>

namespace ash {

[[noreturn]] void fail_check(std::string_view what, std::source_location where);

/// Stops the process with `what` unless `holds`.
inline void check(bool holds,
                  std::string_view what,
                  std::source_location where = std::source_location::current()) {
  if (!holds) [[unlikely]]
    fail_check(what, where);
}

} // namespace ash
