#include "projections/writer.hpp"

#include "events/codec/codec.hpp"

#include <algorithm>
#include <exception>
#include <future>
#include <limits>
#include <span>

namespace ash::projections {
namespace {

constexpr std::size_t batch_facts = 5'000;

struct decoded {
  log::record record; ///< its payload is spent
  result<any_fact> fact = refuse(errc::log_corrupt, "not read");
};

/// A refusal of the store that another attempt won't change.
bool is_final(const error& why) {
  return why.code == errc::internal_error;
}

/// Errors: those of the log; a fact that can't be decoded stands in its place.
result<std::vector<decoded>>
read_facts(const log::event_log& from, std::uint64_t after, std::uint64_t until) {
  log::read_limit limit;
  limit.max_records = static_cast<std::size_t>(std::min<std::uint64_t>(batch_facts, until - after));
  TRY(auto records, from.read(after, limit));
  std::vector<decoded> out;
  out.reserve(records.size());
  for (auto& each : records) {
    decoded one;
    // A pruned fact was transient: no row depends on it.
    if (!each.pruned)
      one.fact = codec::decode(each.type, each.schema_version, each.payload);
    each.payload.clear();
    one.record = std::move(each);
    out.push_back(std::move(one));
  }
  return out;
}

} // namespace

struct writer::batch {
  std::span<const decoded> facts;

  [[nodiscard]] std::uint64_t last() const { return facts.back().record.position; }
};

/// Reads the batch after the one at work, meanwhile.
class writer::reader {
public:
  explicit reader(const log::event_log& from) : log_{from} {}

  result<std::vector<decoded>> read(std::uint64_t after, std::uint64_t until) {
    if (next_.valid() && after_ == after && until_ <= until) {
      auto ready = next_.get();
      if (!ready || !ready.value().empty())
        return ready;
    }
    return read_facts(log_, after, until);
  }

