#include <algorithm>
#include <cmath>

#include "schedules/type.h"

namespace lehr {
namespace {

struct Phase {
  Schedule schedule;
  std::optional<Span> lasts;  // absent: the rest (last phase only)
  bool jump_ok = false;
};

// Phases one after another, each in its own time; a boundary update belongs to the later one. Boundaries are whole updates:
// the sums of the spans, rounded.
class Phases final : public Schedule::Shape {
 public:
  explicit Phases(std::vector<Phase> phases) : phases_(std::move(phases)) {}

  double at(const Moment& m) const override {
    double sum = 0, begin = 0;
    for (std::size_t i = 0;; ++i) {
      const double end = end_of(i, sum, m);
      if (m.step < end || i + 1 == phases_.size()) return phases_[i].schedule.at(Moment{m.step - begin, end - begin, m.run});
      begin = end;
    }
  }

  std::string text() const override {
    std::vector<std::string> parts;
    for (const Phase& phase : phases_) {
      std::string text = phase.schedule.text();
      if (phase.lasts) text.insert(text.size() - 1, ", for: " + phase.lasts->text());
      if (phase.jump_ok) text.insert(text.size() - 1, ", jump: ok");
      parts.push_back(text[0] == '{' || text[0] == '[' ? text : flow_scalar(text));
    }
    return "[" + join(parts, ", ") + "]";
  }

  std::shared_ptr<const Shape> clone() const override {
    auto copy = phases_;
    for (Phase& phase : copy) phase.schedule = phase.schedule.clone();
    return std::make_shared<Phases>(std::move(copy));
  }

  std::vector<double> boundaries(const Moment& m) const override {
    std::vector<double> out;
    double sum = 0;
    for (std::size_t i = 0; i + 1 < phases_.size(); ++i) out.push_back(end_of(i, sum, m));
    return out;
  }

  void check(const Moment& m, std::vector<Schedule::Finding>& findings) const override {
    double sum = 0, begin = 0, before = 0;
    for (std::size_t i = 0; i < phases_.size(); ++i) {
      const double end = end_of(i, sum, m);
      const Moment start{0, end - begin, m.run};
      if (end - begin < 1) {
        const bool rest = !phases_[i].lasts && begin >= m.length;
        findings.push_back({true, rest ? cat("phase ", i + 1, " never begins: the ", i, " before it last ", begin, " of ", m.length, " updates")
                                       : cat("phase ", i + 1, " lasts no whole update")});
      } else {
        phases_[i].schedule.shape().check(start, findings);
        if (i > 0 && !phases_[i].jump_ok) check_jump(i, begin, before, start, findings);
      }
      before = end - begin;
      begin = end;
    }
    if (!phases_.back().lasts) return;
    if (begin > m.length)
      findings.push_back({true, cat("the phases last ", begin, " updates, but there are ", m.length, ": shorten one, or leave out the last one's `for`")});
    if (begin < m.length)
      findings.push_back({true, cat("the phases end after ", begin, " of ", m.length, " updates: leave out the last one's `for`, or add a phase")});
  }

 private:
  double end_of(std::size_t i, double& sum, const Moment& m) const {
    if (!phases_[i].lasts) return m.length;
    sum += phases_[i].lasts->steps(m.run);
    return std::floor(sum + 0.5);
  }

  void check_jump(std::size_t i, double begin, double before, const Moment& m, std::vector<Schedule::Finding>& findings) const {
    const double next = phases_[i].schedule.at(m);
    const auto previous = [&](double step) { return phases_[i - 1].schedule.at(Moment{step, before, m.run}); };
    const auto apart = [&](double a) { return std::abs(next - a) > 0.01 * std::max(std::abs(next), std::abs(a)); };
    const double reached = previous(before), last = previous(before - 1);
    if (!apart(reached) || !apart(last)) return;
    findings.push_back(
        {false, cat("it jumps from ", last, " to ", next, " at update ", begin, " (epoch ", std::floor(begin / static_cast<double>(m.run.steps_per_epoch)),
                    "), where phase ", i + 1, " begins; `jump: ok` in that phase says it is meant")});
  }

  std::vector<Phase> phases_;
};

Phase parse_phase(const Term& item, bool last) {
  Phase phase;
  if (item.kind == Term::Kind::mapping) {
    if (const Term* lasts = item.find("for")) {
      if (lasts->kind != Term::Kind::scalar) throw TermError(*lasts, "key 'for' takes a length of training such as `5 epochs`");
      try {
        phase.lasts = parse_span(lasts->scalar);
      } catch (const Error& error) {
        throw TermError(*lasts, cat("key 'for': ", error.what()));
      }
      if (phase.lasts->count <= 0) throw TermError(*lasts, "a phase must last longer than nothing");
    }
    if (const Term* jump = item.find("jump")) {
      if (jump->scalar != "ok") throw TermError(*jump, "key 'jump' takes only `ok`");
      phase.jump_ok = true;
    }
  }
  if (!last && !phase.lasts) 
    throw TermError(item, "a phase needs the key 'for' (only the last one may go on to the end), as {type: constant, value: 0.1, for: 10 epochs}");
  Term own = item;
  std::erase_if(own.entries, [](const auto& entry) { return entry.key == "for" || entry.key == "jump"; });
  phase.schedule = parse_schedule(own);
  return phase;
}
}  // namespace

Schedule parse_phases(const Term& list) {
  if (list.items.empty()) throw TermError(list, "a list of phases needs at least one");
  std::vector<Phase> phases;
  for (std::size_t i = 0; i < list.items.size(); ++i) phases.push_back(parse_phase(list.items[i], i + 1 == list.items.size()));
  return Schedule(std::make_shared<Phases>(std::move(phases)));
}

}  // namespace lehr
