#include "events/base/check.hpp"

#include <cstdio>
#include <stdexcept>
#include <string>

namespace ash {

void fail_check(std::string_view what, std::source_location where) {
  std::fprintf(stderr,
               "actor-shell: invariant broken: %.*s (%s:%u)\n",
               static_cast<int>(what.size()),
               what.data(),
               where.file_name(),
               where.line());
  throw std::logic_error{"invariant broken: " + std::string{what}};
}

} // namespace ash
