// Who agreed that the content of repositories goes to a backend, or that a persona is used: facts
// of the stream `log/definitions`, folded here. What stays on this machine needs nobody's consent.
#pragma once

#include "events/log/event_log.hpp"

#include <functional>
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

/// The names of every known `backend`, or `persona`.
using consent_names = std::function<result<std::vector<std::string>>(std::string_view kind)>;

/// Records a change; false where it stands already. What was consented to can be revoked whether or
/// not it is still known. Errors: `argument_invalid` for a subject of another form,
/// `config_invalid` and `persona_not_found` for one that nobody knows, and those of `known` and the
/// log.
result<bool> change_consent(log::event_log& log,
                            consent_change what,
                            const std::string& subject,
                            const std::string& by,
                            instant now,
                            const consent_names& known);

} // namespace ash
