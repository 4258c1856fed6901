#include "projections/queries/queries.hpp"

#include "events/base/ascii.hpp"
#include "events/base/hash.hpp"
#include "events/base/text.hpp"
#include "projections/generation.hpp"
#include "projections/queries/catalogue.hpp"
#include "projections/queries/row_json.hpp"
#include "projections/views/view.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <functional>
#include <mutex>

namespace ash::projections {
namespace {

constexpr std::size_t most_rows = 1'000;
constexpr std::size_t most_values = 50; ///< of one filter
constexpr std::size_t most_idle = 8;    ///< connections
/// So long a store that left a question unanswered is asked nothing: those who wait for it would
/// keep the workers from everything else.
constexpr std::chrono::seconds unasked{10};

/// A statement that is put together with its parameters.
struct statement {
  std::string text;
  std::vector<cell> parameters;

  std::string parameter(cell value) {
    parameters.push_back(std::move(value));
    return "$" + std::to_string(parameters.size());
  }
};

std::vector<std::string> divided(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t begin = 0;;) {
    const auto end = text.find(',', begin);
    out.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos)
      return out;
    begin = end + 1;
  }
}

result<std::int64_t> integer_in(std::string_view text, std::string_view what) {
  std::int64_t out = 0;
  const auto end = text.data() + text.size();
  if (const auto [at, why] = std::from_chars(text.data(), end, out);
      why != std::errc{} || at != end)
    return refuse(errc::argument_invalid,
                  std::string{what} + ": '" + printable(text) + "' is no integer")
        .with("field", std::string{what});
  return out;
}

result<cell> cell_in(const column& of, const std::string& text) {
  if (kept_as(of.kind) == cell_kind::text) {
    if (!is_valid_utf8(text) || text.find('\0') != std::string::npos)
      return refuse(errc::argument_invalid,
                    "the filter '" + std::string{of.name} + "' is no valid text")
          .with("field", std::string{of.name});
    return cell{text};
  }
  if (of.kind == value_kind::flag && (text == "true" || text == "false"))
    return cell{std::int64_t{text == "true" ? 1 : 0}};
  TRY(const auto number, integer_in(text, of.name));
  return cell{number};
}

const column* find_column(const table_shape& in, std::string_view name) {
  for (const auto& each : in.columns)
    if (each.name == name)
      return &each;
  return nullptr;
}

/// Ties a page's `next` to its list and filters.
std::string mark_of(std::string_view what, const filters& where) {
  std::string all{what};
  for (const auto& [name, value] : where)
    all += "\n" + name + "=" + value;
  return sha256_hex(all).substr(0, 12);
}

result<std::int64_t> sequence_in(const std::string& after, const std::string& mark) {
  if (!after.starts_with(mark + "-"))
    return refuse(errc::cursor_invalid,
                  "'after' is not from a page of this list with these filters: leave it out to "
                  "begin at the first page");
  const auto number = integer_in(std::string_view{after}.substr(mark.size() + 1), "after");
  if (!number)
    return refuse(errc::cursor_invalid,
                  "'after' is damaged: leave it out to begin at the first page");
  return number.value();
}

std::int64_t number_in(const std::vector<row>& rows) {
  const auto* number =
      rows.empty() || rows[0].empty() ? nullptr : std::get_if<std::int64_t>(&rows[0][0]);
  return number == nullptr ? 0 : *number;
}

error not_there_yet() {
  return refuse(errc::store_unavailable,
                "the read models are not there yet, or of another version: start the server, or "
                "run `actor-shell projections rebuild`");
}

struct order {
  const char* direction;
  const char* beyond; ///< of the last one seen
};

result<order> order_in(filters& where) {
  const auto asked = where.find("order");
  if (asked == where.end() || asked->second == "desc")
    return order{"desc", "<"};
  if (asked->second != "asc")
    return refuse(errc::argument_invalid, "'order' is 'asc' (oldest first) or 'desc'")
        .with("field", "order");
  return order{"asc", ">"};
}

} // namespace

class queries::parts {
public:
  explicit parts(store& from) : store_{from}, owned_{make_views()} {
    for (const auto& each : owned_)
      views_.push_back(each.get());
    layout_ = layout_of(views_);
  }

