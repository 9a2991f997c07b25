#include "experiments/run/keys.h"

#include <array>
#include <limits>
#include <tuple>

#include "experiments/run/vocabulary.h"
#include "tests/support/catch.h"

using namespace lehr;

namespace {
// Every field of every spec. A binding does not compile where a spec gains a field: name it here, and give it its row in the test below,
// which says whose key it decides (and a row in sharing_test.cpp, where its effect on a run is seen).
auto fields(spec::ModelSpec& s) {
  auto& [file, file_as_written, mlp, head, weights, weights_as_written, init, untie, batch_axis, batch_statistics, running_variance, export_inputs] = s;
  return std::tie(file, file_as_written, mlp, head, weights, weights_as_written, init, untie, batch_axis, batch_statistics, running_variance, export_inputs);
}
auto fields(spec::MlpSpec& s) {
  auto& [hidden, activation, norm, dropout] = s;
  return std::tie(hidden, activation, norm, dropout);
}
auto fields(spec::HeadSpec& s) {
  auto& [outputs, freeze_rest] = s;
  return std::tie(outputs, freeze_rest);
}
auto fields(CsvOptions& s) {
  auto& [header, delimiter, decimal, missing, text, limit] = s;
  return std::tie(header, delimiter, decimal, missing, text, limit);
}
auto fields(TableSpec& s) {
  auto& [targets, target_inputs, target_standard, drop_without_target, ignore, row_weight, classes, classify, columns, every, rules, inputs, integer_inputs] =
      s;
  return std::tie(targets, target_inputs, target_standard, drop_without_target, ignore, row_weight, classes, classify, columns, every, rules, inputs,
                  integer_inputs);
}
auto fields(ArraysSpec& s) {
  auto& [all, validation, test, labels] = s;
  return std::tie(all, validation, test, labels);
}
auto fields(ArrayNames& s) {
  auto& [inputs, target, row_weight] = s;
  return std::tie(inputs, target, row_weight);
}
auto fields(SplitOptions& s) {
  auto& [validation, test, validation_rows, test_rows, take, seed, group, order, fold] = s;
  return std::tie(validation, test, validation_rows, test_rows, take, seed, group, order, fold);
}
auto fields(FoldOptions& s) {
  auto& [k, index, repeat, stratify, group, column, value] = s;
  return std::tie(k, index, repeat, stratify, group, column, value);
}
auto fields(LossSpec& s) {
  auto& [kind, output, target, scores, weight, delta, label_smoothing, ignore_index, class_weights, balanced, one_hot, weighted] = s;
  return std::tie(kind, output, target, scores, weight, delta, label_smoothing, ignore_index, class_weights, balanced, one_hot, weighted);
}
auto fields(spec::OptimizerSpec& s) {
  auto& [type, options, hypers] = s;
  return std::tie(type, options, hypers);
}
auto fields(spec::ParamRule& s) {
  auto& [pattern, freeze, role, lr_scale, hypers] = s;
  return std::tie(pattern, freeze, role, lr_scale, hypers);
}
auto fields(spec::AverageSpec& s) {
  auto& [type, options, numbers, moments] = s;
  return std::tie(type, options, numbers, moments);
}
auto fields(spec::BatchSpec& s) {
  auto& [size, schedule, keep_last, shuffle] = s;
  return std::tie(size, schedule, keep_last, shuffle);
}
auto fields(PlanSizes& s) {
  auto& [batch, train_rows, validation_rows, test_rows, growth, keep_last, accumulate, least_rows, batch_statistics, unbiased_variance, threads] = s;
  return std::tie(batch, train_rows, validation_rows, test_rows, growth, keep_last, accumulate, least_rows, batch_statistics, unbiased_variance, threads);
}
// What is left of an experiment: its specs are above, its name and its places in a file decide nothing that is trained.
auto fields(spec::Experiment& s) {
  auto& [path, name, model, data, loss, metrics, threshold, threshold_metric, optimizer, lr_scale, params, epochs, batch, accumulate, quantities, clip_form,
         clip_epsilon, average, evaluate_every, early_stop, on_divergence, max_steps, time_limit, expect, checkpoint, keep_models, seed, fold_repeats, fold_only, threads, places] = s;
  (void)path, (void)name, (void)model, (void)data, (void)loss, (void)optimizer, (void)params, (void)batch, (void)places, (void)checkpoint, (void)keep_models, (void)fold_repeats, (void)fold_only;
  return std::tie(metrics, threshold, threshold_metric, lr_scale, epochs, accumulate, quantities, clip_form, clip_epsilon, average, evaluate_every, early_stop,
                  on_divergence, max_steps, time_limit, expect, seed, threads);
}

// Another value of the same type.
void change(bool& v) { v = !v; }
void change(std::string& v) { v += "x"; }
void change(std::filesystem::path& v) { v += "x"; }
void change(std::map<std::string, std::filesystem::path>& v) { v["x"] += "x"; }
void change(ArrayNames& v) { v.target += "x"; }
void change(Schedule& v) { v = Schedule(v.at(Clock{}) + 1); }
void change(PlanSizes::Growth& v) { v.epochs += 1; }
void change(spec::DivergenceSpec& v) { v.skip = !v.skip; }
void change(spec::EarlyStopSpec& v) { v.on += "x"; }
void change(spec::AverageSpec& v) { v.type += "x"; }
void change(spec::MlpSpec& v) { v.dropout += 0.1; }
void change(spec::HeadSpec& v) { v.outputs += 1; }
void change(FoldOptions& v) { v.index += 1; }
void change(ColumnRule& v) { v.pattern += "x"; }
template <class T>
  requires(std::is_arithmetic_v<T>)
void change(T& v) { v = static_cast<T>(v + 1); }
template <class T>
  requires(std::is_enum_v<T>)
void change(T& v) { v = static_cast<T>(static_cast<int>(v) + 1); }
template <class T>
void change(std::optional<T>& v) {
  if (v) change(*v);
  else v.emplace();
}
template <class T>
void change(std::vector<T>& v) { v.emplace_back(); }
template <class K, class T>
void change(std::map<K, T>& v) { v[K("x")]; }

// Whose key a field decides: none of these is left to the trial.
constexpr unsigned none = 0, data = 1, model = 2, plan = 4;
struct Row {
  const char* name;
  unsigned decides;
};

unsigned differs(const spec::Experiment& a, const spec::Experiment& b) {
  return (run::data_key(a, {}) != run::data_key(b, {}) ? data : 0u) | (run::model_key(a) != run::model_key(b) ? model : 0u) |
         (run::plan_sizes(a) != run::plan_sizes(b) ? plan : 0u);
}

spec::Experiment base() {
  spec::Experiment e;
  e.loss.kind = LossKind::cross_entropy;
  e.batch.schedule = Schedule(8.0);  // so that the number of epochs belongs to the plans
  e.threads = 1;
  e.params.push_back({"*.bias", true, {}, {}, {}});
  e.model.mlp.emplace();
  e.model.head.emplace();
  e.data.split.fold.emplace();
  e.model.running_variance = spec::ModelSpec::Variance::population;
  return e;
}

// One row a field, in their order; `part` is where the spec stands in an experiment.
template <class Part, std::size_t... index>
void changed_one_by_one(Part part, const Row* rows, std::index_sequence<index...>) {
  const auto one = [&](auto position) {
    spec::Experiment e = base();
    change(std::get<position.value>(fields(part(e))));
    INFO(rows[position.value].name);
    CHECK(differs(base(), e) == rows[position.value].decides);
  };
  (one(std::integral_constant<std::size_t, index>()), ...);
}
template <class Part, std::size_t n>
void each_field(Part part, const Row (&rows)[n]) {
  using Fields = decltype(fields(part(std::declval<spec::Experiment&>())));
  static_assert(std::tuple_size_v<Fields> == n, "one row for each field");
  changed_one_by_one(part, rows, std::make_index_sequence<n>());
}
}  // namespace

