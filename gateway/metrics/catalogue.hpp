// Every metric that there is: its name, kind, labels and meaning. The exposition, docs/metrics.md,
// the dashboard and the alert rules are all held against this list. Constant.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ash::gateway {

enum class metric_kind : std::uint8_t { counter, gauge, histogram, summary };
std::string_view to_string(metric_kind kind) noexcept;

struct metric_spec {
  std::string_view name;
  metric_kind kind;
  std::string_view labels; ///< their names, separated by `, `
  std::string_view help;
};

/// In the order in which they are shown.
std::span<const metric_spec> metric_catalogue() noexcept;

} // namespace ash::gateway
