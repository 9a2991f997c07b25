#include "schedules/formula.h"

#include <muParser.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/familiar.h"

namespace lehr {
namespace {
constexpr std::size_t longest = 2000;

enum Name { step, epoch, t, progress, steps, epochs, steps_per_epoch, samples, name_count };

double f_if(double condition, double yes, double no) { return condition != 0 ? yes : no; }
double f_clip(double x, double low, double high) { return std::min(std::max(x, low), high); }
double f_sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }
double f_mod(double a, double b) { return a - b * std::floor(a / b); }
double f_min(const double* x, int n) { return n > 0 ? *std::min_element(x, x + n) : std::numeric_limits<double>::quiet_NaN(); }
double f_max(const double* x, int n) { return n > 0 ? *std::max_element(x, x + n) : std::numeric_limits<double>::quiet_NaN(); }

struct One {
  const char* name;
  double (*f)(double);
};
constexpr One one_argument[] = {
    {"floor", std::floor}, {"ceil", std::ceil}, {"round", std::round}, {"abs", std::fabs}, {"exp", std::exp}, {"log", std::log},   {"log2", std::log2},
    {"log10", std::log10}, {"sqrt", std::sqrt}, {"sin", std::sin},     {"cos", std::cos},  {"tan", std::tan}, {"tanh", std::tanh}, {"sign", f_sign},
};
double f_pow(double a, double b) { return std::pow(a, b); }

void define(mu::Parser& parser) {
  parser.ClearFun();
  parser.ClearConst();
  for (const One& function : one_argument) parser.DefineFun(function.name, function.f);
  parser.DefineFun("pow", f_pow);
  parser.DefineFun("mod", f_mod);
  parser.DefineFun("if", f_if);
  parser.DefineFun("where", f_if);
  parser.DefineFun("clip", f_clip);
  parser.DefineFun("min", f_min);
  parser.DefineFun("max", f_max);
  parser.DefineOprt("%", f_mod, mu::prMUL_DIV);
  parser.DefineConst("pi", std::numbers::pi);
}

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

[[noreturn]] void fail(const Term& term, std::size_t position, const std::string& what) {
  Term at = term;
  if (at.column > 0) at.column += static_cast<int>(position);
  throw TermError(at, cat("formula ", quote(term.scalar), ", column ", position + 1, ": ", what));
}

// Names, numbers and brackets are checked here, where the message can be exact; the rest is the parser's.
struct Scan {
  const Term& term;
  std::string_view text = term.scalar;
  std::array<bool, name_count> used{};

  void number_at(std::size_t& i) const {
    double value = 0;
    const auto [end, problem] = std::from_chars(text.data() + i, text.data() + text.size(), value);
    const auto stop = static_cast<std::size_t>(end - text.data());
    if (problem == std::errc::result_out_of_range) fail(term, i, cat(quote(text.substr(i, stop - i)), " is beyond what a number can hold"));
    if (problem != std::errc()) fail(term, i, cat("expected a number at ", quote(text.substr(i, 12))));
    if (stop < text.size() && (letter(text[stop]) || text[stop] == '.'))
      fail(term, stop, cat(quote(text.substr(i, stop + 1 - i)), " is no number: an operator is missing"));
    i = stop;
  }

  void name_at(std::size_t& i) {
    const std::size_t start = i;
    while (i < text.size() && (letter(text[i]) || digit(text[i]))) ++i;
    const std::string name(text.substr(start, i - start));
    std::size_t next = i;
    while (next < text.size() && text[next] == ' ') ++next;
    const bool call = next < text.size() && text[next] == '(';
    const auto& names = formula_names();
    const auto& functions = formula_functions();
    const auto found = std::find(names.begin(), names.end(), name);
    const bool function = std::find(functions.begin(), functions.end(), name) != functions.end();
    if (call && !function)
      fail(term, start,
           found != names.end() ? cat(quote(name), " is a value, not a function: an operator is missing before the bracket")
                                : cat("unknown function ", quote(name), with_known(did_you_mean(name, functions), functions)));
    if (!call && function) fail(term, start, cat(quote(name), " is a function: write `", name, "(…)`"));
    if (!call && found == names.end()) fail(term, start, cat("unknown name ", quote(name), with_known(did_you_mean(name, names), names)));
    if (const auto index = static_cast<std::size_t>(found - names.begin()); !call && index < name_count) used[index] = true;
  }

  void operator_at(std::size_t i, std::vector<std::size_t>& open) const {
    const char c = text[i], before = i ? text[i - 1] : ' ', after = i + 1 < text.size() ? text[i + 1] : ' ';
    if (c == '(')
      open.push_back(i);
    else if (c == ')' && open.empty())
      fail(term, i, "this ) closes nothing");
    else if (c == ')')
      open.pop_back();
    else if (c == ',' && open.empty())
      fail(term, i, "a comma outside a function's brackets");
    else if (c == '*' && after == '*')
      fail(term, i, "a power is written a ^ b");
    else if (c == '/' && after == '/')
      fail(term, i, "a whole quotient is written floor(a / b)");
    else if (c == '=' && after != '=' && std::string_view("=<>!").find(before) == std::string_view::npos)
      fail(term, i, "= assigns nothing here: compare with ==");
    else if (std::string_view("+-*/^%<>=!?:&|,").find(c) == std::string_view::npos)
      fail(term, i, cat("unexpected ", quote(text.substr(i, 1))));
  }

