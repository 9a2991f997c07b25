#include "schedules/schedule.h"

#include <algorithm>
#include <cmath>

#include "base/familiar.h"
#include "schedules/feedback_type.h"
#include "schedules/formula.h"
#include "schedules/type.h"

namespace lehr {
namespace {

class Constant final : public Schedule::Shape {
 public:
  explicit Constant(double value) : value_(value) {}
  double at(const Moment&) const override { return value_; }
  std::string text() const override { return number(value_); }
  std::shared_ptr<const Shape> clone() const override { return std::make_shared<Constant>(value_); }
  bool constant() const override { return true; }

 private:
  double value_;
};

// A {type: …}: the checked arguments and what the type made of them.
class Typed final : public Schedule::Shape {
 public:
  explicit Typed(Args args) : args_(std::move(args)), curve_(args_.type().make(args_)) {}
  double at(const Moment& m) const override { return curve_.at(m); }
  std::string text() const override {
    const std::string keys = args_.text();
    return cat("{type: ", args_.type().name, keys.empty() ? "" : ", ", keys, "}");
  }
  std::shared_ptr<const Shape> clone() const override { return std::make_shared<Typed>(args_.clone()); }
  bool constant() const override { return curve_.constant; }
  std::optional<double> end(const Moment& m) const override { return curve_.end ? curve_.end(m) : std::nullopt; }
  void check(const Moment& m, std::vector<Schedule::Finding>& findings) const override {
    if (curve_.check) curve_.check(m, findings);
  }
  std::optional<Schedule> momentum() const override {
    const auto& keys = args_.type().keys;
    if (std::ranges::count(keys, "drives", &Key::name) == 0 || args_.word("drives") != "lr" || !args_.flag("cycle_momentum")) return {};
    Term other = args_.term();
    Term half;
    half.scalar = "momentum";
    std::erase_if(other.entries, [](const auto& entry) { return entry.key == "drives"; });
    other.entries.push_back({"drives", std::move(half)});
    return make_schedule(args_.type(), other);
  }

