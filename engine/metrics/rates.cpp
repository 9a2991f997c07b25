#include <cmath>

#include "base/error.h"
#include "engine/metrics/mean.h"
#include "engine/metrics/score.h"

namespace lehr::metrics {

namespace {
double real(std::int64_t n) { return static_cast<double>(n); }

// Of one class: rows (or labels) that are so, that were answered so, and both.
struct Hit {
  std::int64_t truths = 0, answers = 0, both = 0;
  void fields(Archive& a) { a.counted(truths, answers, both); }
};
Hit hit(const Tally& t, std::int64_t c) {
  Hit out{0, 0, t.at(c, c)};
  for (std::int64_t k = 0; k < t.classes; ++k) out.truths += t.at(c, k), out.answers += t.at(k, c);
  return out;
}

// A rate of one class is by x both / (p truths + q answers): x, p, q are 1 1 0 of recall, 1 0 1 of precision, 2 1 1 of f1.
struct Rate {
  const char* name;
  double x, p, q;
  double below(const Hit& h) const { return p * real(h.truths) + q * real(h.answers); }
  double of(const Hit& h) const { return below(h) > 0 ? x * real(h.both) / below(h) : 0; }
  // What a row moves it by that is so and answered so, that only is so, that only was answered so; times 1 / rows.
  double right(const Hit& h) const { return below(h) > 0 ? (x - (p + q) * of(h)) / below(h) : 0; }
  double missed(const Hit& h) const { return below(h) > 0 ? -p * of(h) / below(h) : 0; }
  double wrong(const Hit& h) const { return below(h) > 0 ? -q * of(h) / below(h) : 0; }
};
constexpr Rate recall{"recall", 1, 1, 0}, precision{"precision", 1, 0, 1}, f1{"f1", 2, 1, 1};

// sqrt of the sum over rows of move^2 with n / (n - 1): the delta method; move(t, a): of a row of class t answered a.
template <class Move>
double spread(const Tally& t, std::int64_t rows, Move move) {
  double sum = 0;
  for (std::int64_t a = 0; a < t.classes; ++a)
    for (std::int64_t b = 0; b < t.classes; ++b)
      if (t.at(a, b) > 0) sum += real(t.at(a, b)) * std::pow(move(a, b), 2);
  return rows > 1 ? std::sqrt(sum * real(rows) / real(rows - 1)) : std::numeric_limits<double>::quiet_NaN();
}

// The rate of the second of two classes.
class OfTwo final : public Tallied {
 public:
  OfTwo(const Rate& rate, std::int64_t classes) : Tallied(2), rate_(rate) {
    if (classes > 2) throw Error(rate.name, " is for two classes, there are ", classes, ": take ", rate.name, "_macro or ", rate.name, "_weighted");
  }

