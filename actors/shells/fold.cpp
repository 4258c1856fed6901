#include "actors/shells/fold.hpp"

#include "actors/aggregates/budget.hpp"
#include "actors/aggregates/phase.hpp"
#include "actors/aggregates/run.hpp"
#include "actors/aggregates/session.hpp"
#include "actors/aggregates/tool_call.hpp"
#include "events/codec/codec.hpp"

#include <boost/mp11/algorithm.hpp>

namespace ash::fold {
namespace {

/// The aggregate's own alternative of a fact. Errors: `log_corrupt` for a fact of another
/// aggregate.
template <aggregate A>
result<typename A::fact> narrow(any_fact&& happened, const log::record& from) {
  return std::visit(
      [&](auto&& f) -> result<typename A::fact> {
        using fact = std::decay_t<decltype(f)>;
        if constexpr (boost::mp11::mp_contains<typename A::fact, fact>::value)
          return typename A::fact{std::forward<decltype(f)>(f)};
        else
          return refuse(errc::log_corrupt,
                        "the stream '" + from.stream.text() + "' holds the fact '" + from.type +
                            "', which it can't, at position " + std::to_string(from.position));
      },
      std::move(happened));
}

} // namespace

template <aggregate A>
result<folded<A>> onward(const log::event_log& log,
                         const stream_id& stream,
                         folded<A> out,
                         std::optional<std::uint64_t> version,
                         std::optional<std::uint64_t> position) {
  out.next_position = 0;
  while (true) {
    TRY(auto records, log.read_stream(stream, out.version));
    for (auto& record : records) {
      if ((version && record.version > *version) || (position && record.position > *position)) {
        out.next_position = record.position;
        return out;
      }
      out.version = record.version;
      out.position = record.position;
      out.at = record.at;
      if (record.keep == log::durability::transient)
        continue; // no fold depends on one, and it may be pruned
      TRY(auto decoded, codec::decode(record.type, record.schema_version, record.payload));
      TRY(auto fact, narrow<A>(std::move(decoded), record));
      out.state = A::evolve(std::move(out.state), fact);
    }
    if (records.empty())
      return out;
  }
}

template <aggregate A>
result<void> apply(log::event_log& log,
                   const stream_id& stream,
                   const stream_id& root,
                   const typename A::command& what,
                   instant now) {
  TRY(auto before, whole<A>(log, stream));
  TRY(auto facts, A::decide(before.state, what, now));
  if (facts.empty())
    return success();
  log::append_request request;
  request.stream = stream;
  request.root = root;
  request.expected_version = before.version;
  request.at = now;
  request.entries.emplace_back();
  request.entries.back().correlation = root.text();
  for (const auto& fact : facts) {
    auto bytes = codec::encode(std::visit([](const auto& f) -> any_fact { return f; }, fact));
    request.entries.back().facts.push_back(
        {std::string{bytes.type},
         bytes.schema_version,
         bytes.transient ? log::durability::transient : log::durability::synced,
         std::move(bytes.payload)});
    for (auto& blob : bytes.blobs)
      request.blobs.push_back({blob.hash, std::move(blob.bytes)});
    before.state = A::evolve(std::move(before.state), fact);
  }
  request.status =
      A::is_final(before.state) ? log::stream_status::closed : log::stream_status::open;
  TRY(log.append_now(std::move(request)));
  return success();
}

// -- of our aggregates ----------------------------------------------------------------------------

#define ASH_FOLDS_OF(A)                                                                            \
  template result<folded<A>> onward(const log::event_log&,                                         \
                                    const stream_id&,                                              \
                                    folded<A>,                                                     \
                                    std::optional<std::uint64_t>,                                  \
                                    std::optional<std::uint64_t>);                                 \
  template result<void> apply<A>(                                                                  \
      log::event_log&, const stream_id&, const stream_id&, const A::command&, instant);
ASH_FOLDS_OF(session_aggregate)
ASH_FOLDS_OF(run_aggregate)
ASH_FOLDS_OF(phase_aggregate)
ASH_FOLDS_OF(tool_call_aggregate)
ASH_FOLDS_OF(budget_aggregate)
#undef ASH_FOLDS_OF

} // namespace ash::fold
