// How a bench shows what it measured: a table for people, one JSON object for scripts.
#pragma once

#include "events/base/result.hpp"

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace ash::bench {

/// What was asked for on the command line: `[--json] [--dir DIR] [--seconds N] [--count N]`.
struct settings {
  bool json = false;
  std::string directory;    ///< an empty one is made in it, and removed at the end
  std::int64_t seconds = 3; ///< a measurement
  std::int64_t count = 0;   ///< of what the bench is about; 0: its own figure
};

/// Exits with a message and status 2 where an argument is not understood.
settings read_arguments(int argc, const char* const* argv, std::string_view name);

/// Where it ran: processors, their model, memory, kernel.
std::string machine();

/// Prints the error and exits with status 1.
[[noreturn]] void give_up(const error& why);

/// What must not fail while something is measured.
template <class T> T must(result<T> from) {
  if (!from)
    give_up(from.error());
  if constexpr (!std::is_void_v<T>)
    return std::move(from).value();
}

/// Rows of equal keys, as an aligned table or as `{"name", "rows", "machine"}`.
void print(const settings& how,
           std::string_view name,
           const std::vector<boost::json::object>& rows);

/// The `share` quantile of `values` (0.5 the median), which it reorders; 0 where there are none.
double quantile(std::vector<float>& values, double share);

/// Resident memory of this process, in bytes.
std::int64_t resident_bytes();

/// A directory of its own, gone with the object.
class scratch {
public:
  explicit scratch(const settings& how);
  ~scratch();
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  /// A path in it that nothing has used yet.
  std::string next();

private:
  std::string path_;
  int used_ = 0;
};

} // namespace ash::bench