 private:
  const char* name() const override { return rate_.name; }
  Measured of(const Tally& t, std::int64_t rows) const override {
    if (t.classes != 2) throw Error(rate_.name, " is for two classes, the model scores ", t.classes);
    const Hit h = hit(t, 1);
    if (rate_.below(h) == 0)
      return undefined(rate_.p == 0 ? "no row is answered with the second class" : rate_.q == 0 ? "no row is of the second class"
                                                                                          : "no row is of the second class, or answered with it", rows);
    if (rate_.x == 1) {
      Measured out = proportion(h.both, rate_.p > 0 ? h.truths : h.answers);
      out.count = rows;
      return out;
    }
    const auto move = [&](std::int64_t a, std::int64_t b) { return a == 1 ? (b == 1 ? rate_.right(h) : rate_.missed(h)) : b == 1 ? rate_.wrong(h) : 0; };
    return {rate_.of(h), spread(t, rows, move), rows};
  }
  Rate rate_;
};

enum class Mean { macro, weighted, micro, present };  // present: macro over the classes that rows are of

// Means over classes, or over labels. A class that rows are of or were answered with takes part; a rate over nothing is 0, as in scikit-learn.
class Averaged final : public Tallied {
 public:
  Averaged(const Rate& rate, Mean mean, const char* name, std::int64_t classes) : Tallied(classes), rate_(rate), mean_(mean), name_(name) {}
  void reset() override {
    Tallied::reset();
    std::fill(labels_.begin(), labels_.end(), Hit{});
    rows_ = 0;
    cells_.clear();
  }
  void reserve(std::int64_t rows, std::int64_t width) override { cells_.reserve(static_cast<std::size_t>(rows * width)); }
  void fields(Archive& a) override {
    Tallied::fields(a);
    a(labels_, cells_), a.counted(rows_);
    a.check(cells_.size() == static_cast<std::size_t>(rows_) * labels_.size());
  }
  void add(const Scored& b) override {
    if (!b.labels) return Tallied::add(b);
    check_values(b, name_);
    if (rows_ > 0 && labels_.size() != static_cast<std::size_t>(b.width)) throw Error(name_, ": the rows before had ", labels_.size(), " labels each, these have ", b.width);
    labels_.resize(static_cast<std::size_t>(b.width));
    rows_ += b.rows;
    for (std::size_t i = 0; i < b.values.size(); ++i) {
      Hit& h = labels_[i % labels_.size()];
      const bool truth = b.values[i] > 0.5f, said = holds(b, i);
      h.truths += truth, h.answers += said, h.both += truth && said;
      cells_.push_back({truth, said});
    }
  }
  Measured value() const override {
    if (labels_.empty()) return Tallied::value();
    if (rows_ == 0) return undefined(no_rows);
    const double value = mean(labels_);
    if (std::isnan(value)) return undefined("no label holds, and none is said to hold", rows_);
    Jackknife without;
    std::vector<Hit> others;
    for (std::size_t at = 0; at < cells_.size(); at += labels_.size()) {
      others = labels_;
      for (std::size_t i = 0; i < labels_.size(); ++i) {
        const Cell& c = cells_[at + i];
        others[i].truths -= c.truth, others[i].answers -= c.said, others[i].both -= c.truth && c.said;
      }
      without.add(mean(others));
    }
    return {value, without.error(), rows_};
  }

 private:
  const char* name() const override { return name_; }
  double share(const Hit& h, double classes, double rows) const {
    return mean_ == Mean::weighted ? real(h.truths) / rows : (mean_ == Mean::present ? h.truths : h.truths + h.answers) > 0 ? 1 / classes : 0;
  }
  void sums(const std::vector<Hit>& hits, double& classes, double& rows) const {
    classes = rows = 0;
    for (const Hit& h : hits) classes += (mean_ == Mean::present ? h.truths : h.truths + h.answers) > 0, rows += real(h.truths);
  }
  double mean(const std::vector<Hit>& hits) const {
    if (mean_ == Mean::micro) {
      Hit all;
      for (const Hit& h : hits) all.truths += h.truths, all.answers += h.answers, all.both += h.both;
      return rate_.below(all) > 0 ? rate_.of(all) : std::numeric_limits<double>::quiet_NaN();
    }
    double classes = 0, rows = 0, out = 0;
    sums(hits, classes, rows);
    if (classes == 0 || (mean_ == Mean::weighted && rows == 0)) return std::numeric_limits<double>::quiet_NaN();
    for (const Hit& h : hits) out += share(h, classes, rows) * rate_.of(h);
    return out;
  }
  Measured of(const Tally& t, std::int64_t rows) const override {
    std::vector<Hit> hits;
    std::int64_t right = 0;
    for (std::int64_t c = 0; c < t.classes; ++c) hits.push_back(hit(t, c)), right += hits.back().both;
    if (mean_ == Mean::micro) return proportion(right, rows);
    double classes = 0, all = 0;
    sums(hits, classes, all);
    const double value = mean(hits);
    const auto part = [&](std::int64_t c) -> const Hit& { return hits[static_cast<std::size_t>(c)]; };
    return {value, spread(t, rows,
                          [&](std::int64_t a, std::int64_t b) {
                            const double own = mean_ == Mean::weighted ? (rate_.of(part(a)) - value) / all : 0;
                            if (a == b) return own + share(part(a), classes, all) * rate_.right(part(a));
                            return own + share(part(a), classes, all) * rate_.missed(part(a)) + share(part(b), classes, all) * rate_.wrong(part(b));
                          }),
            rows};
  }
  Rate rate_;
  Mean mean_;
  const char* name_;
  std::vector<Hit> labels_;
  struct Cell {
    bool truth = false, said = false;
    void fields(Archive& a) { a(truth, said); }
  };
  std::vector<Cell> cells_;  // of labels, row by row
  std::int64_t rows_ = 0;
};

// Matthews' correlation of two classes, of several Gorodkin's R_K (2004): (c - p.t) / sqrt((1 - p.p)(1 - t.t)), c the share of right answers, p and t the
// shares of the answers and of the classes.
class Mcc final : public Tallied {
 public:
  using Tallied::Tallied;

