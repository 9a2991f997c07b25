#include "graph/passes/tail_rules.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <string_view>

#include "base/error.h"

namespace lehr {

namespace {

struct Row {
  const char *rule, *expression;
};

// How exporters and people write what turns scores into probabilities. A rule's own argument is _; Capitals are operators of ai.onnx, small words
// rules or kinds of constants (below), m is one value wherever it stands. Add, Mul, Min and Max match either way round.
constexpr Row rows[] = {
    {"softmax", "Softmax(_)"},
    {"softmax", "Div(Exp(_), ^sum(Exp(_)))"},
    {"softmax", "Mul(Exp(_), ^inverse(sum(Exp(_))))"},
    {"softmax", "LpNormalization(Exp(_))"},
    {"softmax", "Exp(log_softmax(_))"},
    {"softmax", "Clip(softmax(_), tiny, most)"},
    {"softmax", "Max(softmax(_), tiny)"},
    {"softmax", "Min(softmax(_), most)"},
    {"softmax", "Add(softmax(_), tiny)"},

    {"log_softmax", "LogSoftmax(_)"},
    {"log_softmax", "Log(softmax(_))"},
    {"log_softmax", "Sub(_, ^log_sum(_))"},
    {"log_softmax", "Clip(log_softmax(_), deep, top)"},
    {"log_softmax", "Max(log_softmax(_), deep)"},

    {"sigmoid", "Sigmoid(_)"},
    {"sigmoid", "inverse(Add(1, Exp(minus(_))))"},
    {"sigmoid", "inverse(Add(1, inverse(Exp(_))))"},
    {"sigmoid", "Div(Exp(_), Add(1, Exp(_)))"},
    {"sigmoid", "Mul(Exp(_), inverse(Add(1, Exp(_))))"},
    {"sigmoid", "half(Add(1, Tanh(half(_))))"},
    {"sigmoid", "Add(0.5, half(Tanh(half(_))))"},
    {"sigmoid", "Exp(log_sigmoid(_))"},
    {"sigmoid", "Clip(sigmoid(_), tiny, most)"},
    {"sigmoid", "Max(sigmoid(_), tiny)"},
    {"sigmoid", "Min(sigmoid(_), most)"},

    {"log_sigmoid", "Log(sigmoid(_))"},
    {"log_sigmoid", "minus(softplus(minus(_)))"},
    {"log_sigmoid", "Sub(_, softplus(_))"},
    {"log_sigmoid", "minus(Log(Add(1, Exp(minus(_)))))"},
    {"log_sigmoid", "Clip(log_sigmoid(_), deep, top)"},

    // Of one class, or of all: no tensor holds logits, the loss takes the probabilities themselves.
    {"probability", "HardSigmoid(_)"},
    {"probability", "FusedGemm:Sigmoid"},
    {"probability", "FusedConv:Sigmoid"},
    {"probability", "Sub(1, sigmoid(_))"},
    {"probability", "inverse(Add(1, Exp(_)))"},
    {"probability", "half(Add(1, Tanh(_)))"},
    {"probability", "Add(0.5, half(Tanh(_)))"},
    {"probability", "Clip(sigmoid(_), any, any)"},
    {"probability", "Clip(probability(_), any, any)"},
    {"probabilities", "Clip(softmax(_), any, any)"},

    {"pair", "Concat(Sub(1, _), _)"},
    {"shift", "Sub(_, ^constant_along(_))"},

    {"sum", "ReduceSum(_)"},
    {"sum", "ReduceL1(_)"},
    {"sum", "Clip(sum(_), tiny, none)"},
    {"sum", "Max(sum(_), tiny)"},
    {"sum", "Add(sum(_), tiny)"},
    {"log_sum", "ReduceLogSumExp(_)"},
    {"log_sum", "ReduceLogSum(Exp(_))"},
    {"log_sum", "Log(~sum(Exp(_)))"},
    {"log_sum", "Add(~m, ~Log(~sum(Exp(Sub(_, ^m)))))"},
    {"constant_along", "ReduceMax(_)"},
    {"constant_along", "ReduceMean(_)"},
    {"constant_along", "Max(~constant_along(_), any)"},
    {"constant_along", "Where(any, ~constant_along(_), any)"},
    {"softplus", "Softplus(_)"},
    {"softplus", "Where(any, itself(_), softplus(_))"},
    {"softplus", "Add(Max(_, 0), Log(Add(1, Exp(Neg(Abs(itself(_)))))))"},
    {"itself", "Sub(_, 0)"},
    {"itself", "Add(_, 0)"},
    {"itself", "_"},
    {"inverse", "Reciprocal(~_)"},
    {"inverse", "Div(1, ~_)"},
    {"inverse", "Pow(~_, -1)"},
    {"minus", "Neg(_)"},
    {"minus", "Mul(_, -1)"},
    {"minus", "Div(_, -1)"},
    {"minus", "Sub(0, _)"},
    {"half", "Mul(0.5, _)"},
    {"half", "Div(_, 2)"},
};

// Bounds that keep a probability, or its logarithm, from 0 and 1 without changing what it is.
struct Range {
  const char* name;
  double low, high;
};
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr Range ranges[] = {{"tiny", -inf, 1e-3}, {"most", 1 - 1e-3, inf}, {"deep", -inf, -6.9}, {"top", -1e-3, inf}, {"none", inf, inf}};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}
  TailTerm all() {
    TailTerm out = term();
    if (!text_.empty()) throw Error("a rule of tails goes on with ", std::string(text_));
    return out;
  }

 private:
  bool take(char c) {
    while (!text_.empty() && text_.front() == ' ') text_.remove_prefix(1);
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  TailTerm term() {
    TailTerm out;
    const bool over = take('^');
    out.spread = over;
    out.reshaped = over || take('~');
    take(' ');
    const std::size_t end = std::min(text_.find_first_of("(), "), text_.size());
    const std::string word(text_.substr(0, end));
    text_.remove_prefix(end);
    name(word, out);
    if (!take('(')) return out;
    do out.args.push_back(term());
    while (take(','));
    if (!take(')')) throw Error("a rule of tails lacks a )");
    return out;
  }
  static void name(const std::string& word, TailTerm& out) {
    using K = TailTerm::Kind;
    out.name = word;
    if (word == "_") return void(out.kind = K::argument);
    if (word == "m") return void(out.kind = K::peak);
    if (word == "any") return void(out.kind = K::any);
    for (const Range& range : ranges)
      if (word == range.name) return void((out.kind = K::number, out.low = range.low, out.high = range.high));
    double value = 0;
    if (const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value); error == std::errc() && end == word.data() + word.size())
      return void((out.kind = K::number, out.low = value - 1e-6, out.high = value + 1e-6));
    out.kind = word.front() >= 'A' && word.front() <= 'Z' ? K::op : K::rule;
  }
  std::string_view text_;
};

}  // namespace

const std::vector<TailTerm>& tail_rule(const std::string& name) {
  static const auto parsed = [] {
    std::map<std::string, std::vector<TailTerm>> out;
    for (const Row& row : rows) out[row.rule].push_back(Parser(row.expression).all());
    return out;
  }();
  static const std::vector<TailTerm> none;
  const auto it = parsed.find(name);
  return it == parsed.end() ? none : it->second;
}

}  // namespace lehr
