// What a session's decisions, its fold and its effects look up alike. Private to them.
#pragma once

#include "actors/aggregates/session.hpp"

#include <optional>

namespace ash::session {

inline bool is_child(const active& s) {
  return !s.about.asked_by.is_nil();
}

/// How a child's turn ended, where this is its end.
inline std::optional<ended> outcome_of(const turn::fact& f) {
  if (const auto* good = std::get_if<turn::completed>(&f))
    return ended{"done", good->text, {}};
  if (const auto* bad = std::get_if<turn::failed>(&f))
    return ended{bad->message, {}, bad->code};
  if (const auto* cut = std::get_if<turn::interrupted>(&f))
    return ended{cut->reason, {}, std::string{to_string(errc::cancelled)}};
  return std::nullopt;
}

} // namespace ash::session
