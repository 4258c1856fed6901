// What `doctor` says of what lies outside this machine's files: keys, consent, providers, prices,
// Postgres, and the clock beside theirs. It sends no key anywhere.
#pragma once

#include "cli/commands/commands.hpp"

namespace ash::cli {

enum class verdict : std::uint8_t { good, warning, bad };

struct finding {
  std::string what;
  verdict how = verdict::good;
  std::string detail;
  std::string advice; ///< of anything but good
};

std::vector<finding>
check_outside(const settings& with, const definitions::config& config, const doctor_options& asked);

} // namespace ash::cli
