// The error catalogue: one stable code a situation, its class, and the value that a refusal
// carries. An `error` is for what can be expected to happen; a broken invariant goes through
// `check` instead.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ash {

/// What a caller can do about an error: the class decides the HTTP status and the exit code.
enum class error_class : std::uint8_t {
  invalid,        ///< the request itself is wrong: mend it and send it again
  not_found,      ///< the named thing does not exist
  conflict,       ///< it exists, but its state forbids the request
  human_required, ///< nothing goes on until a person decides or mends something
  limit,          ///< a budget, quota or bound was reached
  retryable,      ///< the same request may succeed later
  internal,       ///< a defect or a damaged store
};

// One row a code: enumerator, class. The code's text is the enumerator's name.
// clang-format off
#define ASH_ERROR_CATALOGUE(row) \
  /* Clients match on these texts: none is ever renamed or given another class. Their numbers */ \
  /* follow from the order and are not stable: nothing that is kept or sent may hold one. The */ \
  /* headings say where a class begins. */ \
  /* -- the request itself is wrong */ \
  row(request_malformed, invalid) \
  row(method_not_allowed, invalid) \
  row(unknown_field, invalid) \
  row(config_invalid, invalid) \
  row(definition_invalid, invalid) \
  row(schema_unsupported, invalid) \
  row(argument_invalid, invalid) \
  row(id_prefix_too_short, invalid) \
  row(message_not_editable, invalid) \
  row(message_archived, invalid) \
  row(memory_content_empty, invalid) \
  row(memory_name_invalid, invalid) \
  row(memory_index_protected, invalid) \
  row(project_key_empty, invalid) \
  row(repo_path_invalid, invalid) \
  row(repo_branch_missing, invalid) \
  row(path_outside_root, invalid) \
  row(path_invalid, invalid) \
  row(tool_arguments_invalid, invalid) \
  row(tool_unknown, invalid) \
  row(template_not_found, invalid) \
  row(binding_override_ineligible, invalid) \
  /* -- the named thing does not exist */ \
  row(route_not_found, not_found) \
  row(session_not_found, not_found) \
  row(run_not_found, not_found) \
  row(phase_not_found, not_found) \
  row(turn_not_found, not_found) \
  row(message_not_found, not_found) \
  row(memory_entry_not_found, not_found) \
  row(persona_not_found, not_found) \
  row(schema_not_found, not_found) \
  row(approval_not_found, not_found) \
  row(feed_not_found, not_found) \
  row(blob_not_found, not_found) \
  row(budget_scope_not_found, not_found) \
  row(file_not_found, not_found) \
  /* -- its state forbids the request */ \
  row(session_ended, conflict) \
  row(response_in_progress, conflict) \
  row(message_exists, conflict) \
  row(compaction_in_progress, conflict) \
  row(compaction_unavailable, conflict) \
  row(nothing_to_compact, conflict) \
  row(active_run_exists, conflict) \
  row(approval_already_decided, conflict) \
  row(definition_conflict, conflict) \
  row(idempotency_conflict, conflict) \
  row(version_conflict, conflict) \
  row(id_ambiguous, conflict) \
  row(cursor_invalid, conflict) \
  row(invalid_transition, conflict) \
  row(edit_not_applicable, conflict) \
  row(merge_conflict, conflict) \
  row(log_locked, conflict) \
  /* -- a person has to decide or mend something */ \
  row(run_already_terminal, human_required) \
  row(run_metadata_missing, human_required) \
  row(template_load_failed, human_required) \
  row(no_eligible_persona, human_required) \
  row(binding_diversity_unsatisfied, human_required) \
  row(approval_rejected, human_required) \
  row(approval_rounds_exhausted, human_required) \
  row(artifact_invalid, human_required) \
  row(artifact_missing, human_required) \
  row(unauthenticated, human_required) \
  row(origin_denied, human_required) \
  row(permission_denied, human_required) \
  row(command_denied, human_required) \
  row(secret_path_denied, human_required) \
  row(plan_mode_violation, human_required) \
  row(secret_missing, human_required) \
  row(consent_missing, human_required) \
  row(hook_blocked, human_required) \
  row(sandbox_unavailable, human_required) \
  row(tool_in_doubt, human_required) \
  /* -- a budget, quota or bound was reached */ \
  row(budget_exhausted, limit) \
  row(call_cost_exceeded, limit) \
  row(token_budget_exceeded, limit) \
  row(tool_quota_exceeded, limit) \
  row(max_steps_exceeded, limit) \
  row(doom_loop_detected, limit) \
  row(phase_timed_out, limit) \
  row(subagent_depth_exceeded, limit) \
  row(limit_exceeded, limit) \
  row(request_too_large, limit) \
  row(queue_full, limit) \
  /* -- the same request may succeed later */ \
  row(provider_unavailable, retryable) \
  row(provider_rejected, human_required) \
  row(provider_response_invalid, retryable) \
  row(compaction_failed, retryable) \
  row(context_not_optimized, retryable) \
  row(report_write_failed, retryable) \
  row(store_unavailable, retryable) \
  row(storage_full, retryable) \
  row(entity_unavailable, retryable) \
  row(cancelled, retryable) \
  row(timed_out, retryable) \
  row(shutting_down, retryable) \
  /* -- a defect, or a damaged store */ \
  row(tool_failed, internal) \
  row(git_failed, internal) \
  row(audit_damaged, internal) \
  row(entity_broken, internal) \
  row(log_corrupt, internal) \
  row(log_failed, internal) \
  row(io_failed, internal) \
  row(internal_error, internal)
// clang-format on

/// A stable error code. Codes are never renamed: clients match on their text.
enum class errc : std::uint16_t {
#define ASH_ROW(name, kind) name,
  ASH_ERROR_CATALOGUE(ASH_ROW)
#undef ASH_ROW
};

std::string_view to_string(errc code) noexcept;
std::string_view to_string(error_class kind) noexcept;

/// The code with this text, or `internal_error` where no code has it (`known` then is false).
struct errc_lookup {
  errc code;
  bool known;
};
errc_lookup errc_from(std::string_view text) noexcept;

error_class class_of(errc code) noexcept;

/// A refusal: what, where and what to do, for a person (`message`) and for a program (`code`,
/// `details`).
struct error {
  errc code = errc::internal_error;
  std::string message;
  std::vector<std::pair<std::string, std::string>> details = {};

  /// Adds one detail, for example `{"file", path}`, and returns the error for chaining.
  error with(std::string key, std::string value) &&;
  error with(std::string key, std::string value) const&;

  friend bool operator==(const error&, const error&) = default;
};

/// `code: message (key=value, …)`, one line, for logs and the terminal.
std::string to_string(const error& e);

/// An error from a failed system call: `what: strerror(number)`, with `storage_full` for ENOSPC
/// and EDQUOT, `fallback` otherwise.
error system_error(std::string_view what, int number, errc fallback = errc::io_failed);

} // namespace ash
