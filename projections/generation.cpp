#include "projections/generation.hpp"

#include "events/base/hash.hpp"
#include "projections/views/view.hpp"

#include <array>

namespace ash::projections {
namespace {

/// One script a version, in order; what has been released is never changed. A table that belongs
/// to a generation is no part of this: another layout means another generation.
constexpr std::array migrations{
    "create table generations (number bigint primary key, state text not null, "
    "incarnation text not null, layout text not null);"
    "create table tables (name text primary key, generation bigint not null);"
    "create table cursors (id text primary key, generation bigint not null, view text not null, "
    "position bigint not null, stopped_at bigint not null, code text not null, "
    "message text not null);",
};

const table_shape cursor_shape{"cursors",
                               {{"id", value_kind::text},
                                {"generation", value_kind::integer},
                                {"view", value_kind::text},
                                {"position", value_kind::integer},
                                {"stopped_at", value_kind::integer},
                                {"code", value_kind::text},
                                {"message", value_kind::text}}};

std::string_view text_of(generation_state state) {
  return state == generation_state::live ? "live" : "building";
}

std::int64_t number_in(const std::vector<row>& rows) {
  const auto* number =
      rows.empty() || rows[0].empty() ? nullptr : std::get_if<std::int64_t>(&rows[0][0]);
  return number == nullptr ? 0 : *number;
}

std::string text_in(const cell& of) {
  const auto* text = std::get_if<std::string>(&of);
  return text == nullptr ? std::string{} : *text;
}

std::uint64_t count_in(const cell& of) {
  const auto* number = std::get_if<std::int64_t>(&of);
  return number == nullptr ? 0 : static_cast<std::uint64_t>(*number);
}

/// `text` with the generation's name for every table: `{runs}` becomes `g3_runs`.
std::string named(std::string_view text, const generation& of) {
  std::string out;
  for (;;) {
    const auto open = text.find('{');
    const auto close = text.find('}', open);
    out += text.substr(0, open);
    if (open == std::string_view::npos || close == std::string_view::npos)
      return out;
    out += of.table(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
}

result<void> drop(connection& at, const std::string& other_than, std::int64_t number) {
  const std::vector<cell> which{number};
  TRY(const auto names,
      at.query("select name from tables where generation " + other_than + " $1", which));
  for (const auto& each : names) {
    TRY(at.run("drop table " + text_in(each[0])));
  }
  TRY(at.query("delete from tables where generation " + other_than + " $1", which));
  TRY(at.query("delete from cursors where generation " + other_than + " $1", which));
  TRY(at.query("delete from generations where number " + other_than + " $1", which));
  return success();
}

} // namespace

result<void> migrate(connection& at) {
  TRY(at.begin(transaction::write));
  const open_transaction until_committed{at};
  TRY(at.run("create table if not exists migrations (version bigint primary key)"));
  TRY(const auto found, at.query("select coalesce(max(version), 0) from migrations"));
  const auto done = static_cast<std::size_t>(number_in(found));
  if (done > migrations.size())
    return refuse(errc::internal_error,
                  "the read models were made by a newer version of actor-shell: use that one, or "
                  "another database");
  for (std::size_t next = done; next < migrations.size(); ++next) {
    TRY(at.run(migrations[next]));
    TRY(at.run("insert into migrations (version) values (" + std::to_string(next + 1) + ")"));
  }
  return at.commit();
}

result<std::optional<generation>> find_generation(connection& at, generation_state which) {
  const std::vector<cell> state{std::string{text_of(which)}};
  TRY(const auto rows,
      at.query("select number, incarnation, layout from generations where state = $1", state));
  if (rows.empty())
    return std::optional<generation>{};
  return std::optional<generation>{
      generation{number_in(rows), text_in(rows[0][1]), text_in(rows[0][2])}};
}

result<generation> make_generation(connection& at,
                                   generation_state as,
                                   const std::string& incarnation,
                                   const std::vector<view*>& views) {
  TRY(const auto unfinished, find_generation(at, generation_state::building));
  if (unfinished) {
    TRY(drop(at, "=", unfinished->number));
  }
  TRY(const auto last, at.query("select coalesce(max(number), 0) from generations"));
  generation made{number_in(last) + 1, incarnation, layout_of(views)};
  const std::vector<cell> values{
      made.number, std::string{text_of(as)}, made.incarnation, made.layout};
  TRY(at.query("insert into generations (number, state, incarnation, layout) "
               "values ($1, $2, $3, $4)",
               values));
  std::vector<cursor> cursors;
  for (const auto* each : views) {
    TRY(at.run(named(each->definition(), made)));
    for (const auto* table : each->tables()) {
      const std::vector<cell> entry{made.table(table->shape().name), made.number};
      TRY(at.query("insert into tables (name, generation) values ($1, $2)", entry));
    }
    cursors.push_back({std::string{each->name()}, 0, 0, {}, {}});
  }
  TRY(write_cursors(at, made, cursors));
  return made;
}

result<void> make_live(connection& at, const generation& which) {
  TRY(drop(at, "<>", which.number));
  const std::vector<cell> number{which.number};
  TRY(at.query("update generations set state = 'live' where number = $1", number));
  return success();
}

result<std::vector<cursor>> read_cursors(connection& at, const generation& of) {
  const std::vector<cell> number{of.number};
  TRY(const auto rows,
      at.query("select view, position, stopped_at, code, message from cursors "
               "where generation = $1 order by id",
               number));
  std::vector<cursor> out;
  for (const auto& each : rows)
    out.push_back({text_in(each[0]),
                   count_in(each[1]),
                   count_in(each[2]),
                   text_in(each[3]),
                   text_in(each[4])});
  return out;
}

result<void> write_cursors(connection& at, const generation& of, std::span<const cursor> cursors) {
  std::vector<row> rows;
  for (const auto& each : cursors)
    rows.push_back({of.table(each.view),
                    of.number,
                    each.view,
                    static_cast<std::int64_t>(each.position),
                    static_cast<std::int64_t>(each.stopped_at),
                    each.code,
                    each.message});
  return at.upsert(cursor_shape, "cursors", rows);
}

std::string layout_of(const std::vector<view*>& views) {
  std::string all;
  for (const auto* each : views) {
    all += each->name();
    all += each->revision();
    all += each->definition();
  }
  return sha256_hex(all);
}

} // namespace ash::projections
