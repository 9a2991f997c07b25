#include "experiments/store/store.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <set>

#include "engine/train/progress.h"
#include "experiments/report/json_text.h"
#include "experiments/report/summary.h"
#include "experiments/store/damaged.h"
#include "experiments/store/schema.h"

namespace lehr::store {

namespace fs = std::filesystem;

namespace {
std::string axes(const report::RunInfo& info, const report::TrialInfo& trial) {
  std::vector<std::pair<std::string, std::string>> out;
  for (std::size_t a = 0; a < info.axes.all.size(); ++a) {
    const Axis& axis = info.axes.all[a];
    if (axis.role == Axis::Role::variant || axis.role == Axis::Role::seed) continue;  // columns of their own
    const auto& values = axis.levels.at(trial.levels.at(a)).values;
    for (std::size_t k = 0; k < values.size(); ++k) out.emplace_back(axis.keys.at(k), values[k]);
  }
  return report::json_object(out);
}

// The statements of a schema, as sqlite_master has them.
std::vector<std::string> statements(const SchemaText& text) {
  std::vector<std::string> out;
  std::string_view rest = text.sql;
  for (std::size_t end; (end = rest.find(";\n")) != std::string_view::npos; rest.remove_prefix(end + 2)) out.emplace_back(trim(rest.substr(0, end)));
  return out;
}
}  // namespace

Store Store::create(const fs::path& folder, const report::RunInfo& info, const std::map<std::string, std::string>& settings) {
  Store out(folder, Database(folder / file_name, Database::Access::create));
  Database& d = out.database_;
  d.run("PRAGMA page_size=4096");
  const SchemaText text = schema(info.metrics, info.averages);
  {
    Transaction plan(d);
    d.run(cat("PRAGMA application_id=", application, "; PRAGMA user_version=", version, ";", text.sql));
    for (const auto& [key, value] : settings) out.setting(key, value);
    out.setting("metrics", report::json_list(info.metrics));
    out.setting("averages", info.averages ? "true" : "false");
    out.setting("trials", cat(info.trials.size()));
    std::vector<std::size_t> ids(info.trials.size());
    std::iota(ids.begin(), ids.end(), std::size_t{0});
    out.replan(info, ids);
    plan.commit();
  }
  out.format_ = version;
  out.read_columns();
  return out;
}

Store Store::open(const fs::path& folder, bool write) {
  std::error_code error;
  const fs::path file = folder / file_name;
  if (!fs::exists(file, error)) {
    if (fs::exists(folder / "plan.csv", error))
      throw Error("the folder ", quote(folder.string()), " is a run of an earlier version, without a store: its files are all there is of it");
    throw Error("the folder ", quote(folder.string()), fs::is_directory(folder, error) ? " holds no run (it has no run.db)" : " is not there");
  }
  return within([&] { return printable(file.string()); },
                [&] {
                  Store out(folder, Database(file, write ? Database::Access::write : Database::Access::read));
                  out.prepare();
                  return out;
                });
}

void Store::prepare() {
  const std::int64_t id = database_.integer("PRAGMA application_id"), found = database_.integer("PRAGMA user_version");
  if (id == 0 && database_.integer("SELECT count(*) FROM sqlite_master") == 0) throw Error("the run was stopped before its plan was stored").code(Exit::failed);
  if (id != application) throw Error("it is no store of a run (its application_id is ", id, ")");
  if (found > version) throw Error("it was written by a later version of lehr (format ", found, ", this one reads ", version, ")");
  if (found < 1) throw damaged(cat("its format is ", found));
  format_ = found;
  read_columns();
}

void Store::read_columns() {
  std::set<std::string> found;
  Statement each = database_.prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL");
  while (each.next()) found.emplace(trim(each.text(0)));
  const auto differ = [] { return damaged("its tables are not those of its format"); };
  // What the tables are is told by meta, so that meta itself comes first: a view of that name may give rows without end.
  if (!found.contains(statements(schema({}, false)).front())) throw differ();
  const auto stored = settings();
  const auto setting = [&](const char* key) {
    const auto it = stored.find(key);
    if (it == stored.end()) throw damaged(cat("meta has no ", key));
    return it->second;
  };
  const auto names = report::read_json_list(setting("metrics"));
  averages_ = setting("averages") == "true", metrics_ = names;
  const SchemaText text = schema(metrics_, averages_, format_);
  columns_ = text.quantities;
  const auto expected = statements(text);
  if (std::set(expected.begin(), expected.end()) != found) throw differ();  // a flipped bit may have renamed a table or a column
}

Statement& Store::statement(const std::string& sql) {
  const auto it = statements_.find(sql);
  return it != statements_.end() ? it->second : statements_.emplace(sql, database_.prepare(sql)).first->second;
}

void Store::setting(const std::string& key, const std::string& value) {
  statement("INSERT OR REPLACE INTO meta VALUES (?,?,?)").bind(key).bind(value).sum().run();
}

void Store::replan(const report::RunInfo& info, const std::vector<std::size_t>& ids) {
  database_.run("DELETE FROM config; DELETE FROM trial");
  std::map<std::string, std::int64_t> configs;
  for (std::size_t i = 0; i < info.trials.size(); ++i) {
    const report::TrialInfo& t = info.trials[i];
    const auto [config, fresh] = configs.emplace(t.text ? *t.text : std::string(), static_cast<std::int64_t>(configs.size()));
    if (fresh) statement("INSERT INTO config VALUES (?,?,?)").bind(config->second).bind(config->first).sum().run();
    statement("INSERT INTO trial VALUES (?,?,?,?,?,?,?,?)")
        .bind(static_cast<std::int64_t>(ids[i])).bind(t.id).bind(info.axes.variant(t.levels)).bind(axes(info, t)).bind(static_cast<std::int64_t>(t.seed)).bind(config->second)
        .bind(t.config_hash).sum().run();
  }
}

void Store::started(std::size_t trial, const std::string& time) {
  statement("INSERT OR REPLACE INTO outcome VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)")
      .bind(static_cast<std::int64_t>(trial)).bind("running").bind(time).null().null().null().null().null().null().null().null().null().sum().run();
}

std::vector<double> Store::values(const EpochRecord& r) const {
  const double nan = std::nan("");
  std::vector<double> out{r.lr_first, r.lr_last, r.loss};
  const auto measured = [&](const std::vector<Measured>& from) {
    for (std::size_t m = 0; m < metrics_.size(); ++m) out.push_back(m < from.size() ? from[m].value : nan);
  };
  measured(r.train);
  out.push_back(r.evaluated ? r.val_loss : nan);
  measured(r.val);
  if (averages_) out.push_back(r.average_loss.value_or(nan)), measured(r.average);
  out.push_back(r.grad_norm > 0 ? r.grad_norm : nan), out.push_back(r.seconds);
  return out;
}

void Store::epoch(std::size_t trial, const EpochRecord& r) {
  if (!statements_.contains("epoch")) {
    std::string sql = "INSERT OR REPLACE INTO epoch VALUES (?,?,?,?";
    for (std::size_t i = 0; i <= columns_.size(); ++i) sql += ",?";
    statements_.emplace("epoch", database_.prepare(sql + ")"));
  }
  Statement& s = statements_.at("epoch");
  s.bind(static_cast<std::int64_t>(trial)).bind(r.epoch).bind(r.step).bind(r.samples);
  for (const double v : values(r)) s.bind(v);
  s.sum().run();
}

void Store::event(std::optional<std::size_t> trial, const std::string& time, const std::string& what, const std::string& detail) {
  if (next_event_ == 0) next_event_ = database_.integer("SELECT coalesce(max(id), 0) + 1 FROM event");
  Statement& s = statement("INSERT INTO event VALUES (?,?,?,?,?,?)").bind(next_event_++);
  (trial ? s.bind(static_cast<std::int64_t>(*trial)) : s.null()).bind(time).bind(what).bind(detail).sum().run();
}

// What is large lies in a file of its own, durable before the row that names it; the file it replaces goes once that row is committed.
void Store::blob(std::size_t trial, const std::string& kind, const Saved& of, std::optional<double> threshold, std::string_view content) {
  const auto id = static_cast<std::int64_t>(trial);
  Statement& old = statement("SELECT file FROM blob WHERE trial=? AND kind=? AND file IS NOT NULL").bind(id).bind(kind);
  while (old.next()) replaced_.push_back(state_file(old, 0));
  std::string file;
  if (content.size() > largest_blob) {
    file = cat("states/", trial, ".", kind, ".", of.step, kind.starts_with("predictions") ? ".f32" : ".safetensors");
    std::erase(replaced_, file);
    fs::create_directories(folder_ / "states");
    write_file(folder_ / file, content);
  }
  Statement& s = statement("INSERT OR REPLACE INTO blob VALUES (?,?,?,?,?,?,?,?,?,?,?)");
  s.bind(id).bind(kind).bind(of.epoch).bind(of.step).bind(std::int64_t{of.finished}).bind(threshold.value_or(std::nan("")));
  s.bind(static_cast<std::int64_t>(content.size()));
  // What lies in the row is in the row's own check sum.
  (file.empty() ? s.null().null().blob(content) : s.bind(fingerprint(content)).bind(file).null()).sum().run();
}

void Store::state(std::size_t trial, const Saved& saved) {
  blob(trial, "state", saved, std::nullopt, saved.state);
  if (!saved.best.empty()) blob(trial, "best", saved, saved.threshold, saved.best);
  if (!saved.point.empty()) blob(trial, "point", saved, std::nullopt, saved.point);
  if (!saved.average.empty()) blob(trial, "average", saved, std::nullopt, saved.average);
}

void Store::clean() {
  std::error_code ignored;
  for (const auto& file : replaced_) fs::remove(folder_ / file, ignored);
  replaced_.clear();
}

void Store::sweep() const {
  std::set<std::string> named;
  Statement s = database_.prepare("SELECT file FROM blob WHERE file IS NOT NULL");
  while (s.next()) named.insert(s.text(0));
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_ / "states", error))
    if ((entry.path().extension() == ".safetensors" || entry.path().extension() == ".f32") && !named.contains("states/" + entry.path().filename().string())) fs::remove(entry.path(), error);
}

