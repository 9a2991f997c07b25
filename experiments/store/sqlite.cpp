#include "experiments/store/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>

namespace lehr::store {

namespace {
void fail(sqlite3* database, int code, const std::string& what) {
  const int kind = code & 0xff, reason = database ? sqlite3_system_errno(database) : 0;
  const bool system = reason != 0 && (kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN || kind == SQLITE_FULL);
  const bool full = kind == SQLITE_FULL || (kind == SQLITE_IOERR && reason == ENOSPC);
  throw DatabaseError(cat(what, ": ", kind == SQLITE_FULL ? "no space is left" : database ? sqlite3_errmsg(database) : sqlite3_errstr(code),
                          system && kind != SQLITE_FULL ? cat(" (", std::strerror(reason), ")") : ""),
                      full, kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB);
}
}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
void Database::Close::operator()(sqlite3* d) const { sqlite3_close_v2(d); }

Statement::Statement(sqlite3* database, std::string_view sql) : database_(database) {
  sqlite3_stmt* made = nullptr;
  const int code = sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  statement_.reset(made);
  check(code, "the store cannot be read");
}

void Statement::check(int code, const char* what) const {
  if (code != SQLITE_OK) fail(database_, code, what);
}

Statement& Statement::bind(std::int64_t value) {
  sum_.add({reinterpret_cast<const char*>(&value), sizeof value});
  check(sqlite3_bind_int64(statement_.get(), at(), value), "the store refuses a value");
  return *this;
}
Statement& Statement::bind(double value) {
  if (std::isnan(value)) return null();
  value += 0.0;
  sum_.add({reinterpret_cast<const char*>(&value), sizeof value});
  check(sqlite3_bind_double(statement_.get(), at(), value), "the store refuses a value");
  return *this;
}
Statement& Statement::bind(std::string_view text) {
  sum_.add(text), sum_.add({"\0", 1});
  check(sqlite3_bind_text64(statement_.get(), at(), text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT, SQLITE_UTF8), "the store refuses a text");
  return *this;
}
Statement& Statement::blob(std::string_view bytes) {
  sum_.add(bytes), sum_.add({"\0", 1});
  // No address would be NULL to SQLite, and another value than the one that was summed.
  check(sqlite3_bind_blob64(statement_.get(), at(), bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_STATIC), "the store refuses a blob");
  return *this;
}
Statement& Statement::null() {
  sum_.add({"\1", 1});
  check(sqlite3_bind_null(statement_.get(), at()), "the store refuses a value");
  return *this;
}
Statement& Statement::sum() { return bind(static_cast<std::int64_t>(sum_.value() & 0xffffffff)); }

void Statement::run() {
  while (next()) {}
}

bool Statement::next() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  bound_ = 0, sum_ = {};
  const int reset = sqlite3_reset(statement_.get());
  if (code != SQLITE_DONE) fail(database_, reset == SQLITE_OK ? code : reset, "the store cannot be read or written");
  return false;
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
double Statement::real(int column) const {
  return is_null(column) ? std::nan("") : sqlite3_column_double(statement_.get(), column);
}
std::string_view Statement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  return {data ? data : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}
bool Statement::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }
int Statement::columns() const { return sqlite3_column_count(statement_.get()); }

bool Statement::intact() const {
  Fingerprint sum;
  const int last = columns() - 1;
  for (int c = 0; c < last; ++c) {
    const int type = sqlite3_column_type(statement_.get(), c);
    if (type == SQLITE_INTEGER) {
      const std::int64_t value = integer(c);
      sum.add({reinterpret_cast<const char*>(&value), sizeof value});
    } else if (type == SQLITE_FLOAT) {
      const double value = sqlite3_column_double(statement_.get(), c);
      sum.add({reinterpret_cast<const char*>(&value), sizeof value});
    } else if (type == SQLITE_NULL) {
      sum.add({"\1", 1});
    } else {
      sum.add(bytes(c)), sum.add({"\0", 1});
    }
  }
  return sqlite3_column_type(statement_.get(), last) == SQLITE_INTEGER && integer(last) == static_cast<std::int64_t>(sum.value() & 0xffffffff);
}

Database::Database(const std::filesystem::path& file, Access access) : file_(file) {
  // SQLITE_OPEN_NOFOLLOW refuses a link in the folder's path, too, so the folder is resolved first.
  std::error_code ignored;
  const auto folder = std::filesystem::canonical(file.has_parent_path() ? file.parent_path() : std::filesystem::path("."), ignored);
  const std::string path = ((ignored ? file.parent_path() : folder) / file.filename()).string();
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW |
                    (access == Access::read ? SQLITE_OPEN_READONLY : access == Access::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  sqlite3* made = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &made, flags, nullptr);
  handle_.reset(made);
  if (code != SQLITE_OK) fail(made, code, cat("cannot open the store ", quote(file.string())));
  sqlite3_busy_timeout(made, 5000);
  run("PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF; PRAGMA secure_delete=OFF; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=1000; PRAGMA journal_size_limit=8388608");
}

void Database::run(const std::string& sql) {
  if (const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr); code != SQLITE_OK)
    fail(handle_.get(), code, cat("cannot write the store ", quote(file_.string())));
}

std::int64_t Database::integer(const std::string& sql) const {
  Statement statement = prepare(sql);
  return statement.next() ? statement.integer(0) : 0;
}

std::string Database::text(const std::string& sql) const {
  Statement statement = prepare(sql);
  return statement.next() ? statement.text(0) : std::string();
}

bool Database::journal(const char* mode) {
  try {
    return text(cat("PRAGMA journal_mode=", mode)) == mode;
  } catch (const DatabaseError& error) {
    if (error.damaged) throw;
    return false;
  }
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.run("ROLLBACK");
  } catch (const Error&) {  // SQLite has rolled back by itself
  }
}

void Transaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace lehr::store
