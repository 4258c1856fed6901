#include "events/base/fail_point.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace ash {
namespace {

constexpr std::array names{
#define ASH_ROW(name, text) std::string_view{text},
    ASH_FAIL_POINTS(ASH_ROW)
#undef ASH_ROW
};

struct settings {
  std::string name;
  long at = 0;
  int count_file = -1;
};

settings read_settings() {
  settings read;
  if (const auto* at = std::getenv("ACTOR_SHELL_FAIL_AT")) {
    const std::string text{at};
    const auto colon = text.rfind(':');
    read.name = text.substr(0, colon);
    read.at = colon == std::string::npos ? 1 : std::strtol(text.c_str() + colon + 1, nullptr, 10);
  }
  if (const auto* file = std::getenv("ACTOR_SHELL_FAIL_COUNT"))
    read.count_file = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  return read;
}

const settings& armed() {
  static const settings read = read_settings();
  return read;
}

} // namespace

namespace detail {

std::atomic<bool> fail_points_armed{std::getenv("ACTOR_SHELL_FAIL_AT") != nullptr ||
                                    std::getenv("ACTOR_SHELL_FAIL_COUNT") != nullptr};

void pass_armed(fail_point point) {
  static std::array<std::atomic<long>, names.size()> passed{};
  const auto index = static_cast<std::size_t>(point);
  const auto count = ++passed[index];
  const auto& set = armed();
  if (set.count_file >= 0) {
    const auto line = std::string{names[index]} + '\n';
    [[maybe_unused]] const auto written = write(set.count_file, line.data(), line.size());
  }
  if (set.name == names[index] && set.at == count)
    raise(SIGKILL);
}

} // namespace detail

std::string_view to_string(fail_point point) noexcept {
  return names[static_cast<std::size_t>(point)];
}

std::vector<std::string_view> fail_point_names() {
  return {names.begin(), names.end()};
}

} // namespace ash
