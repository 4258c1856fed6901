#include "projections/store/store.hpp"
#include "projections/store/upsert_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <libpq-fe.h>
#include <optional>
#include <poll.h>
#include <unordered_map>

namespace ash::projections {
namespace {

// Of pg_type: fixed for ever.
constexpr Oid oid_int8 = 20;
constexpr Oid oid_int4 = 23;
constexpr Oid oid_text = 25;
constexpr Oid oid_text_array = 1009;
constexpr Oid oid_int8_array = 1016;

/// The key of the advisory lock that the one who projects into a database holds.
constexpr auto lock_key = "7161803427146"; // any number, as long as every version has the same

struct connection_closer {
  void operator()(PGconn* at) const { PQfinish(at); }
};
struct answer_closer {
  void operator()(PGresult* of) const { PQclear(of); }
};
using handle = std::unique_ptr<PGconn, connection_closer>;
using answer = std::unique_ptr<PGresult, answer_closer>;

std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

errc code_of(PGconn* at, std::string_view state) {
  if (PQstatus(at) != CONNECTION_OK)
    return errc::store_unavailable;
  if (state == "53100")
    return errc::storage_full;
  // Connection, resources, operator intervention, serialisation, lock not available.
  for (const std::string_view kind : {"08", "53", "57", "40", "55"})
    if (state.starts_with(kind))
      return errc::store_unavailable;
  return errc::internal_error;
}

// -- Postgres's binary forms ----------------------------------------------------------------------

template <class Integer> void put(std::string& to, Integer value) {
  std::array<char, sizeof(Integer)> bytes{};
  for (std::size_t i = 0; i < sizeof(Integer); ++i)
    bytes[sizeof(Integer) - 1 - i] =
        static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFFU);
  to.append(bytes.data(), bytes.size());
}

/// Its size and its bytes, as in arrays and in COPY.
void put_cell(std::string& to, const cell& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    put<std::int32_t>(to, static_cast<std::int32_t>(text->size()));
    to += *text;
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    put<std::int32_t>(to, 8);
    put<std::int64_t>(to, *number);
  } else {
    put<std::int32_t>(to, -1);
  }
}

/// The cells of one column, one after another.
std::string array_of(std::span<const row> rows, std::size_t at, cell_kind kind) {
  std::string out;
  put<std::int32_t>(out, 1); // dimensions
  put<std::int32_t>(out, 1); // absent elements may be among them
  put<std::uint32_t>(out, kind == cell_kind::text ? oid_text : oid_int8);
  put<std::int32_t>(out, static_cast<std::int32_t>(rows.size()));
  put<std::int32_t>(out, 1); // the first index
  for (const auto& each : rows)
    put_cell(out, each[at]);
  return out;
}

/// What COPY begins with: a signature, no flags, no extension.
constexpr std::string_view copy_head{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};
/// It asks once more than an upsert before it begins: less than these are quicker by that.
constexpr std::size_t least_to_copy = 100;
/// What is sent of it at once, the last row left out.
constexpr std::size_t copy_bytes = std::size_t{64} << 10;

class postgres_connection final : public connection {
public:
  postgres_connection(handle at, std::string name, const postgres_limits& limits)
      : at_{std::move(at)}, name_{std::move(name)}, limits_{limits} {}

  result<void> claim() override {
    TRY(const auto rows,
        query("select case when pg_try_advisory_lock(" + std::string{lock_key} +
                  ") then 1 else 0 end",
              {}));
    if (rows.empty() || rows[0][0] != cell{std::int64_t{1}})
      return refuse(errc::store_unavailable,
                    "another process projects into " + name_ +
                        ": stop it first (a server rebuilds them itself when it is asked to)");
    return run("create schema if not exists actor_shell");
  }

  result<void> begin(transaction kind) override {
    limit_ = kind == transaction::write ? limits_.write : limits_.read;
    return run(kind == transaction::write
                   ? "begin"
                   : "begin transaction isolation level repeatable read read only");
  }
  result<void> commit() override { return run("commit"); }
  void rollback() noexcept override {
    if (PQtransactionStatus(at_.get()) != PQTRANS_IDLE)
      const auto ignored = wait(PQsendQuery(at_.get(), "rollback"));
  }

  result<void> run(const std::string& script) override {
    return check(wait(PQsendQuery(at_.get(), script.c_str())));
  }

