#include "experiments/cli/starter.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "base/readable.h"
#include "experiments/cli/column_facts.h"
#include "experiments/spec/emit.h"

namespace lehr::cli {

namespace {
constexpr std::int64_t rows_a_class = 10;      // of numbers: fewer rows for each are numbers, not classes
constexpr std::int64_t updates_wanted = 2000;  // enough for a table to be learnt
constexpr std::int64_t many_rows = 10'000;     // from here on one split says enough
constexpr std::size_t most_told = 12;

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
      if (!facts_[c].dates.empty())
        dates_.push_back(c), notes_.push_back(cat("column ", quote(references_[c]), ": dates, ", join(facts_[c].dates, ", "), " each a number"));
      else if (!table_.columns[c].numeric)
        categorical_.push_back(c), categories.push_back(cat(printable(references_[c]), " (", grouped(facts_[c].distinct), ")"));
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
    if (!dates_.empty()) out += "  columns:\n";
    for (const std::size_t c : dates_) out += cat("    ", yaml_text(references_[c]), ": {as: date, parts: [", join(facts_[c].dates, ", "), "]}\n");
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

  // One rule by the rows trained on, for every table: the fewer they are, the smaller the batches and the stronger the decay. So many epochs that small
  // tables are learnt and large ones end; of small tables more splits, since the rows of one say little.
  std::string training() const {
    const std::int64_t train = std::max<std::int64_t>(1, rows() * 4 / 5);
    const std::int64_t batch = std::min<std::int64_t>(train >= 1024 ? 32 : train >= 512 ? 16 : 8, train);
    const std::int64_t epochs = std::clamp<std::int64_t>(updates_wanted * batch / train, 20, 200);
    const double decay = std::clamp(250.0 / static_cast<double>(train), 0.3, 2.0);
    return cat("optimizer: {type: adamw, weight_decay: ", readable(decay, 2), "}\nlr: {type: cosine, from: 0.003, to: 0}\nepochs: ", epochs,
               "\nbatch: ", batch, "\nrepeat: {seeds: ", rows() < few_rows ? 20 : 5, take() == "tail" || rows() >= many_rows ? "" : ", vary: [split]", "}\n");
  }

  const CsvTable& table_;
  const Wishes& wishes_;
  const std::vector<std::string>& marks_;
  std::vector<std::string> references_;  // how the experiment names each column
  std::vector<Facts> facts_;
  std::size_t target_ = 0;
  Task task_ = Task::classify;
  std::int64_t classes_ = 0;
  std::vector<std::size_t> used_, categorical_, dates_;
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