void Store::finished(std::size_t trial, const TrialResult& given, const std::string& time, bool all_scores) {
  const auto id = static_cast<std::int64_t>(trial);
  TrialResult r = given;
  const auto predictions = std::move(r.predictions);
  r.predictions.clear();
  std::string started;
  Statement& before = statement("SELECT started FROM outcome WHERE trial=?").bind(id);
  while (before.next()) started = before.text(0);
  Archive archive;
  fields(archive, r);
  const std::string result = archive.take();
  const double nan = std::nan("");
  Statement& s = statement("INSERT OR REPLACE INTO outcome VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)");
  s.bind(id).bind(lehr::name(r.outcome));
  started.empty() ? void(s.null()) : void(s.bind(started));
  s.bind(time).bind(r.message).bind(report::json_list(r.notes)).bind(r.epochs.empty() ? 0 : r.epochs.back().epoch).bind(r.best_epoch);
  s.bind(r.best_epoch > 0 ? r.best_val_loss : nan).bind(r.threshold.value_or(nan)).bind(r.seconds).blob(result).sum().run();
  for (const char* table : {"DELETE FROM final WHERE trial=?", "DELETE FROM tally WHERE trial=?"}) statement(table).bind(id).run();
  for (const report::Final& f : report::finals(r)) {
    Statement& row = statement("INSERT INTO final VALUES (?,?,?,?,?,?,?)").bind(id).bind(f.quantity).bind(f.value).bind(f.uncertainty);
    f.count ? void(row.bind(*f.count)) : void(row.null());
    (f.undefined ? row.bind(std::string_view(f.undefined)) : row.null()).sum().run();
  }
  for (const auto& [rows, tally] : r.tallies)
    for (std::int64_t t = 0; t < tally.classes; ++t)
      for (std::int64_t said = 0; said < tally.classes; ++said)
        statement("INSERT INTO tally VALUES (?,?,?,?,?,?)").bind(id).bind(rows).bind(t).bind(said).bind(tally.at(t, said)).sum().run();
  constexpr std::size_t most = std::size_t{1} << 20;
  std::size_t bytes = 0;
  for (const auto& p : predictions) bytes += p.values.size() * sizeof(float);
  if (bytes > most && !all_scores) return;
  const Saved now{r.epochs.empty() ? 0 : r.epochs.back().epoch, r.epochs.empty() ? 0 : r.epochs.back().step, true, "", "", {}, "", ""};
  for (const auto& p : predictions)
    blob(trial, "predictions." + p.rows, now, std::nullopt, {reinterpret_cast<const char*>(p.values.data()), p.values.size() * sizeof(float)});
}

std::int64_t Store::rewind() {
  const std::int64_t before = database_.integer("SELECT count(*) FROM epoch");
  database_.run(R"(DELETE FROM epoch WHERE trial NOT IN (SELECT trial FROM outcome WHERE status IN ('done', 'diverged'))
                   AND epoch > coalesce((SELECT b.epoch FROM blob b WHERE b.trial = epoch.trial AND b.kind = 'state'), 0))");
  return before - database_.integer("SELECT count(*) FROM epoch");
}

void Store::forget(std::size_t trial) {
  const auto id = static_cast<std::int64_t>(trial);
  for (const char* kind : blob_kinds) {
    Statement& files = statement("SELECT file FROM blob WHERE trial=? AND kind=? AND file IS NOT NULL").bind(id).bind(kind);
    while (files.next()) replaced_.push_back(state_file(files, 0));
    statement("DELETE FROM blob WHERE trial=? AND kind=?").bind(id).bind(kind).run();
  }
  for (const char* table : {"epoch", "final", "tally", "outcome"}) statement(cat("DELETE FROM ", table, " WHERE trial=?")).bind(id).run();
}

}  // namespace lehr::store
