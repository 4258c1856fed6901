// A toy aggregate over budget facts: a purse that reserves, warns through an effect, and can be
// made to refuse. It lets the tests see what an entity does, and nothing of what real aggregates
// do.
#pragma once

#include "actors/entity/entity.hpp"
#include "events/base/match.hpp"

#include <string>
#include <utility>
#include <vector>

namespace ash::toy {

struct state {
  usd reserved;
  std::vector<call_id> owed; ///< calls whose effect has not come back
  bool capped = false;
};

inline uuid number(std::uint64_t n) {
  return {1, n};
}
inline std::string effect_id(const call_id& call) {
  return "effect:" + to_string(call);
}

/// reserve: a fact and an effect; a negative amount is refused. settle: ends the effect. release:
/// no facts. set_cap: closes the stream.
struct aggregate {
  static constexpr entity_kind kind = entity_kind::budget;
  using state = toy::state;
  using command = budget::command;
  using fact = budget::fact;

  static decision<fact> decide(const state& s, const command& what, instant) {
    using facts = std::vector<fact>;
    return std::visit(match{
                          [&](const budget::reserve& c) -> decision<fact> {
                            if (c.amount < usd{})
                              return refuse(errc::argument_invalid, "negative");
                            if (c.amount > usd{1'000} || s.reserved + c.amount > usd{1'000})
                              return refuse(errc::budget_exhausted, "over the cap");
                            return facts{budget::reserved{c.call, c.owner, c.amount}};
                          },
                          [&](const budget::settle& c) -> decision<fact> {
                            return facts{budget::settled{c.call, usd{}, c.actual}};
                          },
                          [&](const budget::release&) -> decision<fact> { return facts{}; },
                          [&](const budget::set_cap& c) -> decision<fact> {
                            return facts{budget::cap_changed{c.cap, c.warn_at, c.by}};
                          },
                      },
                      what);
  }

  static state evolve(state s, const fact& happened) {
    if (const auto* f = std::get_if<budget::reserved>(&happened)) {
      s.reserved += f->amount;
      s.owed.push_back(f->call);
    } else if (const auto* g = std::get_if<budget::settled>(&happened)) {
      std::erase(s.owed, g->call);
    } else if (std::holds_alternative<budget::cap_changed>(happened)) {
      s.capped = true;
    }
    return s;
  }

  static effect_request request(const call_id& call) {
    return {effect_id(call), effect::settle{call, {}, usd{1}, true}};
  }
  static effects react(const state&, const fact& happened) {
    if (const auto* f = std::get_if<budget::reserved>(&happened))
      return {request(f->call)};
    return {};
  }
  static effects pending(const state& s) {
    effects all;
    for (const auto& call : s.owed)
      all.push_back(request(call));
    return all;
  }
  static bool is_final(const state& s) { return s.capped; }
};

inline const stream_id stream = stream_of_budget("toy");

inline budget::reserve reserve(std::uint64_t call, std::int64_t amount = 1) {
  return {call_id{number(call)}, stream, usd{amount}, {}};
}

inline queued_command
command(std::string id, any_command what, reply_token token, std::string finishes = {}) {
  return {
      {std::move(id), "root", "cause", instant{static_cast<std::int64_t>(token)}, std::move(what)},
      token,
      std::move(finishes)};
}

inline any_fact reserved(std::uint64_t call) {
  return budget::reserved{call_id{number(call)}, stream, usd{1}};
}

} // namespace ash::toy
