// Who agreed that the content of repositories goes to a backend, or that a persona is used: facts
// of the stream `log/definitions`, folded here. What stays on this machine needs nobody's consent.
#pragma once

#include "events/log/event_log.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ash {

struct consent {
  std::string subject; ///< `backend NAME` or `persona NAME`
  std::string by;
  instant at;
};

class consents {
public:
  /// Those that stand now. Errors: those of reading.
  static result<consents> read(const log::event_log& log);

  [[nodiscard]] const std::vector<consent>& all() const noexcept { return all_; }
  [[nodiscard]] bool has(std::string_view subject) const;

private:
  std::vector<consent> all_; ///< in the order of their granting
};

enum class consent_change : std::uint8_t { grant, revoke };

/// Records a change; false where it stands already. Errors: `argument_invalid` for a subject of
/// another form, and those of the log.
result<bool> change_consent(log::event_log& log,
                            consent_change what,
                            const std::string& subject,
                            const std::string& by,
                            instant now);

} // namespace ash
