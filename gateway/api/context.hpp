// What every group of routes has at hand. Made by `make_api`, lives as long as its handler.
#pragma once

#include "actors/shells/runtime.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/api.hpp"
#include "gateway/api/command_keys.hpp"
#include "gateway/api/input.hpp"
#include "gateway/api/router.hpp"
#include "gateway/api/verification.hpp"

#include <memory>

namespace ash::gateway::api {

struct context {
  explicit context(api_parts with) : parts{std::move(with)} {}

  [[nodiscard]] runtime& work() const noexcept { return parts.work; }
  [[nodiscard]] const log::event_log& log() const noexcept { return parts.work.log(); }
  [[nodiscard]] const read_side& reads() const noexcept { return parts.reads; }

  api_parts parts;
  mutable command_keys keys;
  mutable verification verified{parts.reads};
};

using context_ptr = std::shared_ptr<const context>;

// -- the groups ---------------------------------------------------------------------------------

void add_run_routes(router& to, const context_ptr& in);
void add_permission_routes(router& to, const context_ptr& in);
void add_session_routes(router& to, const context_ptr& in);
void add_approval_routes(router& to, const context_ptr& in);
void add_consent_routes(router& to, const context_ptr& in);
void add_definition_routes(router& to, const context_ptr& in);
void add_row_routes(router& to, const context_ptr& in);
void add_projection_routes(router& to, const context_ptr& in);
void add_feed_routes(router& to, const context_ptr& in);
void add_log_routes(router& to, const context_ptr& in);

// -- what several of them need ------------------------------------------------------------------

/// A page of rows by the query's `limit` (1–500, else 50), `after` and filters, the fixed ones
/// among them: {"items", "next" (null at the end), "total", "position"}. Errors: those of the read
/// side; `store_unavailable` where the rows don't stand for the query's `min_position` in time.
result<response> rows(const context& in,
                      const call& asked,
                      std::string_view what,
                      std::map<std::string, std::string> fixed = {});
/// One row. Errors: `missing` where there is none.
result<response>
row(const context& in, const call& asked, std::string_view what, std::string_view id, errc missing);

/// The run or session that a parameter names, by its id or a prefix of 6 characters or more.
result<run_id> run_in(const context& in, const call& asked);
result<session_id> session_in(const context& in, const call& asked);

/// What became of a command.
struct outcome_of_command {
  std::uint64_t position = 0;       ///< of its last fact, or of the stream's where it led to none
  std::uint64_t first_position = 0; ///< of its first fact; 0 where it led to none
};

/// Performs a command that a client may send again. `act` is called unless the command's facts are
/// there already. Errors: `idempotency_conflict`, and those of `act`.
result<outcome_of_command> perform(const context& in,
                                   const command_key& key,
                                   const stream_id& stream,
                                   const std::function<result<void>(const command_source&)>& act);

/// The answer to a command: `body` with `position`, and the `cursor` to follow from there.
response commanded(const context& in,
                   json::object body,
                   const outcome_of_command& how,
                   int status = 200,
                   std::string location = {});

} // namespace ash::gateway::api
