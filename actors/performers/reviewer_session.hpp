// The session of a model that decides about a tool call: who it is, what it is told, what pays for
// it. Whether it is asked, and what its answer leads to, the call's aggregate decides.
#pragma once

#include "actors/performers/make_performer.hpp"

namespace ash::performers {

/// What of an asker's turns a reviewer is told, newest last; each bounded in bytes.
constexpr std::size_t review_request_bytes = std::size_t{8} * 1024;     ///< what the asker was told
constexpr std::size_t review_transcript_bytes = std::size_t{16} * 1024; ///< all that followed
constexpr std::size_t review_piece_bytes = std::size_t{4} * 1024;       ///< one of its messages

/// The only message of the reviewer: one line, then a JSON object with the request, why it is asked
/// about, and what came before it in the turns of `what.owner`. Errors: those of reading the log.
result<std::string> review_task(const tool_call::requested& what, const log::event_log& log);

/// The reviewer's session for the call: no tools, one step, paid for by all that pay for the asker.
/// Errors: those of `review_task` and of `performer_options::reviewable`.
result<session::created> reviewer_of(const tool_call::requested& what,
                                     const performer_options& options);

} // namespace ash::performers
