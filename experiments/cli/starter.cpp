#include "experiments/cli/starter.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "base/readable.h"
#include "experiments/spec/emit.h"

namespace lehr::cli {

namespace {
constexpr std::int64_t most_classes = 20;      // distinct whole numbers that are still taken for classes
constexpr std::int64_t rows_a_class = 10;      // of numbers: fewer rows for each are numbers, not classes
constexpr std::int64_t rows_a_name = 4;        // fewer rows for each name of a column: it names rows
constexpr std::size_t most_names = 500;        // of a column that is still given to the network
constexpr std::int64_t updates_wanted = 2000;  // enough for a table to be learnt
constexpr std::size_t most_told = 12;

// What the cells of a column say.
struct Facts {
  std::int64_t present = 0, distinct = 0;
  bool whole = true, counts_up = true;  // numbers: all whole; each row's is one more than that of the row before
  double first = 0, low = 0, high = 0;
};

Facts facts_of(const Column& c, std::int64_t rows) {
  Facts f;
  f.present = rows - c.missing;
  if (!c.numeric) {
    f.distinct = static_cast<std::int64_t>(c.texts.size());
    f.whole = f.counts_up = false;
    return f;
  }
  std::set<double> seen;
  constexpr std::size_t enough = 100'000;  // distinct numbers are counted up to here
  f.counts_up = c.missing == 0 && rows > 2;
  for (std::int64_t r = 0; r < rows; ++r) {
    const double v = c.numbers[static_cast<std::size_t>(r)];
    if (std::isnan(v)) continue;
    if (seen.empty()) f.first = f.low = f.high = v;
    f.low = std::min(f.low, v), f.high = std::max(f.high, v);
    f.whole = f.whole && v == std::floor(v);
    f.counts_up = f.counts_up && v == f.first + static_cast<double>(r);
    if (seen.size() < enough) seen.insert(v);
  }
  f.distinct = static_cast<std::int64_t>(seen.size());
  return f;
}

bool called_number(const std::string& name) {
  const std::string word = lower(name);
  for (const char* known : {"", "id", "index", "idx", "row", "rows", "rownames", "row_names", "rowid", "no", "nr", "num", "number", "obs", "unnamed: 0", "x1"})
    if (word == known) return true;
  return word.ends_with("_id") || word.ends_with("id_") || word.ends_with(" id") || word.starts_with("id_") || name.ends_with("Id") || name.ends_with("ID");
}

std::string counted(std::int64_t n, const char* what) { return cat(grouped(n), " ", what, n == 1 ? "" : "s"); }

// Why a column tells nothing about rows it was not trained on; empty: it may.
std::string why_left_out(const Column& c, const Facts& f, bool named, std::int64_t rows) {
  if (f.present == 0) return "it has no value in any row";
  if (f.distinct == 1) return c.missing == 0 ? "it has the same value in all rows" : "it has one value only";
  if (c.numeric) {
    if (f.counts_up && (f.first == 0 || f.first == 1 || !named || called_number(c.name))) return cat("it numbers the rows from ", readable(f.first));
    if (named && called_number(c.name) && f.whole && f.distinct == rows) return "it is a number of its own for each row, by its name";
    return "";
  }
  if (f.distinct == f.present && f.distinct > 2) return "each of its texts stands in one row: it names rows";
  if (f.distinct > most_classes && f.present / f.distinct < rows_a_name)
    return cat("it names rows: ", grouped(f.distinct), " texts in ", counted(f.present, "row"));
  if (static_cast<std::size_t>(f.distinct) > most_names) return cat("it has ", grouped(f.distinct), " texts, too many to give each an input");
  return "";
}

std::string listed(std::vector<std::string> names) {
  const std::size_t more = names.size() > most_told ? names.size() - most_told : 0;
  names.resize(names.size() - more);
  return cat(join(names, ", "), more > 0 ? cat(" and ", more, " more") : "");
}

class Decider {
 public:
  Decider(const CsvTable& table, const Wishes& wishes, const std::vector<std::string>& marks) : table_(table), wishes_(wishes), marks_(marks) {
    const auto names = table.names();
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const bool named = table.header && !names[c].empty() && std::ranges::count(names, names[c]) == 1;
      references_.push_back(named ? names[c] : cat(c));
      facts_.push_back(facts_of(table.columns[c], table.rows));
    }
    target_ = within("--target", [&] { return table.find(wishes.target); });
    choose_task();
    choose_columns();
  }

