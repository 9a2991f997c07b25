#include "experiments/report/table.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "experiments/report/baseline.h"
#include "experiments/report/lines.h"

namespace lehr::report {

namespace {
std::string shown(double v, bool percent) {
  return percent ? fixed(v, 2) : number(std::strtod(cat(fixed(v, std::fabs(v) >= 100 ? 1 : std::fabs(v) >= 1 ? 3 : 5)).c_str(), nullptr));
}
// A sign that says which is greater; none that was rounded away.
std::string with_sign(double v, bool percent) {
  const std::string text = shown(v, percent), digits = text.starts_with('-') ? text.substr(1) : text;
  const bool negative = digits.size() < text.size() && digits.find_first_of("123456789") != std::string::npos;
  return (negative ? "-" : "+") + digits;
}

// "98.59 ± 0.62 %"
std::string mean_text(const Summary& s, bool percent, bool done = false) {
  const double scale = percent ? 100 : 1;
  if (s.count == 0) return done ? "undefined" : "none finished";
  return shown(scale * s.mean, percent) + (s.count > 1 ? " ± " + shown(scale * s.deviation, percent) : "") + (percent ? " %" : "");
}
// Of those that are done, how many do not have it, and why one of them does not.
struct Missing {
  std::size_t count = 0;
  std::string why;
};
Missing missing(const std::vector<const TrialResult*>& results, const Quantity& q) {
  Missing out;
  for (const TrialResult* r : results)
    if (std::string why = undefined(*r, q); !why.empty()) ++out.count, out.why = std::move(why);
  return out;
}
std::string runs_text(std::size_t done, std::size_t runs) { return done == runs ? cat(runs) : cat(done, "/", runs); }

std::string difference_text(const Standing& s, bool percent) {
  if (!s.difference) return "-";
  const Paired& d = *s.difference;
  const double scale = percent ? 100 : 1;
  if (d.count == 0) return "";
  if (d.count == 1) return with_sign(scale * d.mean, percent);
  return cat(with_sign(scale * d.mean, percent), "  [", with_sign(scale * d.low, percent), ", ", with_sign(scale * d.high, percent), "]",
             s.differs() ? "" : "  n.s.");
}
std::string wins_text(const Standing& s) {
  return !s.difference ? "-" : s.difference->count == 0 ? "" : cat(s.difference->greater, "/", s.difference->smaller);
}
std::string variant_text(const std::string& variant) { return variant.empty() ? "-" : printable(variant); }

struct Study {
  const RunInfo& info;
  const std::vector<TrialResult>& results;
  const std::vector<Pooled>& pooled;
  std::vector<Cell> cells = report::cells(info, results);
  std::vector<Choice> choices = choose(info, cells);
  bool several = info.axes.count(Axis::Role::variant) > 1;
  bool chosen = cells.size() > choices.size();  // there was something to choose
  bool tested = rows({true, {}}, info, results) > 0, validated = info.validation_rows > 0;
};

// The chosen point, and where every seed chose for itself how many chose it.
void add_point(const Study& study, TableView& table) {
  const auto& swept = study.info.axes.swept();
  for (std::size_t k = 0; k < swept.size(); ++k) {
    Column column{printable(swept[k]), {}};
    for (const Choice& choice : study.choices) column.cells.push_back(choice.any() ? printable(choice.cells.front().first->point[k]) : "-");
    table.columns.push_back(std::move(column));
  }
  if (!study.chosen || choosers(study.info).size() < 2) return;
  Column share{"chosen", {}, false, 3};
  for (const Choice& choice : study.choices) share.cells.push_back(!choice.any() ? "-" : cat(choice.cells.front().second, "/", choice.results.size()));
  table.columns.push_back(std::move(share));
}

// What speaks of the rows of the folds, all of them once.
bool of_folds(const Study& study, const Quantity& q) { return !study.pooled.empty() && !q.average && q.test == study.tested; }

Column out_of_fold(const Study& study, const Quantity& q) {
  Column out{"out of fold", {}, false, 5};
  for (const Choice& choice : study.choices) {
    std::vector<double> all;
    for (const Pooled& one : study.pooled)
      for (const auto& sample : one.samples)
        if (one.variant == choice.variant) all.push_back(q.metric ? sample.metrics.at(*q.metric).value : sample.loss);
    out.cells.push_back(all.empty() ? "-" : mean_text(summary(finite(all)), percent(q, study.info), true));
  }
  return out;
}

TableView table(const Study& study, const Quantity& q) {
  const RunInfo& info = study.info;
  const Comparison c = compare(info, study.choices, q);
  const bool as_percent = percent(q, info), with_validation = q.test && study.chosen && study.validated;
  TableView out{name(q, info), {{"variant", {}}}, {}};
  for (const Standing& s : c.standings) out.columns[0].cells.push_back(variant_text(s.variant));
  add_point(study, out);
  Column runs{"runs", {}, true, 2}, before{"val", {}, false, 4}, value{out.quantity + (study.chosen ? "" : " @last"), {}}, range{"min..max", {}, false, 0};
  Column difference{"paired vs " + printable(info.against) + ", 95% CI", {}}, wins{"win/loss", {}, false, 1};
  bool spread = false;
  std::size_t undefined_in = 0;
  std::string reason;
  const double scale = as_percent ? 100 : 1;
  for (std::size_t i = 0; i < c.standings.size(); ++i) {
    const Standing& s = c.standings[i];
    const Missing without = missing(study.choices[i].results, q);
    runs.cells.push_back(runs_text(s.repeats + without.count, s.values.size()));
    if (without.count > 0) undefined_in += without.count, reason = without.why;
    Summary validation = summary(finite(values(study.choices[i].results, {false, q.metric, q.average})));
    validation.count = std::min<std::size_t>(validation.count, 1);
    before.cells.push_back(mean_text(validation, as_percent));
    value.cells.push_back(mean_text(s.summary, as_percent, without.count > 0));
    spread |= s.summary.count > 1;
    range.cells.push_back(s.summary.count > 1 ? shown(scale * s.summary.low, as_percent) + ".." + shown(scale * s.summary.high, as_percent) : "");
    difference.cells.push_back(difference_text(s, as_percent));
    wins.cells.push_back(wins_text(s));
  }
  out.columns.push_back(std::move(runs));
  if (with_validation) out.columns.push_back(std::move(before));
  out.columns.push_back(std::move(value));
  if (spread) out.columns.push_back(std::move(range));
  if (of_folds(study, q)) out.columns.push_back(out_of_fold(study, q));
  if (study.several) out.columns.push_back(std::move(difference)), out.columns.push_back(std::move(wins));
  for (std::size_t i = c.standings.size(); q.average && i-- > 0;)  // not every variant averages
    if (c.standings[i].summary.count == 0)
      for (Column& column : out.columns) column.cells.erase(column.cells.begin() + static_cast<std::ptrdiff_t>(i));
  std::string units = spread ? cat("± is the sample standard deviation over ", info.axes.sample_word(), "s", " (n-1)") : "";
  auto [least, most] = counted(q, study.results);
  if (most == 0 && undefined_in == 0) least = most = rows(q, info, study.results);
  if (as_percent && most > 0) {
    const std::string low = fixed(100.0 / static_cast<double>(most), 2), high = fixed(100.0 / static_cast<double>(least), 2);
    units += cat(spread ? "; " : "", "1 row = ", low, low == high ? "" : " to " + high, " %");
  }
  if (!units.empty()) out.notes.push_back(units);
  if (of_folds(study, q))
    out.notes.push_back(cat("out of fold: the scores of all rows, each by the model that did not train on it, measured together",
                            std::ranges::any_of(study.pooled, [](const Pooled& one) { return one.samples.size() > 1; }) ? "; ± there is over dealings and seeds" : ""));
  if (undefined_in > 0) out.notes.push_back(cat(out.quantity, " is undefined", undefined_in > 1 ? cat(" in ", undefined_in, " runs") : "", ": ", reason));
  if (c.tests > 1)
    out.notes.push_back(
        cat("n.s.: not told apart from ", printable(info.against), " at 5 % with Holm's correction for ", c.tests, " comparisons; each interval is for one"));
  if (c.tests > 0 && info.axes.split_varies())
    out.notes.push_back(cat("intervals allow for ", info.axes.sample_word() == "fold" ? "folds that share training rows" : "random splits that share rows",
                            " (Nadeau and Bengio 2003)"));
  if (!q.average) std::ranges::move(baseline_notes(info, study.results, study.choices, q), std::back_inserter(out.notes));
  return out;
}

std::vector<std::string> texts_of(const std::vector<std::int64_t>& numbers) {
  std::vector<std::string> out;
  for (const auto number : numbers) out.push_back(cat(number));
  return out;
}

// How the points came about, once under all tables.
std::vector<std::string> choice_notes(const Study& study) {
  if (!study.chosen) return {};
  const RunInfo& info = study.info;
  const std::string what = info.axes.swept().size() == 1 ? printable(info.axes.swept().front()) : "point of the sweep";
  std::vector<std::string> out;
  const std::string word = info.axes.sample_word();
  if (choosers(info).size() > 1)
    out.push_back(cat("each ", word, " has the ", what, " that is best by its own ", info.select, "; shown is the most frequent"));
  else
    out.push_back(cat("each variant has the ", what, " that is best by ", info.select, study.tested ? "; the test rows had no say" : ""));
  if (info.searched)
    out.push_back(cat("the best of ", info.axes.count(Axis::Role::point), " points that were looked at",
                      info.looks.empty() ? "" : cat("; most of them ended after epochs ", join(texts_of(info.looks), ", "))));
  if (!study.tested)
    out.push_back(cat("chosen and reported on the same rows, so the figures flatter: ",
                      word == "fold" ? "data.split.validation keeps rows apart within each fold" : "data.split.test keeps rows apart"));
  std::vector<std::string> cut_short;
  for (const Choice& choice : study.choices)
    if (!choice.complete) cut_short.push_back(choice.variant.empty() ? "the sweep" : printable(choice.variant));
  if (!cut_short.empty()) out.push_back(cat("interrupted before every point was tried: ", join(cut_short, ", ")));
  if (info.searched) return out;
  for (auto& note : edge_notes(info, study.cells, study.choices)) out.push_back(std::move(note));
  return out;
}

std::vector<std::optional<std::size_t>> measured(const RunInfo& info) {
  std::vector<std::optional<std::size_t>> out;
  for (std::size_t m = 0; m < info.metrics.size(); ++m) out.emplace_back(m);
  if (out.empty()) out.emplace_back();
  return out;
}
}  // namespace

std::vector<TableView> tables(const RunInfo& info, const std::vector<TrialResult>& results, const std::vector<Pooled>& pooled) {
  const Study study{info, results, pooled};
  std::vector<TableView> out;
  for (const bool test : {false, true})
    for (const auto& metric : measured(info))
      for (const bool average : {false, true})
        if ((info.averages || !average) && (test ? study.tested : study.validated && !(study.tested && study.chosen)))
          out.push_back(table(study, {test, metric, average}));
  if (!out.empty())
    for (auto& note : choice_notes(study)) out.back().notes.push_back(std::move(note));
  return out;
}

std::vector<TableView> point_tables(const RunInfo& info, const std::vector<TrialResult>& results) {
  const std::vector<Pooled> none;
  const Study study{info, results, none};
  std::vector<TableView> out;
  if (info.axes.swept().empty()) return out;
  for (const auto& metric : measured(info)) {
    TableView table{name({false, metric}, info), {{"variant", {}}}, {}};
    for (const std::string& key : info.axes.swept()) table.columns.push_back({printable(key), {}});
    table.columns.push_back({"runs", {}, true});
    std::vector<Quantity> shown_quantities;
    for (const bool test : {false, true})
      if (test ? study.tested : study.validated) shown_quantities.push_back({test, metric}), table.columns.push_back({name({test, metric}, info), {}});
    for (const Cell& cell : study.cells) {
      std::size_t i = 0;
      const auto add = [&](const std::string& text) { table.columns[i++].cells.push_back(text); };
      add(variant_text(cell.variant));
      for (const std::string& v : cell.point) add(printable(v));
      const Quantity first{!study.validated, metric};
      add(runs_text(finite(values(cell.results, first)).size() + missing(cell.results, first).count, cell.results.size()));
      for (const Quantity& q : shown_quantities)
        add(mean_text(summary(finite(values(cell.results, q))), percent(q, info), missing(cell.results, q).count > 0));
    }
    out.push_back(std::move(table));
  }
  return out;
}

const Column* TableView::find(std::string_view beginning) const {
  const auto it = std::ranges::find_if(columns, [&](const Column& c) { return c.name.starts_with(beginning); });
  return it == columns.end() ? nullptr : &*it;
}

std::string render(const TableView& table, std::size_t columns) {
  std::vector<std::size_t> widths;
  std::vector<const Column*> kept;
  std::size_t total = 0;
  const auto width_of = [](const Column& c) {
    std::size_t w = width(c.name);
    for (const std::string& cell : c.cells) w = std::max(w, width(cell));
    return w;
  };
  for (const Column& c : table.columns) kept.push_back(&c), total += width_of(c) + 2;
  while (columns > 0 && total > columns + 2) {
    const auto least = std::ranges::min_element(kept, {}, &Column::keep);
    if ((*least)->keep == 9) break;
    total -= width_of(**least) + 2;
    kept.erase(least);
  }
  for (const Column* c : kept) widths.push_back(width_of(*c));
  std::string out;
  for (std::size_t r = 0; r <= table.columns.front().cells.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const std::string& cell = r == 0 ? kept[i]->name : kept[i]->cells[r - 1];
      line += (kept[i]->right ? pad_left(cell, widths[i]) : pad_right(cell, widths[i])) + "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  for (const std::string& note : table.notes) out += wrapped(note, columns, 2) + "\n";
  return out;
}

std::string render_markdown(const TableView& table) {
  std::string out = "|", rule = "|";
  for (const Column& c : table.columns) out += " " + c.name + " |", rule += c.right ? "---:|" : "---|";
  out += "\n" + rule + "\n";
  for (std::size_t r = 0; r < table.columns.front().cells.size(); ++r) {
    out += "|";
    for (const Column& c : table.columns) out += " " + (c.cells[r].empty() ? std::string("-") : c.cells[r]) + " |";
    out += "\n";
  }
  for (const std::string& note : table.notes) out += "\n" + note + "\n";
  return out;
}

}  // namespace lehr::report
