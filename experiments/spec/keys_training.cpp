#include <algorithm>
#include <cmath>

#include "experiments/spec/schema.h"

namespace lehr::spec {

namespace {
constexpr Choice<bool> last_batches[] = {{true, "keep", "it trains too"}, {false, "drop", "its rows are left out of this epoch"}};
constexpr Choice<ClipForm> clip_forms[] = {{ClipForm::torch, "torch", "by min(1, c / (n + 1e-6))"},
                                           {ClipForm::keras, "keras", "by c min(1 / n, 1 / c)"},
                                           {ClipForm::optax, "optax", "by c / n, and not at all where n < c"}};

constexpr Choice<Role> tensor_roles[] = {{Role::parameter, "parameter", "trained, where a gradient can reach it"},
                                         {Role::constant, "constant", "a number of the formula"}};

using Set = std::function<void(Experiment&, const Value&)>;

Set quantity(const char* key) {
  return [key](Experiment& e, const Value& v) { e.quantities.insert_or_assign(key, *v.schedule); };
}

template <class Map, class Doc>
void list(Key& key, const Map& rows, Doc doc) {
  for (const auto& [name, row] : rows) key.values.push_back(name), key.docs.push_back(doc(row));
}

std::string option_doc(const Vocabulary::Optimizer& row, const std::string& option) {
  const auto doc = row.option_docs.find(option);
  return doc == row.option_docs.end() ? "An option of the type." : doc->second;
}

void add_loss_keys(std::vector<Key>& keys, const Vocabulary& vocabulary) {
  keys.push_back({.path = "loss",
                  .type = Type::mapping,
                  .doc = "What training makes small. A bare name stands for {type: …}.",
                  .example = "binary_crossentropy",
                  .required = true,
                  .shorthand = "type"});
  Key type{.path = "loss.type", .type = Type::choice, .doc = "The loss.", .required = true, .set = [](Experiment& e, const Value& v) {
             if (const LossRow* row = find_loss(v.text)) e.loss.kind = row->kind;
           }};
  list(type, vocabulary.losses, [](const Vocabulary::Loss& loss) { return loss.doc; });
  keys.push_back(type);
  keys.push_back({.path = "loss.weight",
                  .type = Type::schedule,
                  .doc = "Factor on the loss that is differentiated; the loss that is shown stays without it.",
                  .absent = "1",
                  .example = "{type: linear, from: 0, to: 1, for: 5 epochs}",
                  .low = 0,
                  .set = quantity("loss.weight")});
  Key options[] = {
      {.path = "loss.class_weights",
       .type = Type::numbers,
       .doc = "A weight for each class, in the order of data.target.classes, or `balanced`: rows / (classes x rows of the class), of the training rows. "
              "Losses are sum(w l) / sum(w) over their rows; metrics are not weighted.",
       .absent = "all 1",
       .example = "[1, 2.5]",
       .low = 0,
       .values = {"balanced"},
       .set =
           [](Experiment& e, const Value& v) {
             e.loss.class_weights.assign(v.numbers.begin(), v.numbers.end());
             e.loss.balanced = v.numbers.empty();
           }},
      {.path = "loss.ignore_index",
       .type = Type::integer,
       .doc = "Rows of this class, a position in data.target.classes, do not count: in no loss, metric or baseline. An update none of whose rows counts "
              "changes nothing.",
       .absent = "all rows count",
       .example = "2",
       .set = [](Experiment& e, const Value& v) { e.loss.ignore_index = v.integer; }},
      {.path = "loss.label_smoothing",
       .type = Type::number,
       .doc = "Part of the target's mass that is spread evenly over all classes.",
       .fallback = "0",
       .low = 0,
       .high = std::nextafter(1.0, 0.0),
       .set = [](Experiment& e, const Value& v) { e.loss.label_smoothing = static_cast<float>(v.number); }},
      {.path = "loss.delta",
       .type = Type::number,
       .doc = "Error from which the loss is linear.",
       .fallback = "1",
       .low = 0,
       .above = true,
       .set = [](Experiment& e, const Value& v) { e.loss.delta = static_cast<float>(v.number); }},
  };
  for (Key& option : options) {
    for (const auto& [name, loss] : vocabulary.losses)
      if (std::ranges::count(loss.options, option.name()) > 0) option.of.push_back(name);
    if (!option.of.empty()) keys.push_back(option);
  }
}

void add_optimizer_keys(std::vector<Key>& keys, const Vocabulary& vocabulary) {
  keys.push_back({.path = "optimizer",
                  .type = Type::mapping,
                  .doc = "How a gradient becomes a step. A bare name stands for {type: …}; the other keys are those of the type.",
                  .example = "{type: sgd, momentum: 0.9}",
                  .shorthand = "type"});
  Key type{.path = "optimizer.type", .type = Type::choice, .doc = "The optimizer.", .set = [](Experiment& e, const Value& v) { e.optimizer.type = v.text; }};
  list(type, vocabulary.optimizers, [](const Vocabulary::Optimizer& optimizer) { return optimizer.doc; });
  if (vocabulary.optimizers.contains("sgd"))
    type.fallback = "sgd";
  else
    type.required = true;
  keys.push_back(type);
  for (const auto& [name, optimizer] : vocabulary.optimizers) {
    for (const auto& hyper : optimizer.hypers)
      keys.push_back({.path = "optimizer." + hyper.name,
                      .type = Type::schedule,
                      .doc = hyper.doc,
                      .fallback = hyper.required || !hyper.by_option.empty() ? "" : number(hyper.fallback),
                      .absent = hyper.by_option,
                      .required = hyper.required,
                      .low = hyper.low,
                      .high = hyper.high,
                      .of = {name},
                      .set = [key = hyper.name](Experiment& e, const Value& v) { e.optimizer.hypers.insert_or_assign(key, *v.schedule); }});
    for (const auto& [option, values] : optimizer.options)
      keys.push_back({.path = "optimizer." + option,
                      .type = Type::choice,
                      .doc = option_doc(optimizer, option),
                      .fallback = values.empty() ? "" : values.front(),
                      .values = values,
                      .of = {name},
                      .set = [key = option](Experiment& e, const Value& v) { e.optimizer.options.insert_or_assign(key, v.text); }});
    for (const auto& [option, n] : optimizer.numbers)
      keys.push_back({.path = "optimizer." + option,
                      .type = n.whole ? Type::integer : Type::number,
                      .doc = option_doc(optimizer, option),
                      .absent = n.fallback,
                      .low = n.low,
                      .high = n.high,
                      .of = {name},
                      .set = [key = option, whole = n.whole](Experiment& e, const Value& v) {
                        e.optimizer.options.insert_or_assign(key, whole ? cat(v.integer) : number(v.number));
                      }});
  }
  keys.push_back({.path = "lr",
                  .type = Type::schedule,
                  .doc = "The learning rate: a short form of optimizer.lr.",
                  .example = "{type: cosine, from: 0.1, to: 0}",
                  .alias = "optimizer.lr"});
  keys.push_back({.path = "lr_scale",
                  .type = Type::number,
                  .doc = "A factor on every learning rate, that of params too: one key to sweep, whatever the schedule.",
                  .fallback = "1",
                  .low = 0,
                  .above = true,
                  .set = [](Experiment& e, const Value& v) { e.lr_scale = v.number; }});
}

void add_average_keys(std::vector<Key>& keys, const Vocabulary& vocabulary) {
  if (vocabulary.averages.empty()) return;
  keys.push_back({.path = "average",
                  .type = Type::mapping,
                  .doc =
                      "An average of the weights beside them, with an evaluation (avg_val_…) and an export (average.onnx) of its own. A bare name stands for "
                      "{type: …}.",
                  .absent = "none",
                  .example = "{type: ema, decay: 0.999}",
                  .shorthand = "type"});
  const auto of = [](Experiment& e) -> AverageSpec& { return e.average ? *e.average : e.average.emplace(); };
  Key type{.path = "average.type", .type = Type::choice, .doc = "How the weights are averaged.", .absent = "no average",
           .set = [of](Experiment& e, const Value& v) { of(e).type = v.text; }};
  list(type, vocabulary.averages, [](const Vocabulary::Optimizer& average) { return average.doc; });
  keys.push_back(type);
  struct Moment { const char *name, *doc, *absent; };
  const Moment moments[] = {{"start", "When the weights begin to enter.", "the first update"},
                            {"every", "Time from one average to the next.", "each update"},
                            {"overwrite_every", "Time after which the weights become the average, again and again.", "never"}};
  for (const auto& [name, average] : vocabulary.averages) {
    for (const auto& number : average.hypers) {
      Key key{.path = "average." + number.name,
              .type = Type::number,
              .doc = number.doc,
              .fallback = lehr::number(number.fallback),
              .low = number.low,
              .high = number.high,
              .of = {name},
              .set = [of, n = number.name](Experiment& e, const Value& v) { of(e).numbers[n] = v.number; }};
      for (const auto& [moment, doc, absent] : moments)
        if (number.name == moment)
          key = {.path = key.path, .type = Type::span, .doc = doc, .absent = absent, .example = "1 epoch", .of = key.of,
                 .set = [of, n = number.name](Experiment& e, const Value& v) { of(e).moments[n] = v.span; }};
      keys.push_back(key);
    }
    for (const auto& [option, values] : average.options)
      keys.push_back({.path = "average." + option,
                      .type = Type::choice,
                      .doc = option_doc(average, option),
                      .fallback = values.front(),
                      .values = values,
                      .of = {name},
                      .set = [of, o = option](Experiment& e, const Value& v) { of(e).options[o] = v.text; }});
  }
}

void add_params_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "params",
                  .type = Type::rules,
                  .doc = "Settings for the parameters whose names match a pattern (* any characters, ? one); a later pattern wins. A pattern that matches "
                         "nothing is an error. "
                         "Besides the keys below, every hyperparameter of the optimizer may be given.",
                  .example = "{\"*.bias\": {weight_decay: 0}, \"fc1.*\": {freeze: true}}"});
  keys.push_back({.path = "params.*.freeze",
                  .type = Type::boolean,
                  .doc = "Keep these parameters as they are.",
                  .absent = "false",
                  .set_rule = [](ParamRule& rule, const Value& v) { rule.freeze = v.boolean; }});
  keys.push_back(listing({.path = "params.*.role",
                          .doc = "What these stored tensors are, against what was found (`lehr inspect` shows it with its reason).",
                          .absent = "found",
                          .set_rule = [](ParamRule& rule, const Value& v) { rule.role = chosen(tensor_roles, v.text); }},
                         tensor_roles));
  keys.push_back({.path = "params.*.lr_scale",
                  .type = Type::number,
                  .doc = "Factor on the learning rate.",
                  .absent = "1",
                  .low = 0,
                  .set_rule = [](ParamRule& rule, const Value& v) { rule.lr_scale = v.number; }});
}