  Starter write(const std::string& file, const std::string& model) const {
    std::string out = cat("# A starter for ", printable(table_.source), ": change what you like; `lehr explain KEY` tells what a key means\n");
    const std::string& f = wishes_.activation;
    const std::string init = f == "relu" || f == "leaky_relu" || f == "elu" ? "he_uniform" : "glorot_uniform";
    out += model.empty() ? cat("model:\n  mlp: {hidden: [", join(wishes_.hidden, ", "), "], activation: ", wishes_.activation,
                               "}  # its inputs follow the columns, its outputs the target\n  init: ", init, "\n")
                         : cat("model: {file: ", yaml_text(model), ", init: ", init, "}\n");
    out += cat("data:\n  file: ", yaml_text(file), "\n", target(), columns());
    out += cat("  split: {validation: ", wishes_.validation, wishes_.test.empty() ? "" : ", test: " + wishes_.test, ", take: ", take(), "}\n");
    out += cat("loss: ", task_ == Task::regress ? "mse" : classes_ == 2 ? "binary_crossentropy" : "categorical_crossentropy", "\nmetrics: [",
               task_ == Task::regress ? "rmse, r2" : "accuracy", "]\n", training());
    return {out, notes_};
  }

 private:
  const Column& column() const { return table_.columns[target_]; }