 private:
  Args args_;
  Curve curve_;
};

constexpr int deepest = 40;
bool deeper_than(const Term& term, int levels) {
  if (levels == 0) return true;
  const auto too_deep = [&](const Term& child) { return deeper_than(child, levels - 1); };
  return std::any_of(term.items.begin(), term.items.end(), too_deep) ||
         std::any_of(term.entries.begin(), term.entries.end(), [&](const auto& entry) { return too_deep(entry.value); });
}

// {type: hf.get_scheduler, name: linear, …} is {type: hf.linear, …}, the specific arguments beside the others.
Term named_by_argument(const Term& term) {
  const Term* name = term.find("name");
  if (!name) throw TermError(term, "schedule type 'hf.get_scheduler' needs the key 'name'");
  Term full = term;
  full.entries.clear();
  for (const auto& [key, value] : term.entries) {
    if (key == "type") {
      Term type = *name;
      type.scalar = "hf." + name->scalar;
      full.entries.push_back({"type", type});
    } else if (key == "scheduler_specific_kwargs") {
      full.entries.insert(full.entries.end(), value.entries.begin(), value.entries.end());
    } else if (key != "name") {
      full.entries.push_back({key, value});
    }
  }
  return full;
}

// {product: [a, b]} is {type: product, of: [a, b]}.
Term written_out(const Term& term) {
  if (const Term* type = term.find("type"); type && type->scalar == "hf.get_scheduler") return named_by_argument(term);
  if (term.find("type") || term.entries.empty()) return term;
  const auto& [name, value] = term.entries[0];
  for (const Type& type : combining_types()) {
    if (type.name != name || type.keys.empty() || type.keys[0].name != "of") continue;
    Term full = term;
    Term kind = value;
    kind.kind = Term::Kind::scalar, kind.scalar = name, kind.items.clear(), kind.entries.clear();
    full.entries[0].key = "of";
    full.entries.insert(full.entries.begin(), {"type", kind});
    return full;
  }
  return term;
}

Schedule parse_scalar(const Term& term) {
  double value = 0;
  if (parse_number(term.scalar, value)) return value;
  const std::string word = lower(trim(term.scalar));
  if (word == "nan" || word == "inf" || word == ".nan" || word == ".inf" || word == "-inf" || word == "-.inf" || word == "infinity")
    throw TermError(term, cat("a schedule must be finite, but ", quote(term.scalar), " is not"));
  const std::size_t first = word.starts_with('-') ? 1 : 0;
  if (word.size() > first + 1 && word[first] == '0' && word.find_first_not_of("0123456789", first) == std::string::npos)
    throw TermError(term, cat("the number ", quote(term.scalar), " begins with 0: write it without"));
  try {
    return Schedule(formula(term));
  } catch (const TermError&) {
    if (!std::ranges::all_of(word, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.'; })) throw;
    std::vector<std::string> types;
    for (const Type& type : standard_types()) types.push_back(type.name);
    for (const FeedbackType& type : standard_feedback_types()) types.push_back(type.type.name);
    const std::string ours = meant(Named::schedule, trim(term.scalar), types);
    if (ours.empty()) throw;
    throw TermError(term, cat(quote(term.scalar), " is no formula; a schedule of that name is a mapping: {type: ", ours, ", …}"));
  }
}

std::string moment_text(const Clock& clock, std::int64_t step) {
  return cat("update ", step, " (epoch ", step / std::max<std::int64_t>(1, clock.steps_per_epoch), ")");
}

// Every update of a run up to 200 000, else an even choice of them with the first and the last.
template <class Visit>
void visit_updates(const Clock& clock, const Visit& visit) {
  const std::int64_t stride = std::max<std::int64_t>(1, clock.steps / 200000);
  for (std::int64_t step = 0; step < clock.steps; step += stride)
    if (!visit(clock.after(step))) return;
  visit(clock.after(clock.steps - 1));
}
}  // namespace

double Moment::epoch() const { return std::floor(t()); }

Schedule::Schedule(double constant) : shape_(std::make_shared<Constant>(constant)) {}

double Schedule::at(const Clock& clock) const { return shape_->at(Moment{clock.position(), static_cast<double>(clock.steps), clock}); }

std::string Schedule::text() const { return shape_->text(); }
bool Schedule::constant() const { return shape_->constant(); }

std::vector<double> Schedule::boundaries(const Clock& clock) const { return shape_->boundaries(Moment{0, static_cast<double>(clock.steps), clock}); }

std::vector<Schedule::Finding> Schedule::check(const Clock& clock, double low, double high) const {
  std::vector<Finding> findings;
  const Clock start = clock.after(0);
  const Moment first{0, static_cast<double>(clock.steps), start};
  shape_->check(first, findings);
  if (momentum()) std::erase_if(findings, [](const Finding& f) { return f.about == Finding::About::momentum; });
  if (const auto end = shape_->end(first); end && *end < static_cast<double>(clock.steps) - 0.5)
    findings.push_back({false, cat("it ends after ", *end, " of ", clock.steps, " updates and keeps its last value from there"), Finding::About::end});
  if (!constant() && at(start) == 0) findings.push_back({false, "it is 0 at the first update, which therefore changes nothing"});
  visit_updates(clock, [&](const Clock& now) {
    const double value = at(now);
    if (std::isfinite(value) && value >= low && value <= high) return true;
    const Range range{low, high};
    findings.push_back({true, std::isfinite(value) ? cat("it is ", value, " at ", moment_text(clock, now.step), " but must be ", range.text())
                                                   : cat("it is ", value, " at ", moment_text(clock, now.step))});
    return false;
  });
  return findings;
}

Schedule make_schedule(const Type& type, const Term& mapping, const std::vector<std::string>& skip) {
  return Schedule(std::make_shared<Typed>(Args(type, mapping, skip)));
}

// The nearest name, or the names of the same family.
static std::string unknown_type_hint(const std::string& name, const std::vector<std::string>& names) {
  if (const std::string hint = did_you_mean(Named::schedule, name, names); !hint.empty()) return hint;
  const std::string prefix = name.substr(0, name.find('.') + 1);
  std::vector<std::string> known;
  for (const std::string& each : names)
    if (each.substr(0, each.find('.') + 1) == prefix) known.push_back(each);
  if (known.empty() || prefix.empty())
    return cat("; known: ", join(known, ", "), known.empty() ? "" : ", ", "and the libraries' own under keras. torch. optax. timm. hf. caffe.");
  return cat("; known: ", join(known, ", "));
}

const Type& find_type(const Term& mapping) {
  const Term* name = mapping.find("type");
  if (!name) throw TermError(mapping, "a schedule's mapping needs the key 'type', as in {type: step, initial: 0.1, factor: 0.5, every: 10 epochs}");
  if (name->kind != Term::Kind::scalar) throw TermError(*name, "the key 'type' takes a name");
  std::vector<std::string> names;
  const std::string wanted = name->scalar == "drop" ? "step" : name->scalar;
  for (const Type& type : standard_types()) {
    if (type.name == wanted) return type;
    names.push_back(type.name);
  }
  for (const FeedbackType& type : standard_feedback_types()) {
    if (type.type.name == wanted)
      throw TermError(*name, cat("schedule type ", quote(wanted), " follows a metric: it can only stand alone or as a factor of {product: […]}"));
    names.push_back(type.type.name);
  }
  throw TermError(*name, cat("unknown schedule type ", quote(name->scalar), unknown_type_hint(name->scalar, names)));
}

Schedule parse_schedule(const Term& term) {
  if (deeper_than(term, deepest)) throw TermError(term, cat("a schedule may hold ", deepest, " levels of brackets, not more"));
  switch (term.kind) {
    case Term::Kind::scalar:
      return parse_scalar(term);
    case Term::Kind::list:
      return parse_phases(term);
    case Term::Kind::mapping:
      break;
  }
  const Term full = written_out(term);
  return make_schedule(find_type(full), full);
}

Schedule parse_schedule(std::string_view text) { return parse_schedule(parse_term(text)); }

std::vector<ScheduleType> schedule_types() {
  std::vector<ScheduleType> out;
  for (const Type& type : standard_types()) {
    ScheduleType row{type.name, type.formula, type.origin, {}};
    for (const Key& key : type.keys) row.keys.push_back({key.name, key.meaning, key.fallback});
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace lehr