  result<std::vector<row>> query(const std::string& sql,
                                 std::span<const cell> parameters) override {
    std::vector<std::string> texts(parameters.size());
    std::vector<const char*> values(parameters.size(), nullptr);
    std::vector<Oid> types(parameters.size(), oid_text);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (const auto* number = std::get_if<std::int64_t>(&parameters[i])) {
        texts[i] = std::to_string(*number);
        types[i] = oid_int8;
      } else if (const auto* text = std::get_if<std::string>(&parameters[i])) {
        texts[i] = *text;
      } else {
        continue;
      }
      values[i] = texts[i].c_str();
    }
    const auto got = wait(PQsendQueryParams(at_.get(),
                                            sql.c_str(),
                                            static_cast<int>(values.size()),
                                            types.data(),
                                            values.data(),
                                            nullptr,
                                            nullptr,
                                            0));
    TRY(check(got));
    return read(got.get());
  }

  result<void>
  upsert(const table_shape& shape, const std::string& table, std::span<const row> rows) override {
    if (rows.empty())
      return success();
    const auto& name = prepared_[table];
    if (name.empty()) {
      TRY(prepare(shape, table));
    }
    const auto count = shape.columns.size();
    std::vector<std::string> arrays(count);
    std::vector<const char*> values(count);
    std::vector<int> lengths(count);
    const std::vector<int> formats(count, 1);
    for (std::size_t i = 0; i < count; ++i) {
      arrays[i] = array_of(rows, i, kept_as(shape.columns[i].kind));
      values[i] = arrays[i].data();
      lengths[i] = static_cast<int>(arrays[i].size());
    }
    return check(wait(PQsendQueryPrepared(at_.get(),
                                          name.c_str(),
                                          static_cast<int>(count),
                                          values.data(),
                                          lengths.data(),
                                          formats.data(),
                                          1)));
  }

  /// By binary COPY where they are many.
  result<void>
  insert(const table_shape& shape, const std::string& table, std::span<const row> rows) override {
    if (rows.size() < least_to_copy)
      return upsert(shape, table, rows);
    const auto text = "copy " + table + " (" + column_list(shape) + ") from stdin (format binary)";
    TRY(check(wait(PQsendQuery(at_.get(), text.c_str()))));
    std::string part{copy_head};
    for (const auto& each : rows) {
      put<std::int16_t>(part, static_cast<std::int16_t>(each.size()));
      for (const auto& value : each)
        put_cell(part, value);
      if (part.size() >= copy_bytes) {
        TRY(copy(part));
        part.clear();
      }
    }
    put<std::int16_t>(part, -1);
    TRY(copy(part));
    return check(wait(PQputCopyEnd(at_.get(), nullptr)));
  }

private:
  using clock = std::chrono::steady_clock;

  result<void> prepare(const table_shape& shape, const std::string& table) {
    std::string places;
    std::vector<Oid> types;
    for (const auto& each : shape.columns) {
      const bool is_text = kept_as(each.kind) == cell_kind::text;
      types.push_back(is_text ? oid_text_array : oid_int8_array);
      places += (types.size() == 1 ? "$" : ", $") + std::to_string(types.size()) +
                (is_text ? "::text[]" : "::bigint[]");
    }
    const auto sql = "insert into " + table + " (" + column_list(shape) +
                     ") select * from unnest(" + places + ")" + on_conflict(shape);
    const auto name = "upsert_" + table;
    TRY(check(wait(PQsendPrepare(
        at_.get(), name.c_str(), sql.c_str(), static_cast<int>(types.size()), types.data()))));
    prepared_[table] = name;
    return success();
  }

  /// A part of what COPY takes. What the server says to it is the answer to the end.
  result<void> copy(const std::string& part) {
    if (PQputCopyData(at_.get(), part.data(), static_cast<int>(part.size())) != 1)
      give_up(one_line(PQerrorMessage(at_.get())));
    else
      flush();
    return at_ ? result<void>{success()} : result<void>{*given_up_};
  }

  /// The last answer to what was sent, as PQexec gives it; where that begins a COPY, the one that
  /// says so.
  answer wait(int was_sent) {
    answer last;
    if (was_sent <= 0 || !flush())
      return last;
    const auto until = clock::now() + limit_;
    for (;;) {
      while (PQisBusy(at_.get()) != 0)
        if (!await(POLLIN, until))
          return {};
      answer next{PQgetResult(at_.get())};
      if (!next)
        return last;
      last = std::move(next);
      if (PQresultStatus(last.get()) == PGRES_COPY_IN)
        return last;
    }
  }

  /// Sends what libpq holds. False where the connection was given up.
  bool flush() {
    while (PQflush(at_.get()) == 1)
      if (!await(POLLIN | POLLOUT, clock::now() + limit_))
        return false;
    return true;
  }

  /// Takes what the server says, or waits until it takes more. libpq itself would wait for ever
  /// where the server has stopped but its machine still acknowledges: such a connection is given
  /// up, and this is false.
  bool await(short events, clock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
    pollfd socket{PQsocket(at_.get()), events, 0};
    const auto ready = left.count() <= 0 ? 0 : poll(&socket, 1, static_cast<int>(left.count()));
    const auto waited = std::to_string(limit_.count());
    if (ready == 0)
      give_up("it did not answer within " + waited + " ms", waited);
    else if (ready > 0 && (socket.revents & ~POLLOUT) != 0 && PQconsumeInput(at_.get()) == 0)
      give_up(one_line(PQerrorMessage(at_.get())));
    return at_ != nullptr;
  }

  void give_up(const std::string& why, const std::string& ms = {}) {
    given_up_ = refuse(errc::store_unavailable, name_ + ": " + why);
    if (!ms.empty())
      given_up_ = std::move(*given_up_).with(std::string{unanswered_ms}, ms);
    at_.reset();
  }

  result<void> check(const answer& got) {
    if (!at_)
      return *given_up_;
    const auto status = got ? PQresultStatus(got.get()) : PGRES_FATAL_ERROR;
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN)
      return success();
    const char* state = got ? PQresultErrorField(got.get(), PG_DIAG_SQLSTATE) : nullptr;
    const std::string why = got ? PQresultErrorMessage(got.get()) : PQerrorMessage(at_.get());
    return refuse(code_of(at_.get(), state == nullptr ? "" : state), name_ + ": " + one_line(why));
  }

  result<std::vector<row>> read(PGresult* from) {
    std::vector<row> out(static_cast<std::size_t>(PQntuples(from)));
    const int columns = PQnfields(from);
    for (int i = 0; i < PQntuples(from); ++i) {
      auto& to = out[static_cast<std::size_t>(i)];
      to.reserve(static_cast<std::size_t>(columns));
      for (int j = 0; j < columns; ++j) {
        const std::string_view text{PQgetvalue(from, i, j),
                                    static_cast<std::size_t>(PQgetlength(from, i, j))};
        const auto type = PQftype(from, j);
        if (PQgetisnull(from, i, j) != 0) {
          to.emplace_back(std::monostate{});
        } else if (type == oid_int8 || type == oid_int4) {
          std::int64_t number = 0;
          std::from_chars(text.data(), text.data() + text.size(), number);
          to.emplace_back(number);
        } else {
          to.emplace_back(std::string{text});
        }
      }
    }
    return out;
  }

  handle at_; ///< none: it was given up
  std::string name_;
  postgres_limits limits_;
  std::chrono::milliseconds limit_{limits_.write};
  std::optional<error> given_up_;                         ///< why
  std::unordered_map<std::string, std::string> prepared_; ///< by table
};