  void choose_task() {
    const Facts& f = facts_[target_];
    const std::string name = quote(references_[target_]);
    if (f.distinct < 2)
      throw Error("the target ", name, " has ", counted(f.distinct, "value"), ": there is nothing to tell apart; --target names another column");
    const bool numbers = column().numeric, few = f.whole && f.distinct <= most_classes && (f.distinct <= 2 || f.present / f.distinct >= rows_a_class);
    task_ = wishes_.task.value_or(!numbers || few ? Task::classify : Task::regress);
    if (task_ == Task::regress && !numbers)
      throw Error("the target ", name, " has texts, --task regress needs numbers: --missing TEXT says what stands for none");
    if (task_ == Task::classify && !numbers && f.distinct > most_classes && f.present / f.distinct < rows_a_name)
      throw Error("the target ", name, " names rows: ", grouped(f.distinct), " texts in ", counted(f.present, "row"), "; --target names another column");
    if (task_ == Task::classify && f.distinct > 10'000) throw Error("the target ", name, " has ", grouped(f.distinct), " values, too many for classes");
    classes_ = f.distinct;
    const std::string said = wishes_.task ? "as --task says"
                             : !numbers   ? "texts"
                             : few        ? "a few whole numbers"
                             : f.whole    ? "many numbers"
                                          : "numbers with fractions";
    notes_.push_back(cat("target ", name, ": ", task_ == Task::classify ? cat(grouped(classes_), " classes") : std::string("a number"), " (", said, ")",
                         !wishes_.task && task_ == Task::classify && numbers ? "; --task regress takes them for numbers" : ""));
    if (column().missing > 0) notes_.push_back(cat(counted(column().missing, "row"), " of ", grouped(table_.rows), " without a target left out"));
    if (task_ == Task::regress) notes_.push_back("the target is scaled for training; metrics and predictions are in its own unit");
  }

  void choose_columns() {
    std::set<std::size_t> asked;
    for (const std::string& name : wishes_.drop) asked.insert(within("--drop", [&] { return table_.find(name); }));
    if (asked.contains(target_)) throw Error("--drop: ", quote(references_[target_]), " is the target");
    for (std::size_t c = 0; c < table_.columns.size(); ++c) {
      if (c == target_) continue;
      const std::string why = asked.contains(c) ? std::string("--drop") : why_left_out(table_.columns[c], facts_[c], table_.header, table_.rows);
      if (why.empty())
        used_.push_back(c);
      else
        left_out_.emplace_back(c, why);
    }
    // A series over a counter has no other feature.
    const auto counter = std::ranges::find_if(
        left_out_, [&](const auto& one) { return table_.columns[one.first].numeric && facts_[one.first].counts_up && !asked.contains(one.first); });
    if (used_.empty() && counter != left_out_.end()) used_.push_back(counter->first), left_out_.erase(counter);
    for (const auto& [c, why] : left_out_) notes_.push_back(cat("column ", quote(references_[c]), " is left out: ", why));
    if (used_.empty()) throw Error(quote(table_.source), " has no column left to learn from:\n  ", join(notes_, "\n  "));
    std::vector<std::string> categories, gaps;
    for (const std::size_t c : used_) {
      if (!table_.columns[c].numeric) categorical_.push_back(c), categories.push_back(cat(printable(references_[c]), " (", grouped(facts_[c].distinct), ")"));
      if (table_.columns[c].missing > 0) gaps.push_back(cat(printable(references_[c]), " (", grouped(table_.columns[c].missing), ")"));
    }
    if (!categories.empty()) notes_.push_back(cat("names, a 0/1 input each: ", listed(categories)));
    if (!marks_.empty()) notes_.push_back(cat("taken for no value in columns of numbers: ", listed(quoted(marks_))));
    if (!gaps.empty()) notes_.push_back(cat("cells without a value, filled by the median or the most frequent name: ", listed(gaps)));
    missing_ = !gaps.empty();
  }

  static std::vector<std::string> quoted(const std::vector<std::string>& texts) {
    std::vector<std::string> out;
    for (const auto& text : texts) out.push_back(quote(text));
    return out;
  }

  std::string target() const {
    const bool scale = task_ == Task::regress, gaps = column().missing > 0;
    std::string out = cat("  target: ", scale || gaps ? "{column: " : "", yaml_text(references_[target_]));
    if (scale) out += ", scale: standard";
    if (gaps) out += ", missing: drop";
    return cat(out, scale || gaps ? "}" : "", gaps ? cat("  # ", counted(column().missing, "row"), " of ", grouped(table_.rows), " without one") : "", "\n");
  }

  std::string columns() const {
    std::string out;
    if (!left_out_.empty()) out += "  drop:\n";
    for (const auto& [c, why] : left_out_) out += cat("    - ", yaml_text(references_[c]), "  # ", why, "\n");
    std::vector<std::string> names;
    for (const std::size_t c : categorical_) names.push_back(yaml_text(references_[c]));
    if (!names.empty()) out += cat("  categorical: [", join(names, ", "), "]\n");
    if (!marks_.empty()) {
      std::vector<std::string> spellings;
      for (const auto& list : {CsvOptions().missing, marks_})
        for (const auto& text : list) spellings.push_back(text.empty() ? "\"\"" : yaml_text(text));
      out += cat("  missing: [", join(spellings, ", "), "]\n");
    }
    if (missing_) out += "  impute: median  # of names the most frequent\n";
    return out + "  scale: standard\n";
  }

  std::int64_t rows() const { return table_.rows - column().missing; }

  // Stratified where every class has rows for every part.
  std::string take() const {
    if (!wishes_.take.empty()) return wishes_.take;
    return task_ == Task::classify && smallest_class() >= 5 ? "stratified" : "random";
  }
  std::int64_t smallest_class() const {
    std::map<std::string, std::int64_t> counts;
    for (std::int64_t r = 0; r < table_.rows; ++r) {
      const std::string cell = table_.cell(r, target_);
      if (!cell.empty()) ++counts[cell];
    }
    std::int64_t out = rows();
    for (const auto& [name, count] : counts) out = std::min(out, count);
    return out;
  }

  // So many epochs that small tables are learnt and large ones end.
  std::string training() const {
    const std::int64_t train = std::max<std::int64_t>(1, rows() * 4 / 5), batch = std::min<std::int64_t>(32, train);
    const std::int64_t epochs = std::clamp<std::int64_t>(updates_wanted * batch / train, 20, 200);
    return cat("optimizer: {type: adamw, weight_decay: 0.01}\nlr: {type: cosine, from: 0.003, to: 0}\nepochs: ", epochs, "\nbatch: ", batch,
               "\nrepeat: {seeds: 5}\n");
  }

  const CsvTable& table_;
  const Wishes& wishes_;
  const std::vector<std::string>& marks_;
  std::vector<std::string> references_;  // how the experiment names each column
  std::vector<Facts> facts_;
  std::size_t target_ = 0;
  Task task_ = Task::classify;
  std::int64_t classes_ = 0;
  std::vector<std::size_t> used_, categorical_;
  std::vector<std::pair<std::size_t, std::string>> left_out_;
  bool missing_ = false;
  std::vector<std::string> notes_;
};
}  // namespace

std::string yaml_text(const std::string& text) {
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
    throw Error("an experiment cannot hold the name ", quote(text), " with its control character: rename it");
  return spec::flow(spec::make_scalar(text));
}

std::vector<std::string> missing_marks(const CsvTable& table) {
  static const std::set<std::string> known{"null", "none", "n/a", "na", "nan", "nil", "missing", "unknown", "#n/a", "n.a.", "nd", "#null!", "undefined"};
  const auto mark = [](const std::string& text) {
    return known.contains(lower(text)) || std::ranges::none_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c >= 0x80; });
  };
  std::vector<std::string> out;
  for (const Column& c : table.columns) {
    if (c.numeric) continue;
    std::vector<std::string> others;
    std::size_t numbers = 0;
    for (const std::string& text : c.texts) parse_number(text, table.decimal) ? void(++numbers) : others.push_back(text);
    if (numbers < 2 || others.size() > 4 || !std::ranges::all_of(others, mark)) continue;
    for (const std::string& text : others)
      if (std::ranges::find(out, text) == out.end()) out.push_back(text);
  }
  return out;
}

Starter starter(const CsvTable& table, const Wishes& wishes, const std::vector<std::string>& marks, const std::string& file, const std::string& model) {
  return Decider(table, wishes, marks).write(file, model);
}

}  // namespace lehr::cli
