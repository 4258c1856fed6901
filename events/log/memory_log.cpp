#include "events/log/memory_log.hpp"

#include "events/log/memory_tables.hpp"
#include "events/log/table_log.hpp"

namespace ash::log {

std::unique_ptr<event_log> make_memory_log(memory_log_options options) {
  if (options.incarnation.is_nil())
    options.incarnation.value = random_uuid();
  committer_options commits;
  commits.mode = commit_mode::calling_thread;
  return std::make_unique<table_log>(
      make_memory_tables(), options.incarnation, log_state{}, std::move(commits));
}

} // namespace ash::log