TEST_CASE("every field of every spec is part of the key of what it decides", "[run]") {
  CHECK(differs(base(), base()) == none);
  each_field([](spec::Experiment & e) -> auto& { return e.model; },
             {{"file", model},
              {"file_as_written", none},
              {"mlp", model},
              {"head", model},
              {"weights", model},
              {"weights_as_written", none},
              {"init", none},
              {"untie", model},
              {"batch_axis", model},
              {"batch_statistics", plan},
              {"running_variance", plan},
              {"export_inputs", model}});
  each_field([](spec::Experiment& e) -> auto& { return *e.model.mlp; }, {{"hidden", model}, {"activation", model}, {"norm", model}, {"dropout", model}});
  each_field([](spec::Experiment& e) -> auto& { return *e.model.head; }, {{"outputs", model}, {"freeze_rest", model}});
  each_field([](spec::Experiment& e) -> auto& { return e.data.csv; }, {{"header", data}, {"delimiter", data}, {"decimal", data}, {"missing", data}, {"text", data}, {"limit", data}});
  each_field([](spec::Experiment& e) -> auto& { return e.data.table; },
             {{"targets", data}, {"target_inputs", data}, {"target_standard", data}, {"drop_without_target", data}, {"ignore", data}, {"row_weight", data},
              {"classes", data}, {"classify: from the loss", none}, {"columns", data}, {"every", data}, {"rules", data}, {"inputs", data},
              {"integer_inputs: from the model", none}});
  each_field([](spec::Experiment& e) -> auto& { return e.data.arrays; },
             {{"all", data}, {"validation", data}, {"test", data}, {"labels: from the loss", none}});
  each_field([](spec::Experiment& e) -> auto& { return e.data.arrays.all; }, {{"inputs", data}, {"target", data}, {"row_weight", data}});
  each_field([](spec::Experiment& e) -> auto& { return e.data.split; },
             {{"validation", data}, {"test", data}, {"validation_rows", data}, {"test_rows", data}, {"take", data}, {"seed", data}, {"group", data},
              {"order", data}, {"fold", data}});
  each_field([](spec::Experiment& e) -> auto& { return *e.data.split.fold; },
             {{"k", data}, {"index", data}, {"repeat", data}, {"stratify", data}, {"group", data}, {"column", data}, {"value", data}});
  each_field([](spec::Experiment& e) -> auto& { return e.loss; },
             {{"kind: classes or values", data | model}, {"output", model}, {"target", model}, {"scores", model}, {"weight", model}, {"delta", model},
              {"label_smoothing", model}, {"ignore_index", data}, {"class_weights", model}, {"balanced: fed row by row", none}, {"one_hot", model},
              {"weighted: from the data", none}});
  each_field([](spec::Experiment& e) -> auto& { return e.optimizer; }, {{"type", none}, {"options", none}, {"hypers", none}});
  each_field([](spec::Experiment& e) -> auto& { return e.params[0]; },
             {{"pattern of a frozen one", model}, {"freeze", model}, {"role", model}, {"lr_scale", none}, {"hypers", none}});
  each_field([](spec::Experiment& e) -> auto& { return e.batch; }, {{"size", plan}, {"schedule", plan}, {"keep_last", plan}, {"shuffle", none}});
  each_field([](spec::Experiment& e) -> auto& { return e; },
             {{"metrics", none}, {"threshold", none}, {"threshold_metric", none}, {"lr_scale", none}, {"epochs", plan}, {"accumulate", plan},
              {"quantities", none}, {"clip_form", none}, {"clip_epsilon", none}, {"average", none}, {"evaluate_every", none}, {"early_stop", none},
              {"on_divergence", none}, {"max_steps", none}, {"time_limit", none}, {"expect", none}, {"seed", none}, {"threads", plan}});
}