void add_length_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "epochs",
                  .type = Type::integer,
                  .doc = "Times the training rows are gone through.",
                  .example = "50",
                  .required = true,
                  .low = 1,
                  .high = 1e9,
                  .set = [](Experiment& e, const Value& v) { e.epochs = v.integer; }});
  keys.push_back({.path = "batch",
                  .type = Type::mapping,
                  .doc = "Rows that make one gradient. A bare number stands for {size: …}.",
                  .example = "28",
                  .shorthand = "size"});
  keys.push_back({.path = "batch.size",
                  .type = Type::rows,
                  .doc = "Rows in a batch: a number, or a schedule whose values are rounded. Where it changes, time is counted in rows for all schedules: a "
                         "step of theirs is as many rows as the first batch has.",
                  .fallback = "32",
                  .low = 1,
                  .high = 2147483647,
                  .set =
                      [](Experiment& e, const Value& v) {
                        const double first = v.schedule->at(Clock{});  // whether all are in the range shows on the run's clock
                        e.batch.size = first >= 1 && first <= 2147483647 ? std::llround(first) : 1;
                        if (!v.schedule->constant()) e.batch.schedule = v.schedule->schedule();
                      }});
  keys.push_back(choosing({.path = "batch.last", .doc = "What becomes of the short batch at the end of an epoch.", .fallback = "keep"}, last_batches,
                          [](Experiment& e, bool keep) { e.batch.keep_last = keep; }));
  keys.push_back({.path = "batch.shuffle",
                  .type = Type::boolean,
                  .doc = "A new order of the rows for each epoch: a pure function of seed and epoch.",
                  .fallback = "true",
                  .set = [](Experiment& e, const Value& v) { e.batch.shuffle = v.boolean; }});
  keys.push_back({.path = "accumulate",
                  .type = Type::integer,
                  .doc = "Batches whose gradients are averaged into one update.",
                  .fallback = "1",
                  .low = 1,
                  .high = 1e9,
                  .set = [](Experiment& e, const Value& v) { e.accumulate = v.integer; }});
  keys.push_back({.path = "clip", .type = Type::mapping, .doc = "Limits on the gradient, before the optimizer sees it.", .example = "{norm: 1.0}"});
  keys.push_back({.path = "clip.norm",
                  .type = Type::schedule,
                  .doc = "Largest norm of all gradients together; longer ones are scaled down.",
                  .absent = "no limit",
                  .example = "1.0",
                  .low = 0,
                  .above = true,
                  .set = quantity("clip.norm")});
  keys.push_back({.path = "clip.value",
                  .type = Type::schedule,
                  .doc = "Largest magnitude of one element of a gradient.",
                  .absent = "no limit",
                  .example = "0.5",
                  .low = 0,
                  .above = true,
                  .set = quantity("clip.value")});
  const auto limit = [&](const char* path, const char* doc, const char* example) {
    keys.push_back(
        {.path = path, .type = Type::schedule, .doc = doc, .absent = "no limit", .example = example, .low = 0, .above = true, .set = quantity(path)});
  };
  limit("clip.tensor_norm", "Largest norm of the gradient of one tensor; longer ones are scaled down.", "1.0");
  limit("clip.rms", "Largest root mean square of the gradient of one tensor.", "1.0");
  limit("clip.adaptive", "Largest norm of the gradient of an output unit, as a share of the norm of its weights (arXiv 2102.06171).", "0.01");
  keys.push_back({.path = "clip.epsilon",
                  .type = Type::number,
                  .doc = "Of clip.adaptive: the least norm a unit's weights count as.",
                  .absent = "0.001",
                  .low = 0,
                  .above = true,
                  .set = [](Experiment& e, const Value& v) { e.clip_epsilon = v.number; }});
  keys.push_back(choosing({.path = "clip.form", .doc = "How clip.norm scales a gradient of norm n to a limit c.", .absent = "torch"}, clip_forms,
                          [](Experiment& e, ClipForm form) { e.clip_form = form; }));
  keys.push_back({.path = "dropout",
                  .type = Type::schedule,
                  .doc = "Ratio of every Dropout of the model that has one above 0, in its place.",
                  .absent = "the model's own",
                  .example = "{type: linear, from: 0, to: 0.5}",
                  .low = 0,
                  .high = std::nextafter(1.0, 0.0),
                  .set = quantity("dropout")});
  keys.push_back({.path = "evaluate_every",
                  .type = Type::integer,
                  .doc = "Epochs from one evaluation to the next; the last epoch is always evaluated.",
                  .fallback = "1",
                  .low = 1,
                  .high = 1e9,
                  .set = [](Experiment& e, const Value& v) { e.evaluate_every = v.integer; }});
}
}  // namespace

