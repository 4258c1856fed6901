#include "gateway/metrics/process_figures.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

namespace ash::gateway {
namespace {

/// When the machine was started, in seconds since 1970; 0 where that is not known.
double boot_time() {
  std::ifstream file{"/proc/stat"};
  std::string name;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words{line};
    double value = 0;
    if (words >> name >> value && name == "btime")
      return value;
  }
  return 0;
}

void write_times(sheet& to) {
  std::ifstream file{"/proc/self/stat"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  const auto named = text.rfind(')'); // the program's name before it may hold anything
  if (named == std::string::npos)
    return;
  std::istringstream rest{text.substr(named + 2)};
  const std::vector<std::string> fields{std::istream_iterator<std::string>{rest}, {}};
  // Of proc(5)'s numbers, where the state is field 3 and the first one here.
  constexpr std::size_t user_time = 11;
  constexpr std::size_t system_time = 12;
  constexpr std::size_t begun = 19;
  constexpr std::size_t resident_pages = 21;
  if (fields.size() <= resident_pages)
    return;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  to.put("process_cpu_seconds_total",
         (std::stod(fields[user_time]) + std::stod(fields[system_time])) / ticks);
  to.put("process_resident_memory_bytes",
         std::stod(fields[resident_pages]) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  if (const auto boot = boot_time(); boot > 0)
    to.put("process_start_time_seconds", boot + std::stod(fields[begun]) / ticks);
}

} // namespace

void write_process_figures(sheet& to) {
  write_times(to);
  std::error_code error;
  const std::filesystem::directory_iterator open{"/proc/self/fd", error};
  if (!error)
    to.put("process_open_fds", static_cast<double>(std::distance(begin(open), end(open))));
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
    to.put("process_max_fds", static_cast<double>(limit.rlim_cur));
}

} // namespace ash::gateway
