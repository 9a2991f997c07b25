#include "tests/support/python_formula.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace lehr::test {

namespace {

// Each level of Python's precedence is a function; what it returns is in brackets where that could matter.
class Python {
 public:
  Python(const std::string& text, const std::string& counter) : text_(text), counter_(counter) {}

  std::string read() {
    if (word("lambda")) argument_ = name(), expect(":");
    const std::string out = choice();
    skip();
    if (at_ < text_.size()) fail();
    return out;
  }

 private:
  static bool letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; }
  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  [[noreturn]] void fail() const { throw Error("no formula is known for ", quote(text_), " at ", quote(text_.substr(at_, 20))); }
  bool sign(const std::string& wanted, const std::string& but = "") {  // `but` must not follow: * but not **
    skip();
    if (text_.compare(at_, wanted.size(), wanted) != 0) return false;
    if (!but.empty() && text_.compare(at_ + wanted.size(), but.size(), but) == 0) return false;
    return at_ += wanted.size(), true;
  }
  void expect(const std::string& wanted) {
    if (!sign(wanted)) fail();
  }
  bool word(const std::string& wanted) {
    skip();
    const std::size_t end = at_ + wanted.size();
    if (text_.compare(at_, wanted.size(), wanted) != 0 || (end < text_.size() && letter(text_[end]))) return false;
    return at_ = end, true;
  }
  std::string name() {
    skip();
    const std::size_t begin = at_;
    while (at_ < text_.size() && letter(text_[at_])) ++at_;
    if (begin == at_) fail();
    return text_.substr(begin, at_ - begin);
  }

  std::string choice() {
    const std::string yes = either();
    if (!word("if")) return yes;
    const std::string condition = either();
    if (!word("else")) fail();
    return cat("if(", condition, ", ", yes, ", ", choice(), ")");
  }
  std::string either() {
    std::string out = both();
    while (word("or")) out = cat("(", out, " || ", both(), ")");
    return out;
  }
  std::string both() {
    std::string out = negation();
    while (word("and")) out = cat("(", out, " && ", negation(), ")");
    return out;
  }
  std::string negation() { return word("not") ? cat("if(", negation(), ", 0, 1)") : comparison(); }
  std::string comparison() {
    std::string left = sum(), out;
    for (bool more = true; more;) {
      more = false;
      for (const char* op : {"==", "!=", "<=", ">=", "<", ">"})
        if (sign(op)) {
          const std::string right = sum(), one = cat("(", left, " ", op, " ", right, ")");
          out = out.empty() ? one : cat("(", out, " && ", one, ")");
          left = right, more = true;
          break;
        }
    }
    return out.empty() ? left : out;
  }
  std::string sum() {
    std::string out = product();
    while (true)
      if (sign("+")) out = cat("(", out, " + ", product(), ")");
      else if (sign("-")) out = cat("(", out, " - ", product(), ")");
      else return out;
  }
  std::string product() {
    std::string out = factor();
    while (true)
      if (sign("*", "*")) out = cat("(", out, " * ", factor(), ")");
      else if (sign("//")) out = cat("floor(", out, " / ", factor(), ")");
      else if (sign("/")) out = cat("(", out, " / ", factor(), ")");
      else if (sign("%")) out = cat("(", out, " % ", factor(), ")");
      else return out;
  }
  std::string factor() {
    if (sign("-")) return cat("(0 - ", factor(), ")");
    if (sign("+")) return factor();
    const std::string base = atom();
    return sign("**") ? cat("pow(", base, ", ", factor(), ")") : base;
  }
  std::string atom() {
    if (sign("(")) {
      const std::string inner = choice();
      return expect(")"), cat("(", inner, ")");
    }
    skip();
    if (at_ < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[at_])) || text_[at_] == '.')) return number();
    std::string called = name();
    for (const char* module : {"math.", "np.", "numpy.", "jnp."})
      if (called.starts_with(module)) called.erase(0, std::string(module).size());
    if (sign("(")) return call(called);
    if (called == argument_ || (argument_.empty() && (called == "x" || called == "n"))) return counter_;
    if (argument_.empty() && (called == "step" || called == "epoch")) return called;
    if (called == "pi") return called;
    fail();
  }
  std::string number() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (letter(text_[at_]) || ((text_[at_] == '-' || text_[at_] == '+') && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E')))) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  std::string call(const std::string& function) {
    static const std::vector<std::string> same{"exp", "log",  "log2", "log10", "sqrt", "sin", "cos",   "tan",
                                               "tanh", "floor", "ceil", "abs",   "min",  "max",  "pow"};
    std::vector<std::string> arguments;
    do arguments.push_back(choice());
    while (sign(","));
    expect(")");
    if (function == "fabs") return cat("abs(", arguments.at(0), ")");
    if (function == "int" && arguments.size() == 1) return cat("if(", arguments[0], " < 0, ceil(", arguments[0], "), floor(", arguments[0], "))");
    if (std::ranges::find(same, function) == same.end() || (function == "log" && arguments.size() > 1)) fail();
    return cat(function, "(", join(arguments, ", "), ")");
  }

  std::string text_, counter_, argument_;
  std::size_t at_ = 0;
};

}  // namespace

std::string python_formula(const std::string& python, const std::string& counter) { return Python(python, counter).read(); }

}  // namespace lehr::test