  void begin(std::uint64_t after, std::uint64_t until) {
    if (next_.valid())
      next_.wait();
    after_ = after;
    until_ = until;
    next_ = std::async(std::launch::async,
                       [this, after, until] { return read_facts(log_, after, until); });
  }

private:
  const log::event_log& log_;
  std::uint64_t after_ = 0;
  std::uint64_t until_ = 0;
  std::future<result<std::vector<decoded>>> next_; ///< waits in its destructor
};

writer::writer(const log::event_log& from)
    : log_{from}, owned_{make_views()}, reader_{std::make_unique<reader>(from)} {
  for (const auto& each : owned_) {
    views_.push_back(each.get());
    for (auto* table : each->tables())
      table->work_at(place_);
  }
  limits_.assign(views_.size(), std::numeric_limits<std::uint64_t>::max());
  rows_.assign(views_.size(), 0);
}

writer::~writer() = default;

result<void> writer::open(connection& at, generation in) {
  forget();
  place_ = {&at, std::move(in)};
  TRY(const auto stored, read_cursors(at, place_.in));
  cursors_.clear();
  for (const auto* each : views_) {
    cursor mine{std::string{each->name()}, 0, 0, {}, {}};
    for (const auto& known : stored)
      if (known.view == mine.view)
        mine.position = known.position;
    cursors_.push_back(std::move(mine));
  }
  return success();
}

void writer::hold(std::string_view view, std::uint64_t position) {
  for (std::size_t i = 0; i < views_.size(); ++i)
    if (views_[i]->name() == view)
      limits_[i] = position;
}

std::uint64_t writer::position(std::uint64_t head) const noexcept {
  std::uint64_t out = head;
  for (const auto& each : cursors_)
    if (each.stopped_at == 0)
      out = std::min(out, each.position);
  return out;
}

bool writer::is_behind(std::size_t view, std::uint64_t head) const {
  const auto& at = cursors_[view];
  return at.stopped_at == 0 && at.position < std::min(head, limits_[view]);
}

/// The views that are furthest behind, together, and how far they may go: to the head, a limit or
/// the next of the others.
writer::members writer::slowest(std::uint64_t head, std::uint64_t& until) const {
  members out;
  for (std::size_t i = 0; i < views_.size(); ++i) {
    if (!is_behind(i, head))
      continue;
    if (!out.empty() && cursors_[i].position < cursors_[out.front()].position)
      out.clear();
    if (out.empty() || cursors_[i].position == cursors_[out.front()].position)
      out.push_back(i);
  }
  until = head;
  for (std::size_t i = 0; i < views_.size() && !out.empty(); ++i) {
    if (std::find(out.begin(), out.end(), i) != out.end())
      until = std::min(until, limits_[i]);
    else if (is_behind(i, head))
      until = std::min(until, cursors_[i].position);
  }
  return out;
}

result<std::size_t> writer::step(std::uint64_t head) {
  std::uint64_t until = 0;
  const auto who = slowest(head, until);
  if (who.empty())
    return std::size_t{0};
  TRY(const auto facts, reader_->read(cursors_[who.front()].position, until));
  if (facts.empty())
    return std::size_t{0};
  const batch all{facts};
  if (all.last() < until)
    reader_->begin(all.last(), until);
  if (auto done = advance(who, all); !done) {
    forget();
    return done.error();
  }
  return facts.size();
}

/// Where the store refuses a statement for good, finds the view and the fact that it is about:
/// each view alone, then half of the facts at a time.
result<void> writer::advance(const members& who, const batch& facts) {
  auto done = write(who, facts);
  if (done || !is_final(done.error()))
    return done;
  if (who.size() > 1) {
    for (const auto each : who) {
      TRY(advance({each}, facts));
    }
    return success();
  }
  if (facts.facts.size() > 1) {
    const auto half = facts.facts.size() / 2;
    TRY(advance(who, {facts.facts.first(half)}));
    if (cursors_[who.front()].stopped_at != 0)
      return success();
    return advance(who, {facts.facts.subspan(half)});
  }
  auto at = cursors_[who.front()];
  at.stopped_at = facts.facts.front().record.position;
  at.code = to_string(done.error().code);
  at.message = done.error().message;
  TRY(write_cursors(*place_.at, place_.in, {&at, 1}));
  cursors_[who.front()] = std::move(at);
  return success();
}

result<void> writer::write(const members& who, const batch& facts) {
  TRY(place_.at->begin(transaction::write));
  const open_transaction until_committed{*place_.at};
  std::vector<cursor> moved;
  std::vector<std::uint64_t> rows(who.size(), 0);
  const auto all = [&]() -> result<void> {
    for (std::size_t i = 0; i < who.size(); ++i) {
      auto to = cursors_[who[i]];
      TRY(fold(who[i], facts, to));
      for (auto* table : views_[who[i]]->tables()) {
        TRY(const auto written, table->write());
        rows[i] += written;
      }
      moved.push_back(std::move(to));
    }
    TRY(write_cursors(*place_.at, place_.in, moved));
    return place_.at->commit();
  }();
  if (!all) {
    forget();
    return all;
  }
  for (std::size_t i = 0; i < who.size(); ++i) {
    cursors_[who[i]] = std::move(moved[i]);
    rows_[who[i]] += rows[i];
  }
  return success();
}

/// Gives the facts to one view. Where one of them can't be applied, what it left half done is
/// dropped, and the facts before it are applied again.
result<void> writer::fold(std::size_t who, const batch& facts, cursor& to) {
  auto& into = *views_[who];
  const auto apply = [&](const decoded& each) -> result<void> {
    if (each.record.pruned)
      return success();
    if (!each.fact)
      return each.fact.error();
    try {
      return into.apply(each.record, each.fact.value());
    } catch (const std::exception& broken) {
      return refuse(errc::log_corrupt,
                    "the fact " + each.record.type + " at position " +
                        std::to_string(each.record.position) + ": " + broken.what());
    }
  };
  for (std::size_t i = 0; i < facts.facts.size(); ++i) {
    const auto& each = facts.facts[i];
    const auto applied = apply(each);
    if (applied) {
      to.position = each.record.position;
      continue;
    }
    if (applied.error().code != errc::log_corrupt)
      return applied;
    for (auto* table : into.tables())
      table->forget();
    for (const auto& before : facts.facts.first(i)) {
      TRY(apply(before));
    }
    to.stopped_at = each.record.position;
    to.code = to_string(applied.error().code);
    to.message = applied.error().message;
    return success();
  }
  return success();
}

void writer::forget() {
  for (auto* each : views_)
    for (auto* table : each->tables())
      table->forget();
}

} // namespace ash::projections
