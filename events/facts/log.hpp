// What happens to the log itself, in the stream `log/main`.
#pragma once

#include "events/facts/common.hpp"

#include <variant>

namespace ash::log {

/// The log was restored from a backup: what follows is another life of it.
struct restored {
  static constexpr std::string_view type = "log.restored";
  incarnation_id from;
  incarnation_id to;
  std::int64_t head = 0; ///< the last position of the backup
  instant backup_at;
};
BOOST_DESCRIBE_STRUCT(restored, (), (from, to, head, backup_at))

using fact = std::variant<restored>;

} // namespace ash::log
