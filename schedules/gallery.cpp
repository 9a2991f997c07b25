#include "schedules/gallery.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "schedules/examples.h"
#include "schedules/feedback.h"
#include "schedules/formula.h"

namespace lehr {
namespace {
constexpr int columns = 75, rows = 5;

const char* const introduction =
    R"(# Schedules

Made by the program from its own tables; the curves run over 50 epochs of 9 updates. Every hyperparameter takes

- a **number**: `lr: 0.1`
- a **formula**: `lr: 0.1 * 0.5 ^ floor((1 + epoch) / 10)`
- a **type** with its keys: `lr: {type: step, initial: 0.1, factor: 0.5, every: 10 epochs}`
- a **list of phases**, one after another, each in its own time:
  `lr: [{type: linear, from: 0.01, to: 0.1, for: 5 epochs}, {type: cosine, from: 0.1, to: 0}]`. A boundary's update belongs to the later
  phase, only the last may leave out `for`, and a jump of more than 1 % is reported unless that phase says `jump: ok`
- a **product** with what follows a metric: `lr: {product: [{type: cosine, from: 0.1, to: 0}, {type: plateau, on: val_loss, patience: 3 epochs}]}`

A length of training carries its unit: `5 epochs`, `300 steps`, `10%` of the run, `50k samples`. `step` is the 0-based index of the update about to
run, `epoch` the 0-based epoch, `t` the fractional epoch, `progress` runs from 0 to 1; within a phase all of them, `steps` and `epochs` are the phase's own.
)";

const char* const followers =
    R"(
## What follows a metric

These stand alone or as a factor of a product; `on` names the metric. They are saved with a checkpoint and go on from there.
The curves answer a metric, looked at once an epoch, that gets better for 20 epochs, then worse for 5, and stands still from there.
)";

std::string eighth(int level) {  // of a cell, from below
  static const char* const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  return blocks[std::clamp(level, 0, 8)];
}

constexpr Clock example_run{.step = 0, .steps_per_epoch = 9, .steps = 450, .epochs = 50, .samples = 0, .samples_per_epoch = 235};

std::vector<double> values_of(const Schedule& schedule) {
  std::vector<double> out;
  for (int i = 0; i < columns; ++i) out.push_back(schedule.at(example_run.after(i * 449 / (columns - 1))));
  return out;
}

// Against a metric that gets better for 20 epochs, then worse for 5, and stands still.
std::vector<double> values_of(Controlled followed) {
  std::vector<double> epochs;
  for (int e = 0; e < example_run.epochs; ++e) {
    epochs.push_back(followed.at(example_run.after(e * example_run.steps_per_epoch)));
    const double gone = std::min(e, 20) - 0.8 * std::clamp(e - 20, 0, 5);
    for (Feedback& feedback : followed.feedback()) {
      const bool accuracy = feedback.metric().find("acc") != std::string::npos;
      feedback.observe(accuracy ? 0.5 + 0.02 * gone : 1 - 0.04 * gone, example_run.after((e + 1) * example_run.steps_per_epoch));
    }
  }
  std::vector<double> out;
  for (int i = 0; i < columns; ++i) out.push_back(epochs[static_cast<std::size_t>(i * (example_run.epochs - 1) / (columns - 1))]);
  return out;
}

// Columns as bars from 0 (or the lowest value below it) to the highest value.
std::string curve(const std::vector<double>& values) {
  const double high = *std::max_element(values.begin(), values.end()), low = std::min(0.0, *std::min_element(values.begin(), values.end()));
  std::string out;
  for (int row = rows - 1; row >= 0; --row) {
    const std::string label = row == rows - 1 ? fixed(high, 4) : row == 0 ? fixed(low, 4) : "";
    std::string line = pad_left(label, 10) + " ";
    for (const double value : values) {
      const double share = high > low ? (value - low) / (high - low) : 1;
      line += eighth(static_cast<int>(std::floor(share * rows * 8 + 1e-6)) - row * 8);
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string type_of(const std::string& text) {
  const Term term = parse_term(text);
  if (term.kind == Term::Kind::mapping) {
    if (const Term* type = term.find("type")) return type->scalar;
    const Term& parts = term.entries[0].value;  // {product: [0.1, {type: …}]} stands for what is in it, or for itself
    if (!parts.items.empty() && parts.items.back().find("type") && parts.items.front().kind == Term::Kind::scalar &&
        parts.items.back().find("type")->scalar.find("plateau") != std::string::npos)
      return parts.items.back().find("type")->scalar;
    return term.entries[0].key;
  }
  return "";
}

std::string section(const ScheduleType& type, const std::vector<std::string>& examples, bool follows) {
  std::string out = cat("\n### ", type.name, "\n\n`", type.formula, "`", type.origin.empty() ? "" : " — " + type.origin, "\n\n");
  std::vector<std::string> keys;
  for (const auto& key : type.keys)
    keys.push_back(cat("`", key.name, "`", key.fallback.empty() || key.fallback == "none" ? "" : cat(" = ", key.fallback), key.fallback == "none" ? "?" : "",
                       " ", key.meaning));
  out += join(keys, " · ") + "\n";
  for (const std::string& example : examples) {
    if (type_of(example) != type.name) continue;
    out += cat("\n```yaml\nlr: ", example, "\n```\n");
    out += cat("```text\n", curve(follows ? values_of(parse_controlled(example)) : values_of(parse_schedule(example))), "```\n");
  }
  return out;
}

std::string family(const std::string& name) { return name.find('.') == std::string::npos ? "" : name.substr(0, name.find('.')); }

std::string title(const std::string& prefix) {
  if (prefix.empty()) return "Lehr's own types";
  const std::string library = prefix == "keras"   ? "Keras"
                              : prefix == "torch" ? "PyTorch"
                              : prefix == "hf"    ? "transformers"
                              : prefix == "caffe" ? "Caffe"
                                                  : prefix;
  return cat(library, ": `", prefix, ".`");
}
}  // namespace

std::string schedule_gallery() {
  std::string out = introduction;
  out += cat("\nNames in formulas: `", join(formula_names(), "` `"), "`. Functions: `", join(formula_functions(), "` `"),
             "`; `a ^ b`, `a % b`, comparisons and `condition ? a : b`.\nA key with `?` may be absent; `= value` is its default.\n");
  std::string last = "-";
  for (const ScheduleType& type : schedule_types()) {
    if (family(type.name) != last) out += cat("\n## ", title(last = family(type.name)), "\n");
    out += section(type, schedule_examples(), false);
  }
  out += followers;
  for (const ScheduleType& type : feedback_types()) out += section(type, feedback_examples(), true);
  return out;
}

}  // namespace lehr
