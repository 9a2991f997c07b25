#include "schedules/feedback.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "schedules/feedback_type.h"

namespace lehr {
namespace {

struct Field {
  const char* name;
  double FeedbackState::*value;
};
constexpr Field fields[] = {
    {"factor", &FeedbackState::factor},     {"best", &FeedbackState::best},     {"bad", &FeedbackState::bad},           {"good", &FeedbackState::good},
    {"cooldown", &FeedbackState::cooldown}, {"warmup", &FeedbackState::warmup}, {"at_floor", &FeedbackState::at_floor}, {"observed", &FeedbackState::observed},
};

double read_value(const Term* term, std::string_view name) {
  if (!term || term->kind != Term::Kind::scalar) throw Error("the saved state of a metric's feedback lacks ", quote(name));
  const std::string& text = term->scalar;
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size())
    throw Error("the saved state of a metric's feedback has ", quote(text), " where ", quote(name), " should be a number");
  return value;
}

std::string flow(const std::string& text) { return text[0] == '{' || text[0] == '[' ? text : flow_scalar(text); }

Schedule product_of(std::vector<Schedule> parts) {
  if (parts.empty()) return 1.0;
  if (parts.size() == 1) return parts[0];
  std::vector<std::string> texts;
  for (const Schedule& part : parts) texts.push_back(flow(part.text()));
  return parse_schedule("{product: [" + join(texts, ", ") + "]}");
}

const FeedbackType* feedback_type(const Term& term) {
  const Term* name = term.kind == Term::Kind::mapping ? term.find("type") : nullptr;
  if (!name) return nullptr;
  for (const FeedbackType& type : standard_feedback_types())
    if (type.type.name == name->scalar) return &type;
  return nullptr;
}

// The factors of {product: […]} or {type: product, of: […]}; null if the term is something else.
const std::vector<Term>* factors(const Term& term) {
  if (term.kind != Term::Kind::mapping) return nullptr;
  const Term* type = term.find("type");
  const Term* list = type ? (type->scalar == "product" ? term.find("of") : nullptr) : term.find("product");
  const std::size_t keys = type ? 2 : 1;
  return list && list->kind == Term::Kind::list && term.entries.size() == keys ? &list->items : nullptr;
}
}  // namespace

Reaction Feedback::observe(double value, const Clock& clock) {
  if (std::isnan(value) && rule_->errors_on_missing())
    throw Error("metric ", quote(metric()), " is missing or not a number in epoch ", clock.epoch(), ", but ", text(),
                " follows it; `on_missing: skip` goes on without");
  ++state_.observed;
  return rule_->observe(state_, value, clock);
}

std::int64_t Feedback::updates(const Clock& clock) const { return std::max<std::int64_t>(1, std::llround(every().steps(clock))); }

void Feedback::check(const Clock& clock, std::vector<Schedule::Finding>& findings) const {
  const auto refuse = [&](const std::string& what) { findings.push_back({true, what}); };
  if (updates(clock) % clock.steps_per_epoch != 0) {
    if (metric() != "loss")
      refuse(cat(metric(), " is measured after an epoch of ", clock.steps_per_epoch, " updates: it cannot be looked at every ", every().text()));
    else if (clock.by_samples)
      refuse(cat("where the batch size changes, a metric is looked at after epochs, not every ", every().text()));
  }
  if (rule_->undecided())
    refuse(cat("the name of metric ", quote(metric()), " does not tell whether more or less of it is better: give `mode: min` or `mode: max`"));
  rule_->check(clock, findings);
}

std::vector<std::string> measured_names(const std::vector<std::string>& metrics, bool validation) {
  std::vector<std::string> out{"loss"};
  out.insert(out.end(), metrics.begin(), metrics.end());
  for (std::size_t i = 0, n = validation ? out.size() : 0; i < n; ++i) out.push_back("val_" + out[i]);
  return out;
}

std::string Feedback::save() const {
  std::string out = "{of: " + flow_scalar(text());
  for (const Field& field : fields) out += cat(", ", field.name, ": ", state_.*field.value);
  return out + ", window: [" + join(state_.window, ", ") + "]}";
}

void Feedback::load(std::string_view saved, bool changed) {
  const Term term = parse_term(saved);
  const Term* of = term.find("of");
  if (!of) throw Error("the saved state of a metric's feedback lacks 'of'");
  if (of->scalar != text() && !changed) throw Error("the saved state belongs to ", of->scalar, ", not to ", text());
  FeedbackState state;
  for (const Field& field : fields) state.*field.value = read_value(term.find(field.name), field.name);
  const Term* window = term.find("window");
  if (!window || window->kind != Term::Kind::list) throw Error("the saved state of a metric's feedback lacks 'window'");
  for (const Term& item : window->items) state.window.push_back(read_value(&item, "window"));
  state_ = std::move(state);
}

