#include "projections/store/store.hpp"
#include "projections/store/upsert_text.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>
#include <unordered_map>

namespace ash::projections {
namespace {

constexpr int busy_timeout_ms = 5'000;

struct database_closer {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct statement_closer {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using database = std::unique_ptr<sqlite3, database_closer>;
using sqlite_statement = std::unique_ptr<sqlite3_stmt, statement_closer>;

errc code_of(int status) {
  switch (status & 0xFF) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
  case SQLITE_CANTOPEN:
  case SQLITE_PROTOCOL:
  case SQLITE_SCHEMA:
    return errc::store_unavailable;
  case SQLITE_FULL:
    return errc::storage_full;
  case SQLITE_IOERR:
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
  case SQLITE_READONLY:
  case SQLITE_PERM:
    return errc::io_failed;
  default:
    return errc::internal_error;
  }
}

/// A descriptor that closes itself, and the lock on it with it.
class locked_file {
public:
  locked_file() = default;
  ~locked_file() {
    if (number_ >= 0)
      ::close(number_);
  }
  locked_file(const locked_file&) = delete;
  locked_file& operator=(const locked_file&) = delete;

  result<void> take(const std::string& path) {
    if (number_ >= 0)
      return success();
    const int opened = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (opened < 0)
      return system_error("the lock '" + path + "' can't be opened", errno);
    if (::flock(opened, LOCK_EX | LOCK_NB) != 0) {
      const int why = errno;
      ::close(opened);
      if (why != EWOULDBLOCK)
        return system_error("the lock '" + path + "' can't be taken", why);
      return refuse(errc::store_unavailable,
                    "another process projects into these read models and holds '" + path +
                        "': stop it first (a server rebuilds them itself when it is asked to)");
    }
    number_ = opened;
    return success();
  }

private:
  int number_ = -1;
};

class sqlite_connection final : public connection {
public:
  sqlite_connection(database db, std::string file) : db_{std::move(db)}, file_{std::move(file)} {}

  result<void> claim() override { return lock_.take(file_ + ".lock"); }

  result<void> begin(transaction kind) override {
    return run(kind == transaction::write ? "begin immediate" : "begin");
  }
  result<void> commit() override { return run("commit"); }
  void rollback() noexcept override {
    if (sqlite3_get_autocommit(db_.get()) == 0)
      sqlite3_exec(db_.get(), "rollback", nullptr, nullptr, nullptr);
  }

  result<void> run(const std::string& script) override {
    const int status = sqlite3_exec(db_.get(), script.c_str(), nullptr, nullptr, nullptr);
    return status == SQLITE_OK ? result<void>{success()} : failed(status);
  }

  result<std::vector<row>> query(const std::string& sql,
                                 std::span<const cell> parameters) override {
    TRY(auto* const prepared, prepare(sql));
    std::vector<row> out;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      // SQLite takes `$2` for a name, and numbers names by where they first stand.
      const auto name = "$" + std::to_string(i + 1);
      if (const int at = sqlite3_bind_parameter_index(prepared, name.c_str()); at > 0)
        bind(prepared, at, parameters[i]);
    }
    int status = sqlite3_step(prepared);
    for (; status == SQLITE_ROW; status = sqlite3_step(prepared))
      out.push_back(read(prepared));
    sqlite3_reset(prepared);
    if (status != SQLITE_DONE)
      return failed(status);
    return out;
  }