void add_training_keys(std::vector<Key>& keys, const Vocabulary& vocabulary) {
  add_loss_keys(keys, vocabulary);
  Key metrics{.path = "metrics",
              .type = Type::choices,
              .doc = "What is measured besides the loss.",
              .fallback = "[]",
              .example = "[accuracy]",
              .shared = true,
              .set = [](Experiment& e, const Value& v) { e.metrics = v.texts; }};
  list(metrics, vocabulary.metrics, [](const std::string& doc) { return doc; });
  keys.push_back(metrics);
  keys.push_back({.path = "threshold",
                  .type = Type::mapping,
                  .doc = "Of two classes: the probability above which the second is answered. A bare number stands for {value: …}. It is written into the "
                         "exported model (metadata lehr.threshold), and `predict` and `evaluate` use it.",
                  .absent = "0.5",
                  .example = "{metric: f1}",
                  .shorthand = "value"});
  keys.push_back({.path = "threshold.value",
                  .type = Type::number,
                  .doc = "That probability, for all metrics; of several labels, of each of them.",
                  .absent = "0.5",
                  .low = 0,
                  .high = std::nextafter(1.0, 0.0),
                  .above = true,
                  .set = [](Experiment& e, const Value& v) { e.threshold = v.number; }});
  keys.push_back({.path = "threshold.metric",
                  .type = Type::choice,
                  .doc = "Where that metric is best on the validation rows, after the last epoch (for best.onnx after its own); metrics of the test rows are "
                         "measured with it, those of training and validation rows at 0.5.",
                  .absent = "threshold.value",
                  .example = "f1",
                  .values = vocabulary.deciding,
                  .set = [](Experiment& e, const Value& v) { e.threshold_metric = v.text; }});
  add_optimizer_keys(keys, vocabulary);
  add_params_keys(keys);
  add_average_keys(keys, vocabulary);
  add_length_keys(keys);
}

}  // namespace lehr::spec
