// How entities of each kind are made, and how their facts and states are stored: the one place
// where shells meet the codec. Stateless and thread-safe; a seam, so that tests can bring toy
// aggregates.
#pragma once

#include "actors/entity/any_entity.hpp"
#include "events/log/event_log.hpp"

#include <memory>
#include <optional>
#include <string>

namespace ash::shell {

/// One fact as the log takes it.
struct stored_fact {
  log::draft draft;
  std::vector<log::blob> blobs;
};

class entity_forms {
public:
  virtual ~entity_forms() = default;
  /// Errors: `argument_invalid` for a stream that no entity owns.
  [[nodiscard]] virtual result<std::unique_ptr<any_entity>> make(entity_setup setup) const = 0;
  [[nodiscard]] virtual stored_fact encode(const any_fact& fact) const = 0;
  /// Errors: `log_corrupt`.
  [[nodiscard]] virtual result<any_fact> decode(const log::record& from) const = 0;
  /// The state as bytes; none where this kind of entity has no snapshots.
  [[nodiscard]] virtual std::optional<std::string> pack(const any_entity& from) const = 0;
  /// Gives the entity the state of `bytes`. Where that fails the entity is unchanged.
  virtual result<void> unpack(any_entity& into, const log::snapshot& from) const = 0;
};

/// Those of actor-shell's own aggregates.
const entity_forms& stored_forms();

} // namespace ash::shell