  [[nodiscard]] const table_shape& shape_of(std::string_view name) const {
    for (const auto* each : views_)
      for (const auto* table : each->tables())
        if (table->shape().name == name)
          return table->shape();
    fail_check("a list without its table", std::source_location::current());
  }

  struct scene {
    connection* at = nullptr;
    generation in;
    std::uint64_t position = 0;

    result<std::vector<row>> query(const statement& what) const {
      return at->query(what.text, what.parameters);
    }
  };

  /// Calls `ask` within one consistent picture. A connection that was lost since it was last used
  /// is replaced once; so is one whose tables were swapped away in the middle.
  template <class Answer>
  result<Answer> read(std::string_view view,
                      const std::function<result<Answer>(const scene&)>& ask) {
    if (std::chrono::steady_clock::now() < ask_again_at_.load())
      return refuse(errc::store_unavailable,
                    store_.name() + " left a question unanswered a moment ago: ask again later");
    for (bool is_second = false;; is_second = true) {
      auto at = is_second ? store_.connect() : take();
      if (!at) {
        heed(at.error());
        return at.error();
      }
      auto answer = read_at<Answer>(*at.value(), view, ask);
      if (answer)
        give_back(std::move(at).value());
      if (!answer && heed(answer.error()))
        return answer;
      const bool is_worth_another = !answer && (answer.error().code == errc::store_unavailable ||
                                                answer.error().code == errc::internal_error);
      if (!is_worth_another || is_second)
        return answer;
    }
  }

private:
  /// Whether the store left a question unanswered: then it is left alone for a while.
  bool heed(const error& why) {
    const bool unanswered =
        std::any_of(why.details.begin(), why.details.end(), [](const auto& each) {
          return each.first == unanswered_ms;
        });
    if (unanswered)
      ask_again_at_ = std::chrono::steady_clock::now() + unasked;
    return unanswered;
  }

  template <class Answer>
  result<Answer> read_at(connection& at,
                         std::string_view view,
                         const std::function<result<Answer>(const scene&)>& ask) {
    TRY(at.begin(transaction::read));
    const open_transaction until_read{at};
    const auto live = find_generation(at, generation_state::live);
    if (!live)
      return live.error().code == errc::internal_error ? not_there_yet() : live.error();
    if (!live.value() || live.value()->layout != layout_)
      return not_there_yet();
    scene where{&at, *live.value(), 0};
    TRY(const auto cursors, read_cursors(at, where.in));
    for (const auto& each : cursors)
      if (each.view == view)
        where.position = each.position;
    return ask(where);
  }

  result<std::unique_ptr<connection>> take() {
    {
      const std::lock_guard lock{mutex_};
      if (!idle_.empty()) {
        auto one = std::move(idle_.back());
        idle_.pop_back();
        return one;
      }
    }
    return store_.connect();
  }

  void give_back(std::unique_ptr<connection> one) {
    const std::lock_guard lock{mutex_};
    if (idle_.size() < most_idle)
      idle_.push_back(std::move(one));
  }

  store& store_;
  std::vector<std::unique_ptr<view>> owned_;
  std::vector<view*> views_;
  std::string layout_;
  std::atomic<std::chrono::steady_clock::time_point> ask_again_at_{};
  std::mutex mutex_;
  std::vector<std::unique_ptr<connection>> idle_;
};

