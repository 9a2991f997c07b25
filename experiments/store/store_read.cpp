// What a store holds, read back: everything is checked before it is believed.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "base/file.h"
#include "engine/train/progress.h"
#include "experiments/report/summary.h"
#include "experiments/store/damaged.h"
#include "experiments/store/schema.h"
#include "experiments/store/store.h"

namespace lehr::store {

namespace fs = std::filesystem;

namespace {
std::string cell(double v) { return std::isnan(v) ? std::string() : number(v); }
}  // namespace

Error damaged(const std::string& what) { return Error("the store is damaged: ", what).code(Exit::failed); }

// A file that a row names lies in states/ and nowhere else, whoever wrote the row: what is replaced is removed.
std::string state_file(const Statement& row, int column) {
  constexpr std::string_view below = "states/";
  std::string name = row.text(column);
  const bool known = name.ends_with(".safetensors") || name.ends_with(".f32");
  const bool plain = name.starts_with(below) && known && name.find_first_of(std::string_view("/\0", 2), below.size()) == std::string::npos;
  if (!plain) throw damaged(cat("a state is said to lie in ", quote(name), ", which is no file of states/"));
  return name;
}

std::map<std::string, std::string> Store::settings() const {
  std::map<std::string, std::string> out;
  Statement s = database_.prepare("SELECT * FROM meta");
  while (s.next()) {
    if (!s.intact()) throw damaged(cat("a row of meta (", printable(s.text(0)), ") has another check sum"));
    out[s.text(0)] = s.text(1);
  }
  return out;
}

std::vector<StoredTrial> Store::trials() const {
  std::map<std::int64_t, std::string> configs;
  Statement c = database_.prepare("SELECT * FROM config");
  while (c.next()) {
    if (!c.intact()) throw damaged("a row of config has another check sum");
    configs[c.integer(0)] = c.text(1);
  }
  std::vector<StoredTrial> out;
  Statement t = database_.prepare("SELECT * FROM trial ORDER BY id");
  while (t.next()) {
    if (!t.intact() || t.integer(0) != static_cast<std::int64_t>(out.size()) || !configs.contains(t.integer(5)))
      throw damaged(cat("row ", out.size(), " of trial has another check sum or is missing"));
    StoredTrial& one = out.emplace_back();
    one.name = t.text(1), one.seed = static_cast<std::uint64_t>(t.integer(4)), one.hash = t.text(6), one.status = "planned";
    one.config = cat(configs.at(t.integer(5)), "seed: ", one.seed, "\n");
  }
  const auto of = [&](std::int64_t trial) -> StoredTrial& {
    if (trial < 0 || trial >= static_cast<std::int64_t>(out.size())) throw damaged(cat("there is no trial ", trial));
    return out[static_cast<std::size_t>(trial)];
  };
  Statement o = database_.prepare("SELECT * FROM outcome");
  while (o.next()) {
    StoredTrial& one = of(o.integer(0));
    if (!o.intact()) throw damaged(cat("the outcome of ", quote(one.name), " has another check sum"));
    one.status = o.text(1);
    if (o.is_null(11)) continue;
    try {
      Archive archive(o.bytes(11));
      fields(archive, one.result.emplace());
      archive.end();
      archive.check(within_metrics(*one.result, metrics_.size()));
    } catch (const Error& error) {
      throw damaged(cat("the outcome of ", quote(one.name), ": ", error.sentence()));
    }
    one.result->id = one.name, one.result->seed = one.seed, one.result->metrics = metrics_;
  }
  Statement e = database_.prepare("SELECT trial, count(*), max(epoch) FROM epoch GROUP BY trial");
  while (e.next()) {
    StoredTrial& one = of(e.integer(0));
    one.epochs = e.integer(1);
    if (e.integer(2) != one.epochs) throw damaged(cat("epochs of ", quote(one.name), " are missing: ", one.epochs, " of ", e.integer(2)));
  }
  Statement s = database_.prepare("SELECT trial, epoch FROM blob WHERE kind = 'state'");
  while (s.next()) of(s.integer(0)).state = s.integer(1);
  return out;
}

std::string Store::content(const Statement& row) const {
  enum { bytes = 6, sum, file, data };
  if (row.is_null(file)) return row.text(data);
  const std::string name = state_file(row, file);
  const bool as_long = InputFile(folder_ / name).size() == static_cast<std::uintmax_t>(row.integer(bytes));
  std::string out = as_long ? read_file(folder_ / name) : std::string();
  if (!as_long || fingerprint(out) != row.bytes(sum)) throw damaged(cat("the file ", quote(name), " has another length or check sum than the store says"));
  return out;
}

std::optional<Saved> Store::saved(std::size_t trial) const {
  Saved out;
  bool any = false;
  for (const auto& [kind, to] : {std::pair{"state", &out.state}, {"best", &out.best}, {"point", &out.point}, {"average", &out.average}}) {
    Statement s = database_.prepare("SELECT * FROM blob WHERE trial=? AND kind=?");
    s.bind(static_cast<std::int64_t>(trial)).bind(std::string_view(kind));
    if (!s.next()) continue;
    if (!s.intact()) throw damaged("a row of blob has another check sum");
    any = true;
    *to = content(s);
    if (to == &out.state) out.epoch = s.integer(2), out.step = s.integer(3), out.finished = s.integer(4) != 0;
    if (to == &out.best && !s.is_null(5)) out.threshold = s.real(5);
  }
  if (any && out.state.empty()) throw damaged("a trial has weights without a state");
  return any ? std::optional(std::move(out)) : std::nullopt;
}

std::vector<float> Store::predictions(std::size_t trial, const std::string& rows) const {
  Statement s = database_.prepare("SELECT * FROM blob WHERE trial=? AND kind=?");
  s.bind(static_cast<std::int64_t>(trial)).bind("predictions." + rows);
  std::vector<float> out;
  while (s.next()) {
    if (!s.intact()) throw damaged("a row of blob has another check sum");
    const std::string bytes = content(s);
    out.resize(bytes.size() / sizeof(float));
    std::memcpy(out.data(), bytes.data(), out.size() * sizeof(float));
  }
  return out;
}

void Store::metrics(const std::vector<std::size_t>& trials, const std::function<void(std::string_view piece)>& to) const {
  std::string out = "trial,epoch,step,samples";
  const std::size_t shown = columns_.size() - 2;  // no norms, no wall times: the same bytes for the same run
  for (std::size_t c = 0; c < shown; ++c) out += "," + report::csv_cell(columns_[c]);
  out += "\n";
  std::vector<std::string> names;
  Statement t = database_.prepare("SELECT name FROM trial ORDER BY id");
  while (t.next()) names.push_back(report::csv_cell(t.text(0)));
  Statement s = database_.prepare("SELECT * FROM epoch WHERE trial=? ORDER BY epoch");
  for (const std::size_t trial : trials) {
    s.bind(static_cast<std::int64_t>(trial));
    while (s.next()) {
      if (!s.intact() || trial >= names.size()) throw damaged(cat("epoch ", s.integer(1), " of trial ", s.integer(0), " has another check sum"));
      out += names[trial];
      for (int c = 1; c < 4; ++c) out += ',', out += std::to_string(s.integer(c));
      for (std::size_t c = 0; c < shown; ++c) out += ',', out += cell(s.real(4 + static_cast<int>(c)));
      out += '\n';
    }
    if (out.size() < (1 << 16)) continue;
    to(out);
    out.clear();
  }
  to(out);
}

std::vector<Store::EpochRow> Store::rows(std::size_t trial, std::optional<std::int64_t> only) const {
  std::vector<EpochRow> out;
  Statement s = database_.prepare(cat("SELECT * FROM epoch WHERE trial=?", only ? " AND epoch=?" : "", " ORDER BY epoch"));
  s.bind(static_cast<std::int64_t>(trial));
  if (only) s.bind(*only);
  while (s.next()) {
    EpochRow& row = out.emplace_back(EpochRow{s.integer(1), s.integer(2), s.integer(3), {}});
    for (std::size_t c = 0; c < columns_.size(); ++c) row.values.push_back(s.real(4 + static_cast<int>(c)));
  }
  return out;
}

EpochRecord Store::record(std::size_t trial, std::int64_t epoch) const {
  for (const EpochRow& row : rows(trial, epoch)) {
    EpochRecord out;
    out.epoch = row.epoch, out.step = row.step, out.samples = row.samples;
    const auto value = [&](const std::string& name) { return row.values.at(static_cast<std::size_t>(std::ranges::find(columns_, name) - columns_.begin())); };
    const auto measured = [&](const std::string& prefix) {
      std::vector<Measured> all;
      for (const std::string& metric : metrics_) all.push_back({value(prefix + metric), std::nan(""), 0, nullptr});
      return all;
    };
    out.loss = value("loss"), out.train = measured("");
    out.val_loss = value("val_loss"), out.val = measured("val_"), out.evaluated = !std::isnan(out.val_loss);
    if (averages_) out.average_loss = value("avg_val_loss"), out.average = measured("avg_val_");
    return out;
  }
  throw damaged(cat("epoch ", epoch, " of trial ", trial, " is missing"));
}

void Store::check() const {
  if (const std::string found = database_.text("PRAGMA integrity_check"); found != "ok") throw damaged(found);
  for (const auto& table : tables) {
    Statement s = database_.prepare(cat("SELECT * FROM ", table.name, " ORDER BY ", table.order));
    for (std::int64_t row = 0; s.next(); ++row)
      if (!s.intact()) throw damaged(cat("row ", row, " of the table ", table.name, " has another check sum"));
  }
  const auto all = trials();
  const auto stored = settings();
  if (const auto it = stored.find("trials"); it == stored.end() || it->second != cat(all.size())) throw damaged("trials are missing");
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& one = all[i];
    if (one.result && !one.result->epochs.empty() && one.epochs < one.result->epochs.back().epoch)
      throw damaged(cat("epochs of ", quote(one.name), " are missing: ", one.epochs, " of ", one.result->epochs.back().epoch));
  }
  Statement b = database_.prepare("SELECT * FROM blob");  // the rows are intact: what is left are files, and what belongs together
  while (b.next()) {
    if (b.integer(0) >= static_cast<std::int64_t>(all.size())) throw damaged(cat("there is no trial ", b.integer(0)));
    if (std::ranges::find(blob_kinds, b.bytes(1)) == std::end(blob_kinds)) throw damaged(cat("a blob is of the unknown kind ", quote(b.text(1))));
    if (!b.is_null(8)) content(b);
    if (b.bytes(1) == "state" && all[static_cast<std::size_t>(b.integer(0))].epochs < b.integer(2))
      throw damaged(cat("epochs before the state of ", quote(all[static_cast<std::size_t>(b.integer(0))].name), " are missing"));
  }
}

}  // namespace lehr::store
