#include "gateway/metrics/budget_meter.hpp"

#include "events/base/match.hpp"
#include "events/codec/codec.hpp"

#include <algorithm>
#include <array>

namespace ash::gateway {
namespace {

bool is_daily(std::string_view kind) {
  return kind == "day" || kind == "persona";
}

double dollars(usd amount) {
  return static_cast<double>(amount.pico) / 1e12;
}

result<budget::fact> budget_fact(const log::record& of) {
  TRY(auto fact, codec::decode(of.type, of.schema_version, of.payload));
  return std::visit(
      [&](auto& each) -> result<budget::fact> {
        if constexpr (std::is_constructible_v<budget::fact, decltype(each)>)
          return budget::fact{std::move(each)};
        else
          return refuse(errc::log_corrupt,
                        "a budget's stream holds a fact of another kind: " + of.stream.text());
      },
      fact);
}

} // namespace

std::string scope_kind(std::string_view scope) {
  constexpr std::array<std::string_view, 4> kinds{"run", "session", "persona", "day"};
  const auto kind = scope.substr(0, scope.find(':'));
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end() ? std::string{kind} : "other";
}

void budget_meter::fold(scope& into, const budget::fact& fact) {
  std::visit(match{
                 [&](const budget::opened& f) { into.cap = f.terms.cap; },
                 [&](const budget::reserved& f) { into.reserved += f.amount; },
                 [&](const budget::settled& f) {
                   into.reserved -= f.reserved;
                   into.settled += f.actual;
                 },
                 [&](const budget::released& f) { into.reserved -= f.amount; },
                 [&](const budget::warned&) {},
                 [&](const budget::exhausted&) {},
                 [&](const budget::cap_changed& f) { into.cap = f.cap; },
                 [&](const budget::closed&) {},
             },
             fact);
}

result<void> budget_meter::load(const stream_id& stream, std::uint64_t up_to_version) {
  scope loaded;
  while (loaded.version < up_to_version) {
    TRY(const auto records, log_.read_stream(stream, loaded.version));
    if (records.empty())
      break;
    for (const auto& each : records) {
      if (each.version > up_to_version)
        break;
      TRY(const auto fact, budget_fact(each));
      fold(loaded, fact);
      loaded.version = each.version;
      loaded.last = each.at;
    }
    if (records.back().version >= up_to_version)
      break;
  }
  add(stream, loaded);
  return success();
}

budget_meter::scope_map::iterator budget_meter::add(const stream_id& stream, const scope& what) {
  if (scopes_.size() >= max_scopes)
    scopes_.erase(
        std::min_element(scopes_.begin(), scopes_.end(), [](const auto& a, const auto& b) {
          return a.second.last < b.second.last;
        }));
  return scopes_.insert_or_assign(stream, what).first;
}

result<void> budget_meter::begin(instant now) {
  const auto day = stream_of_budget("day:" + utc_date(now));
  TRY(const auto head, log_.find_stream(day));
  return head ? load(day, head->version) : success();
}

result<void> budget_meter::take(const log::record& at, const budget::fact& fact) {
  auto& total = totals_[scope_kind(at.stream.key())];
  if (const auto* settled = std::get_if<budget::settled>(&fact))
    total.spent_pico += settled->actual.pico;
  if (std::holds_alternative<budget::exhausted>(fact))
    ++total.exhausted;

  auto known = scopes_.find(at.stream);
  if (known == scopes_.end() && at.version > 1)
    return load(at.stream, at.version);
  if (known == scopes_.end())
    known = add(at.stream, {});
  if (at.version <= known->second.version)
    return success(); // it was there when the scope was read
  fold(known->second, fact);
  known->second.version = at.version;
  known->second.last = at.at;
  return success();
}

void budget_meter::write(sheet& to, instant now) {
  struct sums {
    double cap = 0, settled = 0, reserved = 0; // of many scopes: they may exceed what `usd` holds
    double used = 0;
  };
  const auto today = utc_date(now);
  std::map<std::string, sums> active;
  std::erase_if(scopes_, [&](const auto& each) {
    const auto key = each.first.key();
    return is_daily(scope_kind(key)) ? !key.ends_with(today) : each.second.last + active_us < now;
  });
  for (const auto& [stream, seen] : scopes_) {
    auto& kind = active[scope_kind(stream.key())];
    const auto cap = dollars(seen.cap);
    const auto committed = dollars(seen.settled) + dollars(seen.reserved);
    kind.cap += cap;
    kind.settled += dollars(seen.settled);
    kind.reserved += dollars(seen.reserved);
    if (cap > 0)
      kind.used = std::max(kind.used, committed / cap);
  }
  for (const auto& [kind, sum] : active) {
    const label_set labels{{"scope_kind", kind}};
    to.put("actor_shell_budget_cap_usd", sum.cap, labels);
    to.put("actor_shell_budget_settled_usd", sum.settled, labels);
    to.put("actor_shell_budget_reserved_usd", sum.reserved, labels);
    to.put("actor_shell_budget_used_ratio", sum.used, labels);
  }
  for (const auto& [kind, total] : totals_) {
    const label_set labels{{"scope_kind", kind}};
    to.put("actor_shell_budget_spent_usd_total", dollars({total.spent_pico}), labels);
    to.put("actor_shell_budget_exhausted_total", static_cast<double>(total.exhausted), labels);
  }
}

} // namespace ash::gateway