  result<void>
  upsert(const table_shape& shape, const std::string& table, std::span<const row> rows) override {
    auto& text = upserts_[table];
    if (text.empty()) {
      std::string places;
      for (std::size_t i = 1; i <= shape.columns.size(); ++i)
        places += (i == 1 ? "$" : ", $") + std::to_string(i);
      text = "insert into " + table + " (" + column_list(shape) + ") values (" + places + ")" +
             on_conflict(shape);
    }
    TRY(auto* const prepared, prepare(text));
    for (const auto& each : rows) {
      for (std::size_t i = 0; i < each.size(); ++i)
        bind(prepared, static_cast<int>(i) + 1, each[i]);
      const int status = sqlite3_step(prepared);
      sqlite3_reset(prepared);
      if (status != SQLITE_DONE)
        return failed(status);
    }
    return success();
  }

private:
  [[nodiscard]] error failed(int status) const {
    return refuse(code_of(status),
                  "SQLite, '" + file_ + "': " + sqlite3_errmsg(db_.get()) + " (" +
                      sqlite3_errstr(status) + ")");
  }

  /// Kept for the next time; texts are few, for they come from this program.
  result<sqlite3_stmt*> prepare(const std::string& sql) {
    if (const auto known = statements_.find(sql); known != statements_.end())
      return known->second.get();
    if (statements_.size() >= 500)
      statements_.clear();
    sqlite3_stmt* made = nullptr;
    const int status =
        sqlite3_prepare_v2(db_.get(), sql.c_str(), static_cast<int>(sql.size()), &made, nullptr);
    if (status != SQLITE_OK)
      return failed(status);
    statements_[sql].reset(made);
    return made;
  }

  /// The text must live until the statement is reset.
  static void bind(sqlite3_stmt* to, int at, const cell& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value))
      sqlite3_bind_int64(to, at, *number);
    else if (const auto* text = std::get_if<std::string>(&value))
      sqlite3_bind_text(to, at, text->data(), static_cast<int>(text->size()), SQLITE_STATIC);
    else
      sqlite3_bind_null(to, at);
  }

  static row read(sqlite3_stmt* from) {
    row out;
    const int columns = sqlite3_column_count(from);
    out.reserve(static_cast<std::size_t>(columns));
    for (int i = 0; i < columns; ++i) {
      switch (sqlite3_column_type(from, i)) {
      case SQLITE_INTEGER:
        out.emplace_back(static_cast<std::int64_t>(sqlite3_column_int64(from, i)));
        break;
      case SQLITE_NULL:
        out.emplace_back(std::monostate{});
        break;
      default: {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(from, i));
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(from, i));
        out.emplace_back(std::string{text == nullptr ? "" : text, text == nullptr ? 0 : size});
      }
      }
    }
    return out;
  }

  database db_;
  std::string file_;
  locked_file lock_;
  std::unordered_map<std::string, sqlite_statement> statements_; // gone before the database
  std::unordered_map<std::string, std::string> upserts_;
};

class sqlite_store final : public store {
public:
  explicit sqlite_store(std::string file) : file_{std::move(file)} {}

  result<std::unique_ptr<connection>> connect() override {
    // SQLite itself would make the file for everyone to read.
    const int made = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (made < 0)
      return system_error("the read models '" + file_ + "' can't be opened", errno);
    ::close(made);
    sqlite3* opened = nullptr;
    const int status =
        sqlite3_open_v2(file_.c_str(),
                        &opened,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                        nullptr);
    database db{opened};
    if (status != SQLITE_OK)
      return refuse(code_of(status), "SQLite, '" + file_ + "': " + sqlite3_errstr(status));
    sqlite3_busy_timeout(opened, busy_timeout_ms);
    auto out = std::make_unique<sqlite_connection>(std::move(db), file_);
    // Rows and position go together, and both can be made again: what a power loss takes is
    // projected once more.
    TRY(out->run("pragma journal_mode = wal; pragma synchronous = normal; "
                 "pragma cache_size = -65536; pragma wal_autocheckpoint = 8000"));
    return result<std::unique_ptr<connection>>{std::move(out)};
  }

  [[nodiscard]] std::string name() const override { return "sqlite " + file_; }

private:
  std::string file_;
};

} // namespace

std::unique_ptr<store> make_sqlite_store(std::string file) {
  return std::make_unique<sqlite_store>(std::move(file));
}

} // namespace ash::projections
