// What happens to the log itself, in the stream `log/main`, and to what is known to all runs: the
// definitions and the consent to personas, in `log/definitions`.
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

/// A persona was seen for the first time. Its content under this name and version is fixed.
struct persona_registered {
  static constexpr std::string_view type = "persona.registered";
  std::string persona = {}; ///< `name@version`
  std::string hash = {};
  std::string json = {}; ///< canonical
};
BOOST_DESCRIBE_STRUCT(persona_registered, (), (persona, hash, json))

/// A workflow template was seen for the first time.
struct template_registered {
  static constexpr std::string_view type = "template.registered";
  std::string workflow = {}; ///< `name@version`
  std::string hash = {};
  std::string json = {}; ///< canonical
};
BOOST_DESCRIBE_STRUCT(template_registered, (), (workflow, hash, json))

/// Someone agreed that runs may use a persona, or everything of a backend.
struct consent_granted {
  static constexpr std::string_view type = "persona.consent.granted";
  std::string subject = {}; ///< `persona NAME` or `backend NAME`
  std::string by = {};
};
BOOST_DESCRIBE_STRUCT(consent_granted, (), (subject, by))

struct consent_revoked {
  static constexpr std::string_view type = "persona.consent.revoked";
  std::string subject = {};
  std::string by = {};
};
BOOST_DESCRIBE_STRUCT(consent_revoked, (), (subject, by))

using fact = std::
    variant<restored, persona_registered, template_registered, consent_granted, consent_revoked>;

} // namespace ash::log
