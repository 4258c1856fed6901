#include "bench/report.hpp"

#include "events/base/ids.hpp"
#include "events/base/json.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <sys/utsname.h>
#include <thread>
#include <unistd.h>

namespace ash::bench {
namespace {

/// The text after `key :` in the first line of a file under /proc that begins with `key`.
std::string proc_value(const char* file, std::string_view key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string::npos)
      continue;
    const auto begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? std::string{} : line.substr(begin);
  }
  return "unknown";
}

std::string cell(const boost::json::value& value) {
  if (value.is_double())
    return fmt::format("{:.3f}", value.get_double());
  if (value.is_string())
    return std::string{value.get_string()};
  return to_json_text(value);
}

[[noreturn]] void explain(std::string_view name) {
  fmt::print(stderr, "usage: bench_{} [--json] [--dir DIR] [--seconds N] [--count N]\n", name);
  std::exit(2);
}

std::int64_t number_of(const char* text, std::string_view name) {
  char* end = nullptr;
  const auto value = std::strtoll(text, &end, 10);
  if (*end != '\0' || value <= 0)
    explain(name);
  return value;
}

} // namespace

void give_up(const error& why) {
  fmt::print(stderr, "{}\n", to_string(why));
  std::exit(1);
}

settings read_arguments(int argc, const char* const* argv, std::string_view name) {
  settings out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--json")
      out.json = true;
    else if (i + 1 == argc)
      explain(name);
    else if (arg == "--dir")
      out.directory = argv[++i];
    else if (arg == "--seconds")
      out.seconds = number_of(argv[++i], name);
    else if (arg == "--count")
      out.count = number_of(argv[++i], name);
    else
      explain(name);
  }
  if (out.directory.empty())
    out.directory = std::filesystem::temp_directory_path().string();
  return out;
}

std::string machine() {
  utsname kernel{};
  uname(&kernel);
  return fmt::format("{} × {}, {}, {} {}",
                     std::thread::hardware_concurrency(),
                     proc_value("/proc/cpuinfo", "model name"),
                     proc_value("/proc/meminfo", "MemTotal"),
                     kernel.sysname,
                     kernel.release);
}

void print(const settings& how,
           std::string_view name,
           const std::vector<boost::json::object>& rows) {
  if (how.json) {
    boost::json::array all;
    for (const auto& row : rows)
      all.emplace_back(row);
    fmt::print("{}\n",
               to_json_text(boost::json::object{
                   {"name", name}, {"rows", std::move(all)}, {"machine", machine()}}));
    return;
  }
  if (rows.empty())
    return;
  std::vector<std::size_t> widths;
  for (const auto& column : rows.front()) {
    widths.push_back(column.key().size());
    for (const auto& row : rows)
      widths.back() = std::max(widths.back(), cell(row.at(column.key())).size());
  }
  std::size_t at = 0;
  for (const auto& column : rows.front())
    fmt::print("{:>{}}  ", std::string_view{column.key()}, widths[at++]);
  fmt::print("\n");
  for (const auto& row : rows) {
    at = 0;
    for (const auto& column : row)
      fmt::print("{:>{}}  ", cell(column.value()), widths[at++]);
    fmt::print("\n");
  }
  fmt::print("{}\n", machine());
}

double quantile(std::vector<float>& values, double share) {
  if (values.empty())
    return 0;
  const auto last = static_cast<double>(values.size() - 1);
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(share * last);
  std::nth_element(values.begin(), nth, values.end());
  return static_cast<double>(*nth);
}

std::int64_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::int64_t size = 0;
  std::int64_t resident = 0;
  in >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

scratch::scratch(const settings& how)
    : path_(how.directory + "/actor-shell-bench-" + to_string(random_uuid())) {
  std::filesystem::create_directories(path_);
}

scratch::~scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string scratch::next() {
  return path_ + '/' + std::to_string(used_++);
}

} // namespace ash::bench