class postgres_store final : public store {
public:
  postgres_store(std::string url, std::string name, const postgres_limits& limits)
      : url_{std::move(url)}, name_{std::move(name)}, limits_{limits} {}

  result<std::unique_ptr<connection>> connect() override {
    const std::array keys{"dbname",
                          "connect_timeout",
                          "tcp_user_timeout",
                          "keepalives_idle",
                          "client_encoding",
                          "application_name",
                          "options",
                          static_cast<const char*>(nullptr)};
    const std::array values{url_.c_str(),
                            "5",
                            "15000",
                            "10",
                            "UTF8",
                            "actor-shell",
                            "-c search_path=actor_shell -c client_min_messages=warning",
                            static_cast<const char*>(nullptr)};
    handle at{PQconnectdbParams(keys.data(), values.data(), 1)};
    if (PQstatus(at.get()) != CONNECTION_OK) {
      const auto why = one_line(PQerrorMessage(at.get()));
      auto refused = refuse(errc::store_unavailable, name_ + " can't be reached: " + why);
      return why.find("timeout expired") == std::string::npos
                 ? refused
                 : std::move(refused).with(std::string{unanswered_ms}, "5000");
    }
    PQsetnonblocking(at.get(), 1); // so that what is sent is bounded in time, too
    return std::make_unique<postgres_connection>(std::move(at), name_, limits_);
  }

  [[nodiscard]] std::string name() const override { return name_; }

private:
  std::string url_;
  std::string name_;
  postgres_limits limits_;
};

struct options_closer {
  void operator()(PQconninfoOption* of) const { PQconninfoFree(of); }
};

} // namespace

result<std::unique_ptr<store>> make_postgres_store(const std::string& url,
                                                   const postgres_limits& limits) {
  char* why = nullptr;
  const std::unique_ptr<PQconninfoOption, options_closer> parsed{
      PQconninfoParse(url.c_str(), &why)};
  const bool is_url = url.starts_with("postgresql://") || url.starts_with("postgres://");
  if (!parsed || !is_url) {
    PQfreemem(why); // it may repeat a password
    return refuse(errc::argument_invalid,
                  "the database URL is not understood: it has the form "
                  "postgresql://USER:PASSWORD@HOST:PORT/DATABASE");
  }
  std::string host = "localhost";
  std::string database;
  for (const auto* each = parsed.get(); each->keyword != nullptr; ++each) {
    if (each->val == nullptr)
      continue;
    if (std::strcmp(each->keyword, "host") == 0)
      host = each->val;
    if (std::strcmp(each->keyword, "dbname") == 0)
      database = each->val;
  }
  return std::make_unique<postgres_store>(url, "postgres " + host + "/" + database, limits);
}

} // namespace ash::projections