 private:
  const char* name() const override { return "mcc"; }
  Measured of(const Tally& tally, std::int64_t rows) const override {
    std::vector<double> t, p;
    double c = 0, pt = 0, pp = 0, tt = 0;
    for (std::int64_t k = 0; k < tally.classes; ++k) {
      const Hit h = hit(tally, k);
      t.push_back(real(h.truths) / real(rows)), p.push_back(real(h.answers) / real(rows));
      c += real(h.both) / real(rows), pt += t.back() * p.back(), pp += p.back() * p.back(), tt += t.back() * t.back();
    }
    const double u = 1 - pp, v = 1 - tt;
    for (const auto* shares : {&t, &p})
      for (const double s : *shares)
        if (s == 1) return undefined(shares == &t ? one_class : "all rows are answered with one class", rows);
    const double value = (c - pt) / std::sqrt(u * v);
    return {value, spread(tally, rows,
                          [&](std::int64_t a, std::int64_t b) {
                            const double ta = t[static_cast<std::size_t>(b)], pa = p[static_cast<std::size_t>(a)];
                            const double above = (a == b ? 1 - c : -c) - (ta - pt) - (pa - pt);
                            const double du = -2 * (p[static_cast<std::size_t>(b)] - pp), dv = -2 * (t[static_cast<std::size_t>(a)] - tt);
                            return (above / std::sqrt(u * v) - value / 2 * (du / u + dv / v)) / real(rows);
                          }),
            rows};
  }
};

template <const Rate& rate, Mean mean>
std::unique_ptr<Metric> averaged(const char* name, std::int64_t classes) {
  return std::make_unique<Averaged>(rate, mean, name, classes);
}
}  // namespace

std::unique_ptr<Metric> make_precision(int, std::int64_t classes) { return std::make_unique<OfTwo>(precision, classes); }
std::unique_ptr<Metric> make_recall(int, std::int64_t classes) { return std::make_unique<OfTwo>(recall, classes); }
std::unique_ptr<Metric> make_f1(int, std::int64_t classes) { return std::make_unique<OfTwo>(f1, classes); }
std::unique_ptr<Metric> make_precision_macro(int, std::int64_t n) { return averaged<precision, Mean::macro>("precision_macro", n); }
std::unique_ptr<Metric> make_precision_weighted(int, std::int64_t n) { return averaged<precision, Mean::weighted>("precision_weighted", n); }
std::unique_ptr<Metric> make_recall_macro(int, std::int64_t n) { return averaged<recall, Mean::macro>("recall_macro", n); }
std::unique_ptr<Metric> make_recall_weighted(int, std::int64_t n) { return averaged<recall, Mean::weighted>("recall_weighted", n); }
std::unique_ptr<Metric> make_f1_macro(int, std::int64_t n) { return averaged<f1, Mean::macro>("f1_macro", n); }
std::unique_ptr<Metric> make_f1_weighted(int, std::int64_t n) { return averaged<f1, Mean::weighted>("f1_weighted", n); }
std::unique_ptr<Metric> make_f1_micro(int, std::int64_t n) { return averaged<f1, Mean::micro>("f1_micro", n); }
std::unique_ptr<Metric> make_balanced_accuracy(int, std::int64_t n) { return averaged<recall, Mean::present>("balanced_accuracy", n); }
std::unique_ptr<Metric> make_mcc(int, std::int64_t classes) { return std::make_unique<Mcc>(classes); }

}  // namespace lehr::metrics
