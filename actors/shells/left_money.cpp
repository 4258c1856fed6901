#include "actors/shells/left_money.hpp"

#include "actors/aggregates/budget.hpp"
#include "actors/shells/fold.hpp"
#include "events/base/match.hpp"
#include "events/codec/codec.hpp"

#include <algorithm>

namespace ash {
namespace {

void take(std::vector<open_call>& open, const any_fact& happened) {
  const auto change = [&](const call_id& call, auto&& to) {
    for (auto& each : open)
      if (each.call == call)
        to(each);
  };
  const auto costs = [&](const call_id& call, usd cost) {
    change(call, [&](open_call& c) {
      c.spent = true;
      c.charge = cost;
    });
  };
  std::visit(match{
                 [&](const turn::call_requested& f) {
                   open.push_back({f.call, f.scopes, f.estimate});
                 },
                 [&](const turn::call_started& f) {
                   change(f.call, [](open_call& c) { c.spent = true; });
                 },
                 [&](const turn::call_completed& f) { costs(f.call, f.cost); },
                 [&](const turn::call_failed& f) { costs(f.call, f.cost); },
                 [&](const turn::call_lost& f) { costs(f.call, f.cost); },
                 [&](const turn::call_settled& f) {
                   std::erase_if(open, [&](const open_call& c) { return c.call == f.call; });
                 },
                 [](const auto&) {}, // everything else moves no money
             },
             happened);
}

/// A scope that can't be folded is passed over: it breaks, visibly, when somebody spends from it.
void look_at(const log::event_log& log, const stream_id& scope, instant now, daily_scopes& out) {
  const auto found = fold::newest<budget_aggregate>(log, scope);
  if (!found)
    return;
  const auto& held = found.value().reservations;
  if (held.empty() && budget::is_over(scope.key(), now))
    out.over.push_back(scope);
  for (const auto& each : held)
    if (std::find(out.owners.begin(), out.owners.end(), each.owner) == out.owners.end())
      out.owners.push_back(each.owner);
}

} // namespace

result<std::vector<open_call>> open_calls(const log::event_log& log, const stream_id& owner) {
  std::vector<open_call> open;
  for (std::uint64_t after = 0;;) {
    TRY(const auto records, log.read_stream(owner, after));
    if (records.empty())
      return open;
    for (const auto& record : records)
      if (const auto fact = codec::decode(record.type, record.schema_version, record.payload))
        take(open, fact.value());
    after = records.back().version;
  }
}

result<daily_scopes> open_daily_scopes(const log::event_log& log, instant now) {
  daily_scopes out;
  for (const std::string_view prefix : {"day:", "persona:"}) {
    for (auto after = stream_of_budget(prefix).text();;) {
      TRY(const auto heads,
          log.list_streams(entity_kind::budget,
                           after,
                           log::event_log::streams_a_page,
                           log::event_log::listing::open));
      for (const auto& head : heads) {
        if (!head.stream.key().starts_with(prefix))
          break;
        look_at(log, head.stream, now, out);
      }
      if (heads.empty() || !heads.back().stream.key().starts_with(prefix))
        break;
      after = heads.back().stream.text();
    }
  }
  return out;
}

} // namespace ash
