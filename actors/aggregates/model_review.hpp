// A model that decides, in a person's place, about a call outside of the writable paths: when it is
// asked, in which session, and what its answer means. Pure; whoever creates that session reads the
// same. The session is no sub-agent's: it has no tools, and asks for nothing itself.
#pragma once

#include "actors/aggregates/commands.hpp"
#include "actors/aggregates/permissions.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace ash::model_review {

/// Longer arguments are a person's to judge: a model has to see all of what it decides about.
constexpr std::size_t max_arguments_bytes = std::size_t{32} * 1024;
/// A longer answer is none, and of a reason no more than this is kept.
constexpr std::size_t max_answer_bytes = std::size_t{4} * 1024;
constexpr std::size_t max_reason_bytes = 600;

/// Whether the call's reviewer is asked before a person is.
bool is_wanted(const tool_call::requested& what, const policy::permit& verdict);

/// The same call has the same reviewer, however often it is asked for.
session_id session_of(const tool_call_id& call);
/// Whether the session is a reviewer's.
bool is_reviewer(const session::created& about);

enum class answer : std::uint8_t { approve, deny, ask };

struct opinion {
  answer what = answer::ask; ///< `ask`: a person decides
  std::string reason;        ///< one line, safe for a terminal

  friend bool operator==(const opinion&, const opinion&) = default;
};

/// Reads `{"verdict": "approve" | "deny" | "ask", "reason": "…"}`. Whatever is not exactly that is
/// `ask`, and the reason says so.
opinion read(std::string_view text);

/// What the end of the reviewer's session means; one that failed has no opinion.
opinion opinion_of(const tool_call::finish& end);

} // namespace ash::model_review
