// `check`: the impossible happened (corrupt history, broken invariant). It says where and throws so
// that one entity crashes and not the process. Never for what can be expected: that is a refusal.
#pragma once

#include <source_location>
#include <string_view>

namespace ash {

[[noreturn]] void fail_check(std::string_view what, std::source_location where);

/// Throws a std::logic_error with `what` unless `holds`.
inline void check(bool holds,
                  std::string_view what,
                  std::source_location where = std::source_location::current()) {
  if (!holds) [[unlikely]]
    fail_check(what, where);
}

} // namespace ash