TEST_CASE("an experiment's file belongs to the data, the model's needs to their key", "[run]") {
  spec::Experiment e = base();
  e.data.file = "other.csv";
  CHECK(differs(base(), e) == data);
  spec::Experiment tested = base();
  tested.data.test_file = "other.csv";
  CHECK(differs(base(), tested) == data);
  CHECK(run::data_key(e, {}) != run::data_key(e, {{"x"}, {}}));
  CHECK(run::model_key(base(), run::MlpWidths{2, 1}) != run::model_key(base(), run::MlpWidths{3, 1}));
  spec::Experiment smooth = base();
  smooth.batch.schedule.reset();
  spec::Experiment longer = smooth;
  longer.epochs += 1;
  CHECK(differs(smooth, longer) == none);  // of one size, the batches of any number of epochs share their plans
}

TEST_CASE("every size is part of the key of the plans", "[run]") {
  const auto check = []<std::size_t... index>(std::index_sequence<index...>) {
    const auto one = [](auto position) {
      PlanSizes sizes;
      change(std::get<position.value>(fields(sizes)));
      INFO(position.value);
      CHECK(run::PlanKey{{}, sizes} != run::PlanKey{{}, {}});
      CHECK((run::PlanKey{{}, sizes} < run::PlanKey{{}, {}}) != (run::PlanKey{{}, {}} < run::PlanKey{{}, sizes}));
    };
    (one(std::integral_constant<std::size_t, index>()), ...);
  };
  check(std::make_index_sequence<std::tuple_size_v<decltype(fields(std::declval<PlanSizes&>()))>>());
}

TEST_CASE("specs left to the trial compare by what they say", "[run]") {
  const auto check = []<class Spec, std::size_t... index>(Spec spec, std::index_sequence<index...>) {
    const auto one = [&](auto position) {
      Spec other = spec;
      CHECK(other == spec);
      change(std::get<position.value>(fields(other)));
      INFO(position.value);
      CHECK(other != spec);
    };
    (one(std::integral_constant<std::size_t, index>()), ...);
  };
  check(spec::OptimizerSpec{}, std::make_index_sequence<3>());
  check(spec::ParamRule{}, std::make_index_sequence<5>());
  check(spec::AverageSpec{}, std::make_index_sequence<4>());
}

TEST_CASE("a part is made once for a key, and never shared where a key is no value", "[run]") {
  run::Shared<double, int> shared;
  int made = 0;
  const auto make = [&] { return std::make_shared<const int>(++made); };
  CHECK(*shared.get(1.0, make) == 1);
  CHECK(*shared.get(2.0, make) == 2);
  CHECK(*shared.get(1.0, make) == 1);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(*shared.get(nan, make) == 3);
  CHECK(*shared.get(1.0, make) == 1);
  CHECK(*shared.get(nan, make) == 4);
}