namespace {

/// Errors: `argument_invalid` for a value that no row ever has, which would only find nothing.
result<void> check_value(const listed& in, const std::string& filter, const std::string& value) {
  const auto* known = find_enumerated(in.name, filter);
  if (known == nullptr ||
      std::find(known->values.begin(), known->values.end(), value) != known->values.end())
    return success();
  auto names = known->values;
  std::erase(names, std::string_view{}); // a value that a row has none of
  return refuse(errc::argument_invalid,
                "'" + filter + "' of " + std::string{in.name} + " is never '" + printable(value) +
                    "': give " + joined(names))
      .with("field", filter);
}

/// ` where a = $1 and b in ($2, $3)`, or nothing. Errors: `unknown_field`, `argument_invalid`.
result<std::string>
conditions(const listed& what, const table_shape& shape, const filters& where, statement& to) {
  std::string out;
  for (const auto& [name, value] : where) {
    if (name == "order")
      continue;
    const auto* of = find_column(shape, name);
    if (of == nullptr ||
        std::find(what.filters.begin(), what.filters.end(), name) == what.filters.end())
      return refuse(errc::unknown_field,
                    std::string{what.name} + " can't be filtered by '" + printable(name) +
                        "': it knows " + joined(what.filters) + ", order")
          .with("field", name);
    const auto values = divided(value);
    if (values.size() > most_values)
      return refuse(errc::argument_invalid,
                    "the filter '" + name + "' has more than " + std::to_string(most_values) +
                        " values")
          .with("field", name);
    std::string places;
    for (const auto& each : values) {
      TRY(check_value(what, name, each));
      TRY(auto wanted, cell_in(*of, each));
      places += (places.empty() ? "" : ", ") + to.parameter(std::move(wanted));
    }
    out += (out.empty() ? " where " : " and ") + name + " in (" + places + ")";
  }
  return out;
}

result<const listed*> known(std::string_view what) {
  if (const auto* found = find_listed(what))
    return found;
  return refuse(errc::argument_invalid,
                "there is no list '" + printable(what) + "': there are " +
                    joined(queries::names()));
}

} // namespace

queries::queries(store& from) : parts_{std::make_unique<parts>(from)} {}
queries::~queries() = default;

std::vector<std::string_view> queries::names() {
  std::vector<std::string_view> out;
  for (const auto& each : catalogue())
    out.push_back(each.name);
  return out;
}

std::vector<std::string_view> queries::filters_of(std::string_view what) {
  const auto* found = find_listed(what);
  return found == nullptr ? std::vector<std::string_view>{} : found->filters;
}

std::vector<std::string_view> queries::values_of(std::string_view what, std::string_view filter) {
  const auto* found = find_enumerated(what, filter);
  return found == nullptr ? std::vector<std::string_view>{} : found->values;
}

result<page>
queries::list(std::string_view what, const filters& where, const page_request& which) const {
  TRY(const auto* const about, known(what));
  if (which.limit == 0 || which.limit > most_rows)
    return refuse(errc::argument_invalid, "a page has 1 to " + std::to_string(most_rows) + " rows");
  auto asked = where;
  TRY(const auto in_order, order_in(asked));
  const auto& shape = parts_->shape_of(about->name);
  statement counting;
  TRY(const auto condition, conditions(*about, shape, where, counting));
  auto listing = counting;
  const auto mark = mark_of(what, where);
  std::string beyond;
  if (!which.after.empty()) {
    TRY(const auto last, sequence_in(which.after, mark));
    beyond = (condition.empty() ? " where seq " : " and seq ") + std::string{in_order.beyond} +
             " " + listing.parameter(last);
  }
  return parts_->read<page>(about->view, [&](const parts::scene& at) -> result<page> {
    const auto table = at.in.table(about->name);
    counting.text = "select count(*) from " + table + condition;
    auto one_page = listing;
    one_page.text = "select " + column_list(shape) + " from " + table + condition + beyond +
                    " order by seq " + in_order.direction + " limit " +
                    one_page.parameter(static_cast<std::int64_t>(which.limit + 1));
    TRY(const auto total, at.query(counting));
    TRY(const auto rows, at.query(one_page));
    page out;
    out.total = static_cast<std::uint64_t>(number_in(total));
    out.position = at.position;
    for (std::size_t i = 0; i < std::min(rows.size(), which.limit); ++i)
      out.rows.push_back(row_json(shape, rows[i]));
    if (rows.size() > which.limit) {
      const auto& last = rows[which.limit - 1][1];
      out.next = mark + "-" + std::to_string(std::get<std::int64_t>(last));
    }
    return out;
  });
}

