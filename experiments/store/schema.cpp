#include "experiments/store/schema.h"

namespace lehr::store {

std::string quoted(const std::string& identifier) {
  std::string out = "\"";
  for (const char c : identifier) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

SchemaText schema(const std::vector<std::string>& metrics, bool averages, std::int64_t format) {
  SchemaText out;
  auto& q = out.quantities;
  q = {"lr_first", "lr_last", "loss"};
  for (const auto& m : metrics) q.push_back(m);
  q.push_back("val_loss");
  for (const auto& m : metrics) q.push_back("val_" + m);
  if (averages) {
    q.push_back("avg_val_loss");
    for (const auto& m : metrics) q.push_back("avg_val_" + m);
  }
  q.push_back("grad_norm"), q.push_back("seconds");
  std::string columns;
  for (const auto& name : q) columns += quoted(name) + " REAL, ";
  out.sql = cat(R"(
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE config (id INTEGER PRIMARY KEY, yaml TEXT NOT NULL, crc INTEGER NOT NULL) STRICT;
CREATE TABLE trial (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, variant TEXT NOT NULL, axes TEXT NOT NULL, seed INTEGER NOT NULL,
  config INTEGER NOT NULL, hash TEXT NOT NULL, crc INTEGER NOT NULL) STRICT;
CREATE TABLE outcome (trial INTEGER PRIMARY KEY, status TEXT NOT NULL, started TEXT, ended TEXT, message TEXT, notes TEXT, epochs INTEGER, best_epoch INTEGER,
  best_val_loss REAL, threshold REAL, seconds REAL, result BLOB, crc INTEGER NOT NULL) STRICT;
CREATE TABLE epoch (trial INTEGER NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL, samples INTEGER NOT NULL, )",
                columns, R"(crc INTEGER NOT NULL, PRIMARY KEY (trial, epoch)) STRICT, WITHOUT ROWID;
CREATE TABLE final (trial INTEGER NOT NULL, quantity TEXT NOT NULL, value REAL, uncertainty REAL, count INTEGER, undefined TEXT, crc INTEGER NOT NULL,
  PRIMARY KEY (trial, quantity)) STRICT, WITHOUT ROWID;
CREATE TABLE tally (trial INTEGER NOT NULL, rows TEXT NOT NULL, truth INTEGER NOT NULL, answer INTEGER NOT NULL, count INTEGER NOT NULL, crc INTEGER NOT NULL,
  PRIMARY KEY (trial, rows, truth, answer)) STRICT, WITHOUT ROWID;
CREATE TABLE blob (trial INTEGER NOT NULL, kind TEXT NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL, finished INTEGER NOT NULL, threshold REAL,
  bytes INTEGER NOT NULL, sum TEXT, file TEXT, data BLOB, crc INTEGER NOT NULL, )", format == 1 ? "UNIQUE (trial, kind)) STRICT" : "PRIMARY KEY (kind, trial)) STRICT, WITHOUT ROWID", R"(;
CREATE TABLE event (id INTEGER PRIMARY KEY, trial INTEGER, time TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL, crc INTEGER NOT NULL) STRICT;
CREATE VIEW trials AS SELECT t.id, t.name, t.variant, t.axes, t.seed, coalesce(o.status, 'planned') AS status, o.started, o.ended, o.message, o.epochs,
  o.best_epoch, o.best_val_loss, o.threshold, o.seconds, c.yaml || 'seed: ' || t.seed || char(10) AS yaml
  FROM trial t JOIN config c ON c.id = t.config LEFT JOIN outcome o ON o.trial = t.id;
)");
  return out;
}

}  // namespace lehr::store
