// What each code of the error catalogue means: what people who are spoken to in another language
// than English are told before the particulars.
#include "cli/language.hpp"

#include <array>

namespace ash::cli {
namespace {

struct meaning {
  errc code;
  const char* text;
};

constexpr std::array meanings{
    meaning{errc::request_malformed, msg("the request is malformed")},
    meaning{errc::method_not_allowed, msg("the address does not take this method")},
    meaning{errc::unknown_field, msg("a field is not known")},
    meaning{errc::config_invalid, msg("the configuration is wrong")},
    meaning{errc::definition_invalid, msg("a definition is wrong")},
    meaning{errc::schema_unsupported, msg("the schema uses what is not supported")},
    meaning{errc::argument_invalid, msg("an argument is wrong")},
    meaning{errc::id_prefix_too_short, msg("the beginning of the id is too short")},
    meaning{errc::message_not_editable, msg("the message can not be edited")},
    meaning{errc::message_archived, msg("the message is archived")},
    meaning{errc::memory_content_empty, msg("the memory entry has no content")},
    meaning{errc::memory_name_invalid, msg("the memory entry has a wrong name")},
    meaning{errc::memory_index_protected,
            msg("the index of the memory is kept by the program alone")},
    meaning{errc::project_key_empty, msg("the project has no key")},
    meaning{errc::repo_path_invalid, msg("the path is no repository")},
    meaning{errc::repo_branch_missing, msg("the repository has no such branch")},
    meaning{errc::path_outside_root, msg("the path leads out of the directory that is allowed")},
    meaning{errc::path_invalid, msg("the path is wrong")},
    meaning{errc::tool_arguments_invalid, msg("the arguments of the tool are wrong")},
    meaning{errc::tool_unknown, msg("there is no such tool")},
    meaning{errc::template_not_found, msg("there is no such workflow")},
    meaning{errc::binding_override_ineligible, msg("the named persona can not take this role")},
    meaning{errc::route_not_found, msg("there is no such address")},
    meaning{errc::session_not_found, msg("there is no such session")},
    meaning{errc::run_not_found, msg("there is no such run")},
    meaning{errc::phase_not_found, msg("there is no such phase")},
    meaning{errc::turn_not_found, msg("there is no such turn")},
    meaning{errc::message_not_found, msg("there is no such message")},
    meaning{errc::memory_entry_not_found, msg("there is no such memory entry")},
    meaning{errc::persona_not_found, msg("there is no such persona")},
    meaning{errc::schema_not_found, msg("there is no such schema")},
    meaning{errc::approval_not_found, msg("there is no such approval")},
    meaning{errc::feed_not_found, msg("there is no such feed")},
    meaning{errc::blob_not_found, msg("there is no such document")},
    meaning{errc::budget_scope_not_found, msg("there is no such budget scope")},
    meaning{errc::file_not_found, msg("there is no such file")},
    meaning{errc::session_ended, msg("the session has ended")},
    meaning{errc::response_in_progress, msg("an answer is still being made")},
    meaning{errc::message_exists, msg("the message exists already")},
    meaning{errc::compaction_in_progress, msg("a compaction is at work")},
    meaning{errc::compaction_unavailable, msg("there can be no compaction now")},
    meaning{errc::nothing_to_compact, msg("there is nothing to compact")},
    meaning{errc::active_run_exists, msg("another run is active")},
    meaning{errc::approval_already_decided, msg("the approval is decided already")},
    meaning{errc::definition_conflict, msg("two definitions have the same name and version")},
    meaning{errc::idempotency_conflict, msg("the same key came with another content")},
    meaning{errc::version_conflict, msg("it was changed meanwhile")},
    meaning{errc::id_ambiguous, msg("the beginning of the id fits several")},
    meaning{errc::cursor_invalid, msg("the cursor does not fit this log")},
    meaning{errc::invalid_transition, msg("its state does not allow that now")},
    meaning{errc::edit_not_applicable, msg("the edit does not fit the file")},
    meaning{errc::merge_conflict, msg("the branches can not be merged without a conflict")},
    meaning{errc::log_locked, msg("another process holds the log")},
    meaning{errc::run_already_terminal, msg("the run is over")},
    meaning{errc::run_metadata_missing, msg("the data of the run is missing")},
    meaning{errc::template_load_failed, msg("the workflow could not be read")},
    meaning{errc::no_eligible_persona, msg("no persona fits the role")},
    meaning{errc::binding_diversity_unsatisfied,
            msg("the personas of the roles are not different enough")},
    meaning{errc::approval_rejected, msg("the approval was rejected")},
    meaning{errc::approval_rounds_exhausted, msg("all rounds of approval are used up")},
    meaning{errc::artifact_invalid, msg("the artifact is not valid")},
    meaning{errc::artifact_missing, msg("the artifact is missing")},
    meaning{errc::unauthenticated, msg("a valid token is needed")},
    meaning{errc::origin_denied, msg("the origin is not allowed")},
    meaning{errc::permission_denied, msg("that is not permitted")},
    meaning{errc::command_denied, msg("the command is not allowed")},
    meaning{errc::secret_path_denied, msg("the path may hold secrets, so it is not allowed")},
    meaning{errc::plan_mode_violation, msg("plan mode allows reading alone")},
    meaning{errc::secret_missing, msg("a key or token is missing")},
    meaning{errc::consent_missing, msg("consent is missing")},
    meaning{errc::hook_blocked, msg("a hook blocked it")},
    meaning{errc::sandbox_unavailable, msg("the sandbox can not be used")},
    meaning{errc::tool_in_doubt, msg("it is not known whether the tool call took effect")},
    meaning{errc::budget_exhausted, msg("the budget is exhausted")},
    meaning{errc::call_cost_exceeded, msg("the call may cost more than is allowed")},
    meaning{errc::token_budget_exceeded, msg("the token limit was reached")},
    meaning{errc::tool_quota_exceeded, msg("the limit of tool calls was reached")},
    meaning{errc::max_steps_exceeded, msg("the limit of steps was reached")},
    meaning{errc::doom_loop_detected, msg("the model repeats the same call")},
    meaning{errc::phase_timed_out, msg("the time of the phase is up")},
    meaning{errc::subagent_depth_exceeded, msg("sub-agents are nested too deep")},
    meaning{errc::limit_exceeded, msg("a limit was reached")},
    meaning{errc::request_too_large, msg("the request is too large")},
    meaning{errc::queue_full, msg("the queue is full")},
    meaning{errc::provider_unavailable, msg("the model provider can not be reached")},
    meaning{errc::provider_rejected, msg("the model provider refused the request")},
    meaning{errc::provider_response_invalid, msg("the answer of the model provider is wrong")},
    meaning{errc::compaction_failed, msg("the compaction failed")},
    meaning{errc::context_not_optimized, msg("the context could not be made smaller")},
    meaning{errc::report_write_failed, msg("the report could not be written")},
    meaning{errc::store_unavailable, msg("the store can not be reached")},
    meaning{errc::storage_full, msg("there is no space left")},
    meaning{errc::entity_unavailable, msg("it can not be reached now")},
    meaning{errc::cancelled, msg("it was cancelled")},
    meaning{errc::timed_out, msg("the time is up")},
    meaning{errc::shutting_down, msg("the server is shutting down")},
    meaning{errc::tool_failed, msg("the tool failed")},
    meaning{errc::git_failed, msg("git failed")},
    meaning{errc::audit_damaged, msg("the audit trail is damaged")},
    meaning{errc::entity_broken, msg("it crashed too often and was stopped")},
    meaning{errc::log_corrupt, msg("the log is damaged")},
    meaning{errc::log_failed, msg("the log could not be read or written")},
    meaning{errc::io_failed, msg("reading or writing failed")},
    meaning{errc::internal_error, msg("an internal error")}};

constexpr bool are_in_the_order_of_the_catalogue() {
  for (std::size_t i = 0; i < meanings.size(); ++i)
    if (static_cast<std::size_t>(meanings[i].code) != i)
      return false;
  return true;
}
constexpr std::size_t codes = 0
#define ASH_ROW(name, kind) +1
    ASH_ERROR_CATALOGUE(ASH_ROW)
#undef ASH_ROW
    ;
static_assert(meanings.size() == codes && are_in_the_order_of_the_catalogue(),
              "every code has a meaning, in the order of the catalogue");

} // namespace

const char* meaning_of(errc code) noexcept {
  return tr(meanings[static_cast<std::size_t>(code)].text);
}

} // namespace ash::cli
