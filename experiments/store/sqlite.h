#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

struct sqlite3;
struct sqlite3_stmt;

namespace lehr::store {

// What SQLite refused. full: there was no room (a full disk, a quota), and another try later may succeed. damaged: what the file holds cannot be.
class DatabaseError : public Error {
 public:
  DatabaseError(const std::string& text, bool is_full, bool is_damaged) : Error(Error(text).code(Exit::failed)), full(is_full), damaged(is_damaged) {}
  bool full, damaged;
};

// A prepared statement. Values are bound in order; the check sum of those bound since the last step can be bound as the last one.
class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql);
  Statement& bind(std::int64_t value);
  Statement& bind(double value);  // NaN is null, -0.0 is 0.0: what SQLite makes of them
  Statement& bind(std::string_view text);
  Statement& blob(std::string_view bytes);  // not copied: it stays until the step is done
  Statement& null();
  Statement& sum();  // the check sum of the values before it
  void run();        // a step that gives no row, and ready for the next

  // false: no further row, and ready for the next.
  bool next();
  std::int64_t integer(int column) const;
  double real(int column) const;  // NaN where it is null
  std::string_view bytes(int column) const;  // until the next step
  std::string text(int column) const { return std::string(bytes(column)); }
  bool is_null(int column) const;
  int columns() const;
  // Does the last column hold the check sum of those before it?
  bool intact() const;

 private:
  struct Finalize { void operator()(sqlite3_stmt* s) const; };
  int at() { return ++bound_; }
  void check(int code, const char* what) const;
  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
  Fingerprint sum_;
};

class Database {
 public:
  enum class Access { read, write, create };
  // Errors name the file and, where a folder or the file cannot be written, the system's own reason.
  Database(const std::filesystem::path& file, Access access);
  void run(const std::string& sql);
  Statement prepare(std::string_view sql) const { return {handle_.get(), sql}; }
  std::int64_t integer(const std::string& sql) const;  // of the first row
  std::string text(const std::string& sql) const;
  // Tries to; false where another connection is in the way.
  bool journal(const char* mode);

 private:
  struct Close { void operator()(sqlite3* d) const; };
  std::filesystem::path file_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// A transaction that is rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) { database_.run("BEGIN IMMEDIATE"); }
  ~Transaction();
  void commit();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace lehr::store
