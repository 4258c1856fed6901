// Backups of a log on disk: a copy of its tables and a manifest that says what it must hold.
// Private to events/log; `event_log::backup` and `restore_backup` are the ways in.
#pragma once

#include "events/log/committer.hpp"

#include <string>

namespace ash::log {

/// Copies the log between two batches, so that the manifest's head is exact. Works beside `to` and
/// renames at the end. Errors: `argument_invalid` where `to` exists, `storage_full`, `io_failed`.
result<backup_report> write_backup(committer& commits,
                                   tables& store,
                                   incarnation_id incarnation,
                                   instant at,
                                   const std::string& to);

} // namespace ash::log
