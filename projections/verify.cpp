#include "projections/verify.hpp"

#include "projections/projector.hpp"
#include "projections/writer.hpp"

#include <algorithm>
#include <cstdio>

namespace ash::projections {
namespace {

constexpr std::size_t most_differences = 100;
constexpr std::int64_t page_rows = 1'000;

/// A store in a file that nobody else sees.
class scratch_store {
public:
  explicit scratch_store(std::string file)
      : file_{std::move(file)}, store_{make_sqlite_store(file_)} {}
  ~scratch_store() {
    store_.reset();
    for (const auto* end : {"", "-wal", "-shm", ".lock"})
      std::remove((file_ + end).c_str());
  }
  scratch_store(const scratch_store&) = delete;
  scratch_store& operator=(const scratch_store&) = delete;

  store& get() { return *store_; }

private:
  std::string file_;
  std::unique_ptr<store> store_;
};

/// A table's rows in order, a page at a time.
class row_stream {
public:
  row_stream(connection& at, const table_shape& shape, const generation& in)
      : at_{at}, text_{"select " + column_list(shape) + " from " + in.table(shape.name) +
                       " where seq > $1 order by seq limit $2"} {}

  /// Null at the end.
  result<const row*> now() {
    if (next_ == rows_.size() && !ended_) {
      const std::vector<cell> bounds{last_, page_rows};
      TRY(rows_, at_.query(text_, bounds));
      next_ = 0;
      ended_ = rows_.size() < static_cast<std::size_t>(page_rows);
      if (!rows_.empty())
        last_ = std::get<std::int64_t>(rows_.back()[1]);
    }
    return next_ < rows_.size() ? &rows_[next_] : nullptr;
  }
  void pass() { ++next_; }

private:
  connection& at_;
  std::string text_;
  std::vector<row> rows_;
  std::size_t next_ = 0;
  std::int64_t last_ = -1;
  bool ended_ = false;
};

std::string text_of(const cell& of) {
  if (const auto* number = std::get_if<std::int64_t>(&of))
    return std::to_string(*number);
  const auto* text = std::get_if<std::string>(&of);
  return text == nullptr ? "null" : *text;
}

void note(verification& in, const table_shape& shape, const row& of, std::string what) {
  ++in.count;
  if (in.differences.size() < most_differences)
    in.differences.push_back({std::string{shape.name}, text_of(of[0]), std::move(what)});
}

std::string differing_columns(const table_shape& shape, const row& stored, const row& folded) {
  std::string names;
  for (std::size_t i = 0; i < shape.columns.size(); ++i)
    if (stored[i] != folded[i])
      names += (names.empty() ? "" : ", ") + std::string{shape.columns[i].name};
  return "other than the log says: " + names;
}

result<void>
compare(row_stream stored, row_stream folded, const table_shape& shape, verification& out) {
  for (;;) {
    TRY(const auto* const a, stored.now());
    TRY(const auto* const b, folded.now());
    if (a == nullptr && b == nullptr)
      return success();
    ++out.rows;
    const auto is_first = [](const row* one, const row* other) {
      return other == nullptr || (one != nullptr && std::get<std::int64_t>((*one)[1]) <
                                                        std::get<std::int64_t>((*other)[1]));
    };
    if (is_first(a, b)) {
      note(out, shape, *a, "in the store, but not in the log");
      stored.pass();
    } else if (is_first(b, a)) {
      note(out, shape, *b, "missing in the store");
      folded.pass();
    } else {
      if (*a != *b)
        note(out, shape, *b, differing_columns(shape, *a, *b));
      stored.pass();
      folded.pass();
    }
  }
}

result<generation> live_generation(connection& at, const writer& with, const log::event_log& from) {
  const auto found = find_generation(at, generation_state::live);
  const bool is_missing = found && !found.value();
  if (is_missing || (!found && found.error().code == errc::internal_error))
    return refuse(errc::store_unavailable,
                  "there are no read models yet: start the server, or run `actor-shell "
                  "projections rebuild`");
  if (!found)
    return found.error();
  if (found.value()->layout != layout_of(with.views()) ||
      found.value()->incarnation != to_string(from.incarnation()))
    return refuse(errc::store_unavailable,
                  "the read models are of another version of actor-shell or of another log: run "
                  "`actor-shell projections rebuild`");
  return *found.value();
}

view_status status_of(const cursor& of) {
  return {of.view, of.position, 0, of.stopped_at, of.code, of.message};
}

result<void> go_on(const std::stop_token& stop) {
  if (stop.stop_requested())
    return refuse(errc::cancelled, "the comparison of the read models was called off");
  return success();
}

result<void>
fold_all(writer& with, std::uint64_t head, const progress& tell, const std::stop_token& stop = {}) {
  for (;;) {
    TRY(go_on(stop));
    TRY(const auto applied, with.step(head));
    if (tell)
      tell(with.position(head), head);
    if (applied == 0)
      return success();
  }
}

} // namespace

json::object to_json(const verification& of) {
  json::array differences;
  for (const auto& each : of.differences)
    differences.push_back(
        json::object{{"table", each.table}, {"key", each.key}, {"what", each.what}});
  json::array stopped;
  for (const auto& each : of.stopped)
    stopped.push_back(json::object{
        {"view", each.view}, {"position", each.stopped_at}, {"message", each.message}});
  return {{"clean", of.is_clean()},
          {"position", of.position},
          {"rows", of.rows},
          {"difference_count", of.count},
          {"differences", std::move(differences)},
          {"stopped", std::move(stopped)}};
}

result<verification> verify(const log::event_log& from,
                            store& what,
                            const std::string& scratch,
                            const progress& tell,
                            const std::stop_token& stop) {
  TRY(const auto at, what.connect());
  TRY(at->begin(transaction::read));
  const open_transaction until_compared{*at};
  writer fresh{from};
  TRY(const auto live, live_generation(*at, fresh, from));
  TRY(const auto cursors, read_cursors(*at, live));

  scratch_store beside{scratch};
  TRY(const auto there, beside.get().connect());
  TRY(migrate(*there));
  TRY(const auto where, choose_generation(*there, from, fresh.views(), choice::fresh));
  TRY(const auto reads, beside.get().connect());
  TRY(fresh.open({there.get(), reads.get(), where.which}));
  verification out;
  for (const auto& each : cursors) {
    fresh.hold(each.view, each.position);
    out.position = std::max(out.position, each.position);
    if (each.stopped_at != 0)
      out.stopped.push_back(status_of(each));
  }
  TRY(fold_all(fresh, out.position, tell, stop));
  for (const auto* each : fresh.views())
    for (const auto* table : each->tables()) {
      const auto& shape = table->shape();
      TRY(go_on(stop));
      TRY(compare({*at, shape, live}, {*there, shape, where.which}, shape, out));
    }
  return out;
}

result<projection_status> rebuild(const log::event_log& from, store& what, const progress& tell) {
  TRY(const auto at, what.connect());
  TRY(at->claim());
  TRY(migrate(*at));
  writer with{from};
  TRY(const auto where, choose_generation(*at, from, with.views(), choice::fresh));
  TRY(const auto reads, what.connect());
  TRY(with.open({at.get(), reads.get(), where.which}));
  TRY(fold_all(with, from.head(), tell));
  if (!where.is_live) {
    TRY(at->begin(transaction::write));
    const open_transaction until_committed{*at};
    TRY(make_live(*at, where.which));
    TRY(at->commit());
  }
  return read_status(from, what);
}

result<projection_status> read_status(const log::event_log& from, store& what) {
  TRY(const auto at, what.connect());
  TRY(at->begin(transaction::read));
  const open_transaction until_read{*at};
  const writer with{from};
  TRY(const auto live, live_generation(*at, with, from));
  TRY(const auto cursors, read_cursors(*at, live));
  projection_status out;
  out.store = what.name();
  out.doing = activity::stopped;
  out.generation = static_cast<std::uint64_t>(live.number);
  out.head = from.head();
  out.position = out.head;
  for (const auto& each : cursors) {
    out.views.push_back(status_of(each));
    if (each.stopped_at == 0)
      out.position = std::min(out.position, each.position);
  }
  out.lag_facts = out.head - out.position;
  if (out.lag_facts > 0) {
    TRY(const auto oldest, from.read(out.position, {1, 1}));
    if (!oldest.empty())
      out.lag_seconds = static_cast<double>(system_now() - oldest.front().at) / us_per_s;
  }
  return out;
}

} // namespace ash::projections
