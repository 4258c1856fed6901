// A server that holds the data directory, for the commands that can't open it themselves, or that
// were told of one by `--server`.
#pragma once

#include "cli/context.hpp"
#include "cli/http_client.hpp"
#include "cli/progress.hpp"

#include <boost/json/object.hpp>
#include <stop_token>

namespace ash::cli {

class remote {
public:
  /// The server that `--server` names, else the one that holds the data directory; none where
  /// nobody does. Errors: `secret_missing` where its token can't be read, `argument_invalid`.
  static result<std::optional<remote>> find(const settings& with);

  /// The same for a command that would otherwise do the work itself, by definitions and a
  /// configuration of its own: whoever named some is told once, on stderr, that the server goes by
  /// its own. Errors: as above.
  static result<std::optional<remote>> find_worker(const settings& with);

  explicit remote(server_address at) : at_{std::move(at)} {}

  [[nodiscard]] const std::string& url() const noexcept { return at_.url; }

  /// `path` begins after `/api/v1`, and is encoded. Errors: those of the server, by its catalogue;
  /// those of `ask`; `argument_invalid` where what answers is no actor-shell server.
  [[nodiscard]] result<json::object> get(const std::string& path) const;
  /// The answer's bytes as they are, whatever they are. Errors: as above.
  [[nodiscard]] result<std::string> get_bytes(const std::string& path) const;
  /// Sent with a fresh Idempotency-Key, and once more where the connection was lost.
  [[nodiscard]] result<json::object> post(const std::string& path, const json::object& body) const;

  /// One frame of a feed: {"type": "event" | "caught_up" | "closed" …, …}.
  using on_frame = std::function<after_event(const json::object&)>;
  /// Follows a feed after a position. A connection that is lost is made again where it was, for up
  /// to 30 s. Returns when `frame` has enough, the feed is over or `stop` is requested. Errors: as
  /// above.
  [[nodiscard]] result<void> follow(const std::string& feed,
                                    std::uint64_t after,
                                    const on_frame& frame,
                                    const std::stop_token& stop) const;

private:
  server_address at_;
};

/// The API's path of a run that a person named: by its id, the beginning of it, or `run/ID`.
std::string run_path(std::string_view run);

/// A record as a feed's event has it. Errors: `argument_invalid` where it can't be read.
struct told_record {
  log::record record;           ///< without its payload
  std::optional<any_fact> fact; ///< none where it was pruned, or is of a newer version
};
result<told_record> record_of(const json::object& event);

} // namespace ash::cli
