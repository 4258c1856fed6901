#include "projections/writer.hpp"

#include <algorithm>
#include <exception>
#include <limits>
#include <utility>

namespace ash::projections {
namespace {

/// Of payload, in one transaction, the last page left out.
constexpr std::size_t batch_bytes = std::size_t{24} << 20;
/// What is read, decoded and folded at once. Few, so that it stays in the processor's caches.
constexpr std::size_t page_facts = 1'000;

/// A refusal of the store that another attempt won't change.
bool is_final(const error& why) {
  return why.code == errc::internal_error;
}

} // namespace

/// What a batch comes to.
struct writer::changes {
  struct of_table {
    const table_shape* shape = nullptr;
    changed_rows rows;
  };
  std::vector<of_table> tables;
  std::vector<cursor> moved;       ///< one a view
  std::vector<std::uint64_t> rows; ///< likewise
  position_range facts;            ///< less than were asked for, where they are too many
};

struct writer::batch {
  members who;
  position_range facts;
  result<changes> made = changes{};
};

writer::writer(const log::event_log& from, std::size_t batch_facts)
    : owned_{make_views()}, batch_facts_{batch_facts}, reader_{from,
                                                               std::min(page_facts, batch_facts)} {
  for (const auto& each : owned_) {
    views_.push_back(each.get());
    for (auto* table : each->tables())
      table->work_at(place_);
  }
  limits_.assign(views_.size(), std::numeric_limits<std::uint64_t>::max());
  rows_.assign(views_.size(), 0);
}

writer::~writer() = default;

result<void> writer::open(workplace in) {
  place_ = std::move(in);
  forget();
  TRY(const auto stored, read_cursors(*place_.writes, place_.in));
  cursors_.clear();
  for (const auto* each : views_) {
    cursor mine{std::string{each->name()}, 0, 0, {}, {}};
    for (const auto& known : stored)
      if (known.view == mine.view)
        mine.position = known.position;
    cursors_.push_back(std::move(mine));
  }
  folded_ = cursors_;
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
  const auto& at = folded_[view];
  return at.stopped_at == 0 && at.position < std::min(head, limits_[view]);
}

/// The views that are furthest behind, together, and how far they may go: to the head, a limit or
/// the next of the others.
writer::members writer::slowest(std::uint64_t head, std::uint64_t& until) const {
  members out;
  for (std::size_t i = 0; i < views_.size(); ++i) {
    if (!is_behind(i, head))
      continue;
    if (!out.empty() && folded_[i].position < folded_[out.front()].position)
      out.clear();
    if (out.empty() || folded_[i].position == folded_[out.front()].position)
      out.push_back(i);
  }
  until = head;
  for (std::size_t i = 0; i < views_.size() && !out.empty(); ++i) {
    if (std::find(out.begin(), out.end(), i) != out.end())
      until = std::min(until, limits_[i]);
    else if (is_behind(i, head))
      until = std::min(until, folded_[i].position);
  }
  return out;
}

result<std::size_t> writer::step(std::uint64_t head) {
  if (!ahead_)
    ahead_ = fold_next(head);
  // Shared, for the one that writes it may outlast this call: a fold can throw.
  const auto now = std::exchange(ahead_, {});
  if (!now)
    return std::size_t{0};
  auto done = result<void>{success()};
  if (now->made) {
    std::uint64_t until = 0;
    const bool is_last = slowest(head, until).empty();
    const auto how = is_last ? std::launch::deferred : std::launch::async;
    writing_ =
        std::async(how, [this, now] { return write(now->made.value(), add_by::insert); }).share();
    if (!is_last)
      ahead_ = fold_next(head);
    done = writing_.get();
    writing_ = {};
  } else {
    done = now->made.error();
  }
  const auto count = static_cast<std::size_t>(now->facts.until - now->facts.after);
  if (done) {
    settle(now->who, std::move(now->made).value());
    return count;
  }
  // What was folded since was folded onto rows that are not there.
  forget();
  if (!is_final(done.error()))
    return done.error();
  // Rows that the store had already are no reason to stop: it is written once more, over them.
  TRY(write_alone(now->who, now->facts));
  folded_ = cursors_;
  return count;
}

/// Folds what comes after `folded_`; null where there is nothing.
std::shared_ptr<writer::batch> writer::fold_next(std::uint64_t head) {
  auto out = std::make_shared<batch>();
  out->who = slowest(head, out->facts.until);
  if (out->who.empty())
    return {};
  out->facts.after = folded_[out->who.front()].position;
  out->made = fold(out->who, out->facts);
  if (!out->made)
    return out;
  out->facts = out->made.value().facts;
  for (std::size_t i = 0; i < out->who.size(); ++i)
    folded_[out->who[i]] = out->made.value().moved[i];
  return out;
}

/// One transaction.
result<void> writer::write(const changes& made, add_by how) {
  auto& at = *place_.writes;
  TRY(at.begin(transaction::write));
  const open_transaction until_committed{at};
  for (const auto& each : made.tables) {
    const auto name = place_.in.table(each.shape->name);
    const auto& [added, changed] = each.rows;
    TRY(how == add_by::insert ? at.insert(*each.shape, name, added)
                              : at.upsert(*each.shape, name, added));
    TRY(at.upsert(*each.shape, name, changed));
  }
  TRY(write_cursors(at, place_.in, made.moved));
  return at.commit();
}

void writer::settle(const members& who, changes made) {
  for (std::size_t i = 0; i < who.size(); ++i) {
    cursors_[who[i]] = std::move(made.moved[i]);
    rows_[who[i]] += made.rows[i];
  }
}

/// With nothing else in flight.
result<void> writer::write_alone(const members& who, position_range facts) {
  folded_ = cursors_;
  auto made = fold(who, facts);
  const auto done = made ? write(made.value(), add_by::upsert) : result<void>{made.error()};
  if (done) {
    settle(who, std::move(made).value());
    return success();
  }
  forget();
  return is_final(done.error()) ? isolate(who, facts, done.error()) : done;
}

/// Finds the view and the fact that a final refusal of the store is about: each view alone, then
/// half of the facts at a time.
result<void> writer::isolate(const members& who, position_range facts, const error& why) {
  if (who.size() > 1) {
    for (const auto each : who) {
      TRY(write_alone({each}, facts));
    }
    return success();
  }
  if (facts.until - facts.after > 1) {
    const auto half = facts.after + (facts.until - facts.after) / 2;
    TRY(write_alone(who, {facts.after, half}));
    if (cursors_[who.front()].stopped_at != 0)
      return success();
    return write_alone(who, {cursors_[who.front()].position, facts.until});
  }
  auto at = cursors_[who.front()];
  at.stopped_at = facts.until;
  at.code = to_string(why.code);
  at.message = why.message;
  TRY(write_cursors(*place_.writes, place_.in, {&at, 1}));
  cursors_[who.front()] = std::move(at);
  return success();
}

/// A fact after the other, each given to every view while it is at hand. Errors: those of the log
/// and of the store.
result<writer::changes> writer::fold(const members& who, position_range facts) {
  changes out;
  for (const auto each : who)
    out.moved.push_back(folded_[each]);
  out.facts = {facts.after, facts.after};
  auto& at = out.facts.until;
  for (std::size_t bytes = 0;
       at < facts.until && at - facts.after < batch_facts_ && bytes < batch_bytes;) {
    TRY(const auto some, reader_.read({at, facts.until}));
    at = some.last();
    bytes += some.bytes;
    for (const auto& fact : some.facts)
      for (std::size_t i = 0; i < who.size(); ++i)
        if (out.moved[i].stopped_at == 0) {
          TRY(give(who[i], facts.after, fact, out.moved[i]));
        }
  }
  for (const auto each : who) {
    std::uint64_t count = 0;
    for (auto* table : views_[each]->tables()) {
      auto rows = table->take();
      count += rows.count();
      if (rows.count() > 0)
        out.tables.push_back({&table->shape(), std::move(rows)});
    }
    out.rows.push_back(count);
  }
  return out;
}

result<void> writer::apply(view& to, const read_fact& each) {
  if (each.record.pruned)
    return success();
  if (!each.fact)
    return each.fact.error();
  try {
    return to.apply(each.record, each.fact.value());
  } catch (const std::exception& broken) {
    return refuse(errc::log_corrupt,
                  "the fact " + each.record.type + " at position " +
                      std::to_string(each.record.position) + ": " + broken.what());
  }
}

/// Gives a fact to a view that has those before it. Where it can't be applied, what it left half
/// done is dropped, and the facts of its batch, which begins after `begin`, are applied again.
result<void> writer::give(std::size_t who, std::uint64_t begin, const read_fact& fact, cursor& to) {
  auto& into = *views_[who];
  const auto position = fact.record.position;
  const auto applied = apply(into, fact);
  if (applied) {
    to.position = position;
    return success();
  }
  if (applied.error().code != errc::log_corrupt)
    return applied;
  // What is read again is to hold the batch that is on its way.
  if (writing_.valid()) {
    TRY(writing_.get());
  }
  for (auto* table : into.tables())
    table->forget();
  for (position_range again{begin, position - 1}; again.after < again.until;) {
    TRY(const auto some, reader_.read(again));
    for (const auto& each : some.facts) {
      TRY(apply(into, each));
    }
    again.after = some.last();
  }
  to.stopped_at = position;
  to.code = to_string(applied.error().code);
  to.message = applied.error().message;
  return success();
}

void writer::forget() {
  ahead_.reset();
  for (auto* each : views_)
    for (auto* table : each->tables())
      table->forget();
}

} // namespace ash::projections
