// The seam to the databases that hold read models: SQLite, embedded, or Postgres. One SQL text
// serves both: `$1` parameters, `on conflict`, integers and text only. A store makes connections;
// it knows nothing of views, generations or the log.
#pragma once

#include "events/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ash::projections {

/// A value in a table: absent, an integer or UTF-8 text without NUL.
using cell = std::variant<std::monostate, std::int64_t, std::string>;
using row = std::vector<cell>;

enum class cell_kind : std::uint8_t { integer, text };

/// How a column is shown; it is kept as an integer or as text.
enum class value_kind : std::uint8_t {
  text,
  integer,
  flag,     ///< 0 or 1
  money,    ///< 10^-12 USD
  time,     ///< microseconds since 1970-01-01 UTC; 0: never
  document, ///< JSON as text
};
constexpr cell_kind kept_as(value_kind kind) {
  return kind == value_kind::text || kind == value_kind::document ? cell_kind::text
                                                                  : cell_kind::integer;
}

struct column {
  std::string_view name;
  value_kind kind = value_kind::text;
};

/// A table as the views write it. The first column is the key.
struct table_shape {
  std::string_view name;
  std::vector<column> columns;
};

/// The names of its columns: `a, b, c`.
std::string column_list(const table_shape& shape);

enum class transaction : std::uint8_t {
  read,  ///< one consistent picture until it ends
  write, ///< one at a time
};

/// For one thread at a time. Every call's errors: `store_unavailable` (the connection was lost, or
/// the store is busy: make another connection and try again), `storage_full`, `io_failed` (also a
/// damaged store), `internal_error` (a statement or row that the store refuses).
class connection {
public:
  virtual ~connection() = default;

  /// The exclusive right to write, until the connection is closed; `store_unavailable` while
  /// another process has it.
  virtual result<void> claim() = 0;

  virtual result<void> begin(transaction kind) = 0;
  virtual result<void> commit() = 0;
  /// Does nothing where no transaction is open.
  virtual void rollback() noexcept = 0;

  /// Statements without parameters, divided by `;`.
  virtual result<void> run(const std::string& script) = 0;
  virtual result<std::vector<row>> query(const std::string& sql,
                                         std::span<const cell> parameters = {}) = 0;
  /// Writes whole rows into `table`, which has the columns of `shape`; one with a known key takes
  /// the other's place. Keys are unique among `rows`.
  virtual result<void>
  upsert(const table_shape& shape, const std::string& table, std::span<const row> rows) = 0;
  /// As `upsert`, by a quicker way where the store has one: for rows whose keys are not in the
  /// table. Errors also: `internal_error` for a known key, from some stores.
  virtual result<void>
  insert(const table_shape& shape, const std::string& table, std::span<const row> rows) {
    return upsert(shape, table, rows);
  }
};

/// Thread-safe.
class store {
public:
  virtual ~store() = default;
  /// Errors: as those of a connection.
  virtual result<std::unique_ptr<connection>> connect() = 0;
  /// For people; without a password.
  [[nodiscard]] virtual std::string name() const = 0;
};

/// A file, which is made for its owner alone where it is missing.
std::unique_ptr<store> make_sqlite_store(std::string file);
/// How long a statement may take once it is sent, and how long its sending may stand still; a
/// connection that takes longer is given up. The error then is `store_unavailable` with the detail
/// `unanswered_ms`.
struct postgres_limits {
  std::chrono::milliseconds read{15'000}; ///< in a transaction that reads
  std::chrono::milliseconds write{30'000};
};
constexpr std::string_view unanswered_ms = "unanswered_ms";

/// Errors: `argument_invalid` for a URL that libpq does not understand.
result<std::unique_ptr<store>> make_postgres_store(const std::string& url,
                                                   const postgres_limits& limits = {});

/// `url` where there is one, else `read_models.sqlite` in the data directory. Errors:
/// `argument_invalid`.
result<std::unique_ptr<store>> make_store(const std::string& data_dir, const std::string& url);

/// Ends a transaction that was not committed.
class open_transaction {
public:
  explicit open_transaction(connection& at) : at_{at} {}
  ~open_transaction() { at_.rollback(); }
  open_transaction(const open_transaction&) = delete;
  open_transaction& operator=(const open_transaction&) = delete;

private:
  connection& at_;
};

} // namespace ash::projections
