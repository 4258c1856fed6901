#include "gateway/api/command_keys.hpp"

#include "events/base/hash.hpp"

#include <algorithm>

namespace ash::gateway::api {
namespace {

constexpr std::size_t longest_key = 200;

/// Who asks, for the record.
std::string asker(const call& of) {
  return of.from.client.empty() ? "api" : "api:" + of.from.client;
}

} // namespace

result<command_key> key_of(const call& asked,
                           const log::event_log& log,
                           std::string_view target,
                           std::string_view body) {
  const auto given = asked.header("idempotency-key");
  const auto present = asked.from.headers.contains("idempotency-key");
  const auto printable =
      std::all_of(given.begin(), given.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (present && (given.empty() || given.size() > longest_key || !printable))
    return refuse(errc::argument_invalid,
                  "Idempotency-Key takes 1 to 200 printable ASCII characters")
        .with("field", "Idempotency-Key");
  const auto name = present ? std::string{given} : to_string(random_uuid());
  command_key out;
  out.source.by = asker(asked);
  out.source.key = (present ? "http:" : "once:") + to_string(sha256({target, "\n", name}));
  out.source.causation = "request:" + to_string(sha256({target, "\n", body}));
  // A log that was made anew, or restored, makes other things.
  out.made = derive(log.incarnation().value, out.source.key);
  return out;
}

std::unique_lock<std::mutex> command_keys::hold(const command_key& which) {
  return std::unique_lock{stripes_[which.made.low % stripes_.size()]};
}

} // namespace ash::gateway::api
