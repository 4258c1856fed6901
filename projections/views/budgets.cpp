#include "projections/views/origin.hpp"
#include "projections/views/table.hpp"

namespace ash::projections {
namespace {

struct scope_row {
  std::string scope; ///< for example `run:UUID` or `day:2026-11-21`
  std::int64_t seq = 0;
  std::string kind;           ///< `run`, `session`, `persona`, `day`
  std::string state = "open"; ///< or `warned`, `exhausted`, `closed`
  std::string policy;
  usd cap;
  usd warn_at;
  usd reserved;
  usd settled;
  std::int64_t calls = 0; ///< settled or released
  instant opened_at;
  instant updated_at;
};
BOOST_DESCRIBE_STRUCT(scope_row,
                      (),
                      (scope,
                       seq,
                       kind,
                       state,
                       policy,
                       cap,
                       warn_at,
                       reserved,
                       settled,
                       calls,
                       opened_at,
                       updated_at))

/// One movement in a scope, with what the scope came to by it.
struct ledger_row {
  std::int64_t entry = 0; ///< the fact's position
  std::int64_t seq = 0;
  std::string scope;
  std::string kind; ///< `opened`, `reserved`, `settled`, `released`, `warned`, `exhausted`, …
  std::string model_call;
  std::string owner; ///< the stream that spends
  usd amount;
  usd reserved;
  usd settled;
  usd cap;
  std::string note;
  instant at;
};
BOOST_DESCRIBE_STRUCT(
    ledger_row,
    (),
    (entry, seq, scope, kind, model_call, owner, amount, reserved, settled, cap, note, at))

using not_of_budgets =
    passes_over<session::fact, run::fact, phase::fact, tool_call::fact, log::fact>;

class budgets final : public folding_view<budgets, not_of_budgets> {
public:
  [[nodiscard]] std::string_view name() const override { return "budgets"; }
  [[nodiscard]] std::vector<table_base*> tables() override { return {&scopes_, &ledger_}; }

  result<void> on(const budget::opened& f, const log::record& from) {
    scope_row made;
    made.scope = f.terms.scope;
    made.seq = sequence_of(from);
    made.kind = made.scope.substr(0, made.scope.find(':'));
    made.policy = name_of(f.terms.policy);
    made.cap = f.terms.cap;
    made.warn_at = f.terms.warn_at;
    made.opened_at = from.at;
    made.updated_at = from.at;
    scopes_.insert(std::move(made));
    return enter(from, "opened", {}, {}, f.terms.cap, {}, [](scope_row&) {});
  }
  result<void> on(const budget::reserved& f, const log::record& from) {
    return enter(from, "reserved", f.call, f.owner.text(), f.amount, {}, [&](scope_row& r) {
      r.reserved += f.amount;
    });
  }
  result<void> on(const budget::settled& f, const log::record& from) {
    return enter(from, "settled", f.call, {}, f.actual, {}, [&](scope_row& r) {
      r.reserved -= f.reserved;
      r.settled += f.actual;
      ++r.calls;
    });
  }
  result<void> on(const budget::released& f, const log::record& from) {
    return enter(from, "released", f.call, {}, f.amount, {}, [&](scope_row& r) {
      r.reserved -= f.amount;
      ++r.calls;
    });
  }
  result<void> on(const budget::warned& f, const log::record& from) {
    return enter(from, "warned", {}, {}, f.committed, {}, [](scope_row& r) {
      if (r.state == "open")
        r.state = "warned";
    });
  }
  result<void> on(const budget::exhausted& f, const log::record& from) {
    return enter(
        from, "exhausted", {}, {}, f.asked, {}, [](scope_row& r) { r.state = "exhausted"; });
  }
  result<void> on(const budget::cap_changed& f, const log::record& from) {
    return enter(from, "cap_changed", {}, {}, f.cap, f.by, [&](scope_row& r) {
      r.cap = f.cap;
      r.warn_at = f.warn_at;
      r.state = "open";
    });
  }
  result<void> on(const budget::closed& f, const log::record& from) {
    return enter(from, "closed", {}, {}, f.settled, {}, [](scope_row& r) { r.state = "closed"; });
  }

private:
  template <class Change>
  result<void> enter(const log::record& from,
                     const char* kind,
                     const call_id& call,
                     const std::string& owner,
                     usd amount,
                     const std::string& note,
                     Change apply_to) {
    TRY(auto* const scope, scopes_.need(id_of(from), from, "the budget scope"));
    apply_to(*scope);
    scope->updated_at = from.at;
    ledger_.insert({static_cast<std::int64_t>(from.position),
                    sequence_of(from),
                    scope->scope,
                    kind,
                    call.is_nil() ? std::string{} : to_string(call),
                    owner,
                    amount,
                    scope->reserved,
                    scope->settled,
                    scope->cap,
                    note,
                    from.at});
    return success();
  }

  table<scope_row> scopes_{"budget_scopes"};
  table<ledger_row> ledger_{"budget_ledger"};
};

} // namespace

std::unique_ptr<view> make_budgets() {
  return std::make_unique<budgets>();
}

} // namespace ash::projections