  void run() {
    if (text.size() > longest) fail(term, longest, cat("a formula may have ", longest, " characters, this one has ", text.size()));
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < text.size();) {
      if (text[i] == ' ' || text[i] == '\t')
        ++i;
      else if (letter(text[i]))
        name_at(i);
      else if (digit(text[i]) || text[i] == '.')
        number_at(i);
      else
        operator_at(i, open), ++i;
    }
    if (!open.empty()) fail(term, open.back(), "this ( is never closed (inside { } or [ ] a formula with a comma must stand in quotes)");
  }
};

std::string reason(const mu::ParserError& error) {
  switch (error.GetCode()) {
    case mu::ecUNEXPECTED_EOF:
      return "the formula ends where a value is expected";
    case mu::ecUNEXPECTED_OPERATOR:
      return "an operator without a value before it";
    case mu::ecUNEXPECTED_PARENS:
      return "a bracket where none can stand";
    case mu::ecUNEXPECTED_VAL:
    case mu::ecUNEXPECTED_VAR:
    case mu::ecUNEXPECTED_FUN:
      return "a value where an operator is expected";
    case mu::ecUNEXPECTED_ARG_SEP:
      return "a comma where none can stand";
    case mu::ecTOO_MANY_PARAMS:
      return cat("too many arguments for ", quote(error.GetToken()));
    case mu::ecTOO_FEW_PARAMS:
      return cat("too few arguments for ", quote(error.GetToken()));
    case mu::ecMISPLACED_COLON:
    case mu::ecMISSING_ELSE_CLAUSE:
      return "a choice is written `condition ? a : b`";
    default:
      return "this cannot be read as a formula";
  }
}

class Formula final : public Schedule::Shape {
 public:
  explicit Formula(const Term& term) : text_(trim(term.scalar)) {
    if (text_.empty()) throw TermError(term, "the formula is empty");
    Term own = term;
    own.scalar = text_;
    Scan scan{own};
    scan.run();
    used_ = scan.used;
    prepare(own);
  }

  double at(const Moment& m) const override {
    const auto spe = static_cast<double>(m.run.steps_per_epoch);
    values_[Name::step] = m.step;
    if (used_[Name::epoch]) values_[Name::epoch] = m.epoch();
    if (used_[Name::t]) values_[Name::t] = m.step / spe;
    if (used_[Name::progress]) values_[Name::progress] = m.length > 0 ? m.step / m.length : 0;
    values_[Name::steps] = m.length;
    if (used_[Name::epochs]) values_[Name::epochs] = m.length / spe;
    values_[Name::steps_per_epoch] = spe;
    values_[Name::samples] = static_cast<double>(m.run.samples);
    return parser_.Eval();
  }
  std::string text() const override { return text_; }
  std::shared_ptr<const Shape> clone() const override {
    Term term;
    term.scalar = text_;
    return std::make_shared<Formula>(term);
  }
  bool constant() const override {
    return std::none_of(used_.begin(), used_.end(), [](bool used) { return used; });
  }

 private:
  void prepare(const Term& term) {
    define(parser_);
    for (std::size_t i = 0; i < name_count; ++i) parser_.DefineVar(formula_names()[i], &values_[i]);
    values_.fill(1);
    try {
      parser_.SetExpr(text_);
      int results = 0;
      parser_.Eval(results);
      if (results != 1) fail(term, 0, cat("one value is expected, this formula has ", results));
    } catch (const mu::ParserError& error) {
      const auto position = static_cast<std::size_t>(std::clamp(error.GetPos(), 0, static_cast<int>(text_.size())));
      fail(term, position, reason(error));
    }
  }

  std::string text_;
  std::array<bool, name_count> used_{};
  mutable std::array<double, name_count> values_{};
  mu::Parser parser_;
};
}  // namespace

const std::vector<std::string>& formula_names() {
  static const std::vector<std::string> names = {"step", "epoch", "t", "progress", "steps", "epochs", "steps_per_epoch", "samples", "pi"};
  return names;
}

const std::vector<std::string>& formula_functions() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const One& function : one_argument) out.emplace_back(function.name);
    for (const char* name : {"pow", "min", "max", "clip", "mod", "if", "where"}) out.emplace_back(name);
    return out;
  }();
  return names;
}

std::shared_ptr<const Schedule::Shape> formula(const Term& term) { return std::make_shared<Formula>(term); }

double constant_formula(const Term& term) {
  const auto shape = formula(term);
  if (!shape->constant()) throw TermError(term, cat("a number is expected, but ", quote(term.scalar), " changes during the run"));
  const Clock clock;
  return shape->at(Moment{0, 1, clock});
}

}  // namespace lehr