result<std::optional<json::object>> queries::get(std::string_view what, std::string_view id) const {
  using answer = std::optional<json::object>;
  TRY(const auto* const about, known(what));
  const auto& shape = parts_->shape_of(about->name);
  const auto& key = shape.columns.front();
  const auto wanted = cell_in(key, std::string{id});
  if (!wanted)
    return answer{}; // no key looks like this
  return parts_->read<answer>(about->view, [&](const parts::scene& at) -> result<answer> {
    statement one;
    one.text = "select " + column_list(shape) + " from " + at.in.table(about->name) + " where " +
               std::string{key.name} + " = " + one.parameter(wanted.value());
    TRY(const auto rows, at.query(one));
    return rows.empty() ? answer{} : answer{row_json(shape, rows.front())};
  });
}

namespace {

struct grouping {
  std::string_view by;
  std::string_view column;
};
constexpr std::array groupings{grouping{"model", "c.model"},
                               grouping{"provider", "c.provider"},
                               grouping{"persona", "c.persona"},
                               grouping{"purpose", "c.purpose"},
                               grouping{"day", "c.day"},
                               grouping{"workflow", "coalesce(r.workflow, '')"},
                               grouping{"run", "c.run"},
                               grouping{"session", "c.session"}};

/// `sum` of a bigint is a numeric in Postgres.
constexpr std::string_view sums =
    "cast(coalesce(sum(case when c.state = 'refused' then 0 else 1 end), 0) as bigint), "
    "cast(coalesce(sum(case when c.state in ('failed', 'lost') then 1 else 0 end), 0) as bigint), "
    "cast(coalesce(sum(case when c.retries > 0 then 1 else 0 end), 0) as bigint), "
    "cast(coalesce(sum(c.input_tokens), 0) as bigint), "
    "cast(coalesce(sum(c.output_tokens), 0) as bigint), "
    "cast(coalesce(sum(c.cached_tokens), 0) as bigint), "
    "cast(coalesce(sum(c.estimated), 0) as bigint), "
    "cast(coalesce(sum(c.cost), 0) as bigint), "
    "cast(coalesce(sum(c.latency_ms), 0) as bigint)";

/// What `sums` gave, from the column `first` on.
json::object sums_json(const row& of, std::size_t first) {
  const auto at = [&](std::size_t i) {
    const auto* number = std::get_if<std::int64_t>(&of[first + i]);
    return number == nullptr ? 0 : *number;
  };
  return {{"calls", at(0)},
          {"failed_calls", at(1)},
          {"retries", at(2)},
          {"input_tokens", at(3)},
          {"output_tokens", at(4)},
          {"cached_tokens", at(5)},
          {"estimated_calls", at(6)},
          {"cost_usd", decimal({at(7)})},
          {"latency_ms", at(8)}};
}

} // namespace

result<json::object> queries::stats(std::string_view by) const {
  const auto* const found = std::find_if(
      groupings.begin(), groupings.end(), [&](const grouping& each) { return each.by == by; });
  if (found == groupings.end()) {
    std::vector<std::string_view> known_groupings;
    for (const auto& each : groupings)
      known_groupings.push_back(each.by);
    return refuse(errc::argument_invalid,
                  "calls can't be summed by '" + printable(by) + "': by " + joined(known_groupings))
        .with("field", "by");
  }
  return parts_->read<json::object>(
      "model_calls", [&](const parts::scene& at) -> result<json::object> {
        const std::string column{found->column};
        // A call that was refused never went out.
        const auto from = " from " + at.in.table("model_calls") + " c left join " +
                          at.in.table("runs") + " r on r.run = c.run where c.state <> 'refused'";
        statement groups;
        groups.text = "select " + column + ", " + std::string{sums} + from + " group by " + column +
                      " order by 9 desc, 1 limit " +
                      groups.parameter(static_cast<std::int64_t>(most_rows));
        TRY(const auto rows, at.query(groups));
        statement whole;
        whole.text = "select " + std::string{sums} + from;
        TRY(const auto total, at.query(whole));
        json::array out;
        for (const auto& each : rows) {
          auto one = sums_json(each, 1);
          const auto* key = std::get_if<std::string>(&each[0]);
          one["key"] = key == nullptr ? std::string{} : *key;
          out.push_back(std::move(one));
        }
        return json::object{{"by", found->by},
                            {"rows", std::move(out)},
                            {"total", sums_json(total.front(), 0)},
                            {"position", at.position}};
      });
}

} // namespace ash::projections
