#include "events/log/event_log.hpp"

#include <future>

namespace ash::log {

result<receipt> event_log::append_now(append_request what) {
  std::promise<result<receipt>> promise;
  auto answer = promise.get_future();
  append(std::move(what), [&](result<receipt> given) { promise.set_value(std::move(given)); });
  return answer.get();
}

result<backup_report> event_log::backup(const std::string& to) {
  return refuse(errc::argument_invalid,
                "this log can't be backed up to " + to + ": only a writer of a log on disk can");
}

} // namespace ash::log
