#include "actors/shells/stream_folds.hpp"

#include "actors/aggregates/budget.hpp"
#include "actors/aggregates/phase.hpp"
#include "actors/aggregates/run.hpp"
#include "actors/aggregates/session.hpp"
#include "actors/aggregates/tool_call.hpp"
#include "actors/shells/fold_json.hpp"

#include <algorithm>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <variant>

namespace ash::inspect {

/// A state beside its text. It is right for every position from its own up to the next fact's.
struct kept_fold {
  std::variant<std::monostate,
               fold::folded<session_aggregate>,
               fold::folded<run_aggregate>,
               fold::folded<phase_aggregate>,
               fold::folded<tool_call_aggregate>,
               fold::folded<budget_aggregate>>
      folded;
  std::shared_ptr<const std::string> text;
};

namespace {

std::uint64_t next_of(const kept_fold& one) {
  return std::visit(
      [](const auto& folded) -> std::uint64_t {
        if constexpr (requires { folded.next_position; })
          return folded.next_position;
        else
          return 0;
      },
      one.folded);
}

struct made_fold {
  std::uint64_t position; ///< of the last fact in it
  kept_fold kept;
};

template <aggregate A>
result<made_fold> make(const log::event_log& log,
                       const stream_id& stream,
                       const kept_fold* before,
                       std::uint64_t position) {
  fold::folded<A> from;
  if (before != nullptr)
    from = std::get<fold::folded<A>>(before->folded);
  const auto version = from.version;
  TRY(auto folded, fold::onward<A>(log, stream, std::move(from), {}, position));
  auto text = before != nullptr ? before->text : nullptr;
  if (text == nullptr || folded.version != version) {
    TRY(const auto shown, fold::to_json<A>(log, stream, folded));
    text = std::make_shared<const std::string>(to_json_text(shown));
  }
  const auto where = folded.position;
  return made_fold{where, {std::move(folded), std::move(text)}};
}

result<made_fold> make(const log::event_log& log,
                       const stream_id& stream,
                       const kept_fold* before,
                       std::uint64_t position) {
  switch (stream.kind()) {
  case entity_kind::session:
    return make<session_aggregate>(log, stream, before, position);
  case entity_kind::run:
    return make<run_aggregate>(log, stream, before, position);
  case entity_kind::phase:
    return make<phase_aggregate>(log, stream, before, position);
  case entity_kind::tool_call:
    return make<tool_call_aggregate>(log, stream, before, position);
  case entity_kind::budget:
    return make<budget_aggregate>(log, stream, before, position);
  case entity_kind::log:
    break;
  }
  return refuse(errc::argument_invalid, "the stream '" + stream.text() + "' has no state to fold");
}

} // namespace

class stream_folds::shard {
public:
  shard(const log::event_log& log, limits most) : log_{log}, most_{most} {}

  result<std::shared_ptr<const std::string>> at(const stream_id& stream, std::uint64_t position) {
    const std::lock_guard guard{lock_};
    const auto before = latest(stream, position);
    if (before != folds_.end()) {
      use(before);
      const auto next = next_of(before->second.kept);
      if (position == before->first.second || position < next) {
        ++counts_.answered;
        return before->second.kept.text;
      }
    }
    const auto* from = before == folds_.end() ? nullptr : &before->second.kept;
    TRY(auto made, make(log_, stream, from, position));
    ++(from == nullptr ? counts_.begun : counts_.continued);
    auto text = made.kept.text;
    keep(stream, std::move(made));
    return text;
  }

  void add_to(counts& sum) const {
    const std::lock_guard guard{lock_};
    sum.answered += counts_.answered;
    sum.continued += counts_.continued;
    sum.begun += counts_.begun;
    sum.kept += folds_.size();
    sum.bytes += bytes_;
  }

private:
  using key = std::pair<stream_id, std::uint64_t>; ///< the position of the last fact
  struct entry {
    kept_fold kept;
    std::list<key>::iterator used;
  };
  using table = std::map<key, entry>;

  /// The last fold of the stream that is not after the position.
  table::iterator latest(const stream_id& stream, std::uint64_t position) {
    auto found = folds_.upper_bound({stream, position});
    if (found == folds_.begin())
      return folds_.end();
    --found;
    return found->first.first == stream ? found : folds_.end();
  }

  void use(table::iterator one) { used_.splice(used_.begin(), used_, one->second.used); }

  void keep(const stream_id& stream, made_fold&& made) {
    const auto [found, added] = folds_.try_emplace({stream, made.position});
    if (added) {
      used_.push_front(found->first);
      found->second.used = used_.begin();
      bytes_ += made.kept.text->size();
    }
    found->second.kept = std::move(made.kept); // the same, but for the fact that follows now
    while (!used_.empty() && (folds_.size() > most_.folds || bytes_ > most_.bytes)) {
      const auto oldest = folds_.find(used_.back());
      bytes_ -= oldest->second.kept.text->size();
      folds_.erase(oldest);
      used_.pop_back();
    }
  }

  const log::event_log& log_;
  const limits most_;
  mutable std::mutex lock_;
  table folds_;
  std::list<key> used_; ///< lately first
  std::size_t bytes_ = 0;
  counts counts_;
};

stream_folds::stream_folds(const log::event_log& log, limits most) {
  for (auto& each : shards_)
    each = std::make_unique<shard>(
        log,
        limits{std::max<std::size_t>(1, most.folds / shards_.size()), most.bytes / shards_.size()});
}

stream_folds::~stream_folds() = default;

result<std::shared_ptr<const std::string>> stream_folds::at(const stream_id& stream,
                                                            std::uint64_t position) {
  return shards_.at(std::hash<stream_id>{}(stream) % shards_.size())->at(stream, position);
}

stream_folds::counts stream_folds::stats() const {
  counts sum;
  for (const auto& each : shards_)
    each->add_to(sum);
  return sum;
}

} // namespace ash::inspect
