// Where a fact stands in the tree, as the views' rows name it. Private to the views.
#pragma once

#include "events/codec/shape.hpp"
#include "events/log/event_log.hpp"

#include <string>

namespace ash::projections {

/// The id of the run at the top; empty beneath a session.
inline std::string run_above(const log::record& from) {
  return from.root.kind() == entity_kind::run ? std::string{from.root.key()} : std::string{};
}

/// The id of the session at the top; empty beneath a run.
inline std::string session_above(const log::record& from) {
  return from.root.kind() == entity_kind::session ? std::string{from.root.key()} : std::string{};
}

/// The id that is the name of the fact's own stream.
inline std::string id_of(const log::record& from) {
  return std::string{from.stream.key()};
}

template <class Enum> std::string name_of(Enum value) {
  return std::string{codec::enumerator_name(value)};
}

} // namespace ash::projections