Controlled::Controlled(Schedule schedule) : Controlled({std::move(schedule)}, {}) {}

Controlled::Controlled(std::vector<Schedule> schedules, std::vector<Feedback> feedback)
    : written_(std::move(schedules)), feedback_(std::move(feedback)), schedule_([this] {
        std::vector<Schedule> all = written_;
        for (const Feedback& each : feedback_)
          if (each.base().text() != "1") all.push_back(each.base());
        return product_of(std::move(all));
      }()) {}

double Controlled::at(const Clock& clock) const {
  double value = schedule_.at(clock);
  for (const Feedback& each : feedback_) value *= each.factor();
  return value;
}

std::string Controlled::text() const {
  if (feedback_.empty()) return schedule_.text();
  if (written_.empty() && feedback_.size() == 1) return feedback_[0].text();
  std::vector<std::string> parts;
  for (const Schedule& part : written_) parts.push_back(flow(part.text()));
  for (const Feedback& each : feedback_) parts.push_back(each.text());
  return "{product: [" + join(parts, ", ") + "]}";
}

Controlled Controlled::clone() const {
  Controlled copy = *this;
  for (Schedule& part : copy.written_) part = part.clone();
  copy.schedule_ = copy.schedule_.clone();
  return copy;
}

Controlled Controlled::scaled(double by) const {
  if (feedback_.empty() && schedule_.constant()) return Schedule(by * schedule_.at(Clock{}));
  Controlled copy = clone();
  copy.written_.emplace_back(by);
  return Controlled(std::move(copy.written_), std::move(copy.feedback_));
}

std::vector<Schedule::Finding> Controlled::check(const Clock& clock, double low, double high) const {
  auto findings = schedule_.check(clock, low, high);
  if (!feedback_.empty())  // a warm-up beside a plateau is over before the run is
    std::erase_if(findings, [](const auto& finding) { return finding.about == Schedule::Finding::About::end; });
  for (const Feedback& each : feedback_) each.check(clock, findings);
  return findings;
}

Controlled parse_controlled(const Term& term) {
  const auto read = [](const FeedbackType& type, const Term& mapping) { return Feedback(type.make(Args(type.type, mapping))); };
  if (const FeedbackType* type = feedback_type(term)) return Controlled({}, {read(*type, term)});
  const auto* parts = factors(term);
  if (!parts || std::none_of(parts->begin(), parts->end(), [](const Term& part) { return feedback_type(part) != nullptr; })) return parse_schedule(term);
  std::vector<Schedule> schedules;
  std::vector<Feedback> feedback;
  for (const Term& part : *parts) {
    if (const FeedbackType* type = feedback_type(part))
      feedback.push_back(read(*type, part));
    else
      schedules.push_back(parse_schedule(part));
  }
  return Controlled(std::move(schedules), std::move(feedback));
}

Controlled parse_controlled(std::string_view text) { return parse_controlled(parse_term(text)); }

const std::vector<FeedbackType>& standard_feedback_types() {
  static const std::vector<FeedbackType> types = [] {
    std::vector<FeedbackType> all;
    for (const auto& family : {plateau_types, other_feedback_types})
      for (FeedbackType& type : family()) all.push_back(std::move(type));
    return all;
  }();
  return types;
}

std::vector<ScheduleType> feedback_types() {
  std::vector<ScheduleType> out;
  for (const FeedbackType& each : standard_feedback_types()) {
    ScheduleType row{each.type.name, each.type.formula, each.type.origin, {}};
    for (const Key& key : each.type.keys) row.keys.push_back({key.name, key.meaning, key.fallback});
    out.push_back(std::move(row));
  }
  return out;
}

std::optional<bool> rising_metric(const std::string& metric) {
  const std::string name = lower(metric);
  for (const char* part : {"acc", "auc", "f1", "r2", "top", "precision", "recall", "mcc", "variance", "confusion"})
    if (name.find(part) != std::string::npos) return true;
  for (const char* part : {"loss", "error", "mae", "mape", "mse", "rmse", "ece", "perplexity"})
    if (name.find(part) != std::string::npos) return false;
  return {};
}

bool rises(const Args& args, const std::string& metric) {
  const std::string& mode = args.word("mode");
  return mode == "auto" ? rising_metric(metric).value_or(false) : mode == "max";
}

bool undecided(const Args& args, const std::string& metric) {
  const Type& type = args.type();  // Keras decides by `acc` alone
  return !type.name.starts_with("keras.") && std::ranges::count(type.keys, "mode", &Key::name) > 0 && args.word("mode") == "auto" && !rising_metric(metric);
}

}  // namespace lehr
