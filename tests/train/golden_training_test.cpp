#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/data/csv.h"
#include "engine/ops/standard.h"
#include "engine/train/trainer.h"
#include "graph/onnx/model.h"
#include "graph/passes/prepare.h"
#include "tests/support/catch.h"
#include "tests/train/hooks.h"
#include "tests/support/golden_optimizer.h"

namespace fs = std::filesystem;
using namespace lehr;
using nlohmann::json;
using lehr::test::GoldenClip;
using lehr::test::golden_clip;
using lehr::test::Translated;
using lehr::test::translate;

namespace {
const fs::path own = fs::path(LEHR_SOURCE_DIR) / "tests/golden";

fs::path golden() {
  const char* folder = std::getenv("LEHR_GOLDEN");
  return folder && *folder ? fs::path(folder) : own;
}

fs::path table_path(const std::string& file) {
  for (const fs::path& path : {golden() / "../data" / file, own / "data" / file, fs::path(LEHR_SOURCE_DIR) / "experiments/ionosphere" / file})
    if (fs::exists(path)) return path;
  throw Error("no table ", file);
}

std::vector<float> tensor(const json& t) {
  static const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t word = 0;
  int bits = 0;
  for (const char c : t.at("data").get<std::string>()) {
    if (c == '=') break;
    word = (word << 6) | static_cast<std::uint32_t>(digits.find(c));
    if ((bits += 6) >= 8) bytes += static_cast<char>(word >> (bits -= 8));
  }
  std::vector<float> out(bytes.size() / sizeof(float));
  std::memcpy(out.data(), bytes.data(), out.size() * sizeof(float));
  return out;
}

// One value an update, as the trace lists them.
struct Listed : Schedule::Shape {
  std::vector<double> values;
  explicit Listed(std::vector<double> v) : values(std::move(v)) {}
  double at(const Moment& m) const override { return values.at(static_cast<std::size_t>(m.step)); }
  std::string text() const override { return "listed"; }
  std::shared_ptr<const Shape> clone() const override { return std::make_shared<Listed>(values); }
};
Schedule listed(const std::vector<double>& values) { return Schedule(std::make_shared<Listed>(values)); }
Schedule listed(const json& values) { return Schedule(std::make_shared<Listed>(values.get<std::vector<double>>())); }

// Error at the first key that is not of those listed: what a trace says is read or refused, never passed over.
void only(const json& object, const char* of, const std::vector<std::string>& known) {
  for (const auto& item : object.items())
    if (std::ranges::find(known, item.key()) == known.end()) throw Error(of, " ", item.key(), " is not read");
}

// Classes, or without a list of them numbers: (raw - target_shift) * target_scale.
Dataset table(const json& trace) {
  const json& d = trace.at("data");
  only(d, "data", {"file", "header", "columns", "features", "target", "classes", "shift", "scale", "target_shift", "target_scale", "input"});
  CsvOptions options;
  options.header = d.at("header").get<bool>();
  const CsvTable csv = read_csv(table_path(d.at("file")), options);
  Dataset out;
  out.source = csv.source;
  out.rows = csv.rows;
  const bool classify = d.contains("classes");
  if (classify) out.classes = d.at("classes").get<std::vector<std::string>>();
  const auto first = d.at("features").at(0).get<std::size_t>(), end = d.at("features").at(1).get<std::size_t>(), target = d.at("target").get<std::size_t>();
  const auto of = [&](const char* key, std::size_t i, double fallback) {
    if (!d.contains(key)) return fallback;
    return d.at(key).is_array() ? d.at(key).at(i).get<double>() : d.at(key).get<double>();
  };
  Field x{"", {static_cast<std::int64_t>(end - first)}, Dtype::f32, {}, {}};
  out.target = classify ? Field{"target", {}, Dtype::i64, {}, {}} : Field{"target", {1}, Dtype::f32, {}, {}};
  for (std::int64_t row = 0; row < csv.rows; ++row) {
    const auto number = [&](std::size_t column) { return csv.columns[column].numbers[static_cast<std::size_t>(row)]; };
    for (std::size_t c = first; c < end; ++c) x.f32.push_back(static_cast<float>((number(c) - of("shift", c - first, 0)) * of("scale", c - first, 1)));
    if (classify) out.target.i64.push_back(std::ranges::find(out.classes, csv.cell(row, target)) - out.classes.begin());
    else out.target.f32.push_back(static_cast<float>((number(target) - of("target_shift", 0, 0)) * of("target_scale", 0, 1)));
  }
  out.features.push_back(std::move(x));
  return out;
}

// The loss by its class and arguments, or in words: "binary cross-entropy of the sigmoid output, mean over the batch".
LossSpec loss_spec(const json& loss) {
  LossSpec out;
  if (loss.is_string()) {
    const auto text = loss.get<std::string>();
    const std::pair<const char*, LossKind> kinds[] = {{"binary cross-entropy", LossKind::binary_cross_entropy},
                                                      {"softmax cross-entropy", LossKind::cross_entropy},
                                                      {"mean squared error", LossKind::mse},
                                                      {"mean absolute error", LossKind::mae}};
    const auto kind = std::ranges::find_if(kinds, [&](const auto& k) { return text.starts_with(k.first); });
    if (kind == std::end(kinds) || text.find("mean over the batch") == std::string::npos) throw Error("loss ", quote(text), " is not read");
    return out.kind = kind->second, out;
  }
  const std::map<std::string, LossKind> classes{{"torch.nn.BCELoss", LossKind::binary_cross_entropy},
                                                {"torch.nn.BCEWithLogitsLoss", LossKind::binary_cross_entropy},
                                                {"torch.nn.CrossEntropyLoss", LossKind::cross_entropy},
                                                {"torch.nn.MSELoss", LossKind::mse},
                                                {"torch.nn.L1Loss", LossKind::mae},
                                                {"torch.nn.HuberLoss", LossKind::huber},
                                                {"keras.losses.BinaryCrossentropy", LossKind::binary_cross_entropy},
                                                {"keras.losses.CategoricalCrossentropy", LossKind::cross_entropy},
                                                {"keras.losses.SparseCategoricalCrossentropy", LossKind::cross_entropy},
                                                {"keras.losses.MeanSquaredError", LossKind::mse},
                                                {"keras.losses.MeanAbsoluteError", LossKind::mae},
                                                {"keras.losses.Huber", LossKind::huber}};
  const auto name = loss.at("class").get<std::string>();
  if (!classes.contains(name)) throw Error("loss ", name, " is not read");
  out.kind = classes.at(name);
  const bool classify = out.kind == LossKind::cross_entropy;
  const json args = loss.value("args", json::object());
  for (const auto& item : args.items()) {
    const json& value = item.value();
    if (item.key() == "delta" && out.kind == LossKind::huber) out.delta = value;
    else if (item.key() == "label_smoothing" && classify) out.label_smoothing = value;
    else if (item.key() == "ignore_index" && classify) out.ignore_index = value.get<std::int64_t>();
    else if (item.key() == "weight" && classify && value.is_array()) out.class_weights = value.get<std::vector<float>>();
    else if (item.key() != "from_logits" && !(item.key() == "reduction" && (value == "mean" || value == "sum_over_batch_size")))
      throw Error("loss ", name, ": argument ", item.key(), " ", value.dump(), " is not read");
  }
  return out;
}

struct Named { std::unique_ptr<Optimizer> optimizer; };
// The optimizer of a trace, with what surrounds it, as a job's; its rates are the trace's.
Named optimizer(const json& trace, Job& job) {
  const json& source = trace.at("source");
  only(source, "source", {"library", "version", "backend", "class", "args", "schedule"});
  const Translated as = translate({{"class", source.at("class")}, {"args", source.at("args")}, {"lr", trace.at("lr")}});
  if (as.name.empty()) throw Error(source.at("class").get<std::string>(), ": ", as.why);
  if (as.accumulate > 1) throw Error("accumulation inside an optimizer is not read");
  Named out{standard_optimizers().find(as.name).make(as.options)};
  for (const auto& [name, value] : as.hypers) job.hypers[name] = Schedule(value);
  auto rates = trace.at("lr").get<std::vector<double>>();
  std::vector<double> decays;
  for (std::size_t n = 0; n < rates.size(); ++n) {
    rates[n] = as.rate(static_cast<int>(n), rates[n]);
    if (as.decay) decays.push_back(as.decay(static_cast<int>(n)));
  }
  job.hypers["lr"] = listed(rates);
  if (as.decay) job.hypers["weight_decay"] = listed(decays);
  for (const char* cycled : {"momentum", "beta1"})
    if (trace.contains(cycled)) job.hypers[cycled] = listed(trace.at(cycled));
  GoldenClip clip = as.clip;
  if (trace.contains("clip")) clip = golden_clip(trace.at("clip").at("class"), trace.at("clip").at("args"));
  if (clip.apart || clip.kind != Norm::l2) throw Error("clipping by this norm is not offered");
  const auto limit = [&](const char* key, const std::optional<double>& value) {
    if (value) job.quantities[key] = Schedule(*value);
  };
  limit("clip.value", clip.value), limit("clip.tensor_norm", clip.tensor_norm), limit("clip.norm", clip.norm);
  limit("clip.rms", clip.rms), limit("clip.adaptive", clip.adaptive);
  job.clip_form = clip.form, job.clip_epsilon = clip.epsilon;
  if (as.maximize) job.quantities["loss.weight"] = Schedule(-1.0);
  return out;
}

double largest_difference(std::span<const float> a, const std::vector<float>& b) {
  double out = a.size() == b.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) out = std::max(out, std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return out;
}

// "" where the case is reproduced, else the first thing that is not.
std::string run_case(const fs::path& folder) {
  const json trace = json::parse(std::ifstream(folder / "trace.json"));
  only(trace, "trace", {"format",      "case",       "what",          "model",      "source",   "loss",    "batch_size", "epochs",
                        "input_shape", "batch_norm", "clip",          "data",       "split",    "order",   "lr",         "momentum",
                        "beta1",       "step_loss",  "step_loss_f64", "validation", "measured", "weights", "first_step", "final_output"});
  const auto model = onnx::read_model(folder / "model.onnx");
  PrepareOptions options;
  options.losses = {loss_spec(trace.at("loss"))};
  Prepared prepared = prepare(model.graph, options);
  TrainGraph graph{std::move(prepared.graph), prepared.loss, prepared.heads.front().value, prepared.heads.front().form == Form::logits, "target"};
  const Dataset data = table(trace);
  Split split;
  split.validation = trace.at("split").at("validation_rows").get<std::vector<std::int32_t>>();
  for (std::int32_t row = 0; row < data.rows; ++row)
    if (std::ranges::find(split.validation, row) == split.validation.end()) split.train.push_back(row);

  PlanSizes sizes;
  sizes.batch = trace.at("batch_size"), sizes.train_rows = static_cast<std::int64_t>(split.train.size()),
  sizes.validation_rows = static_cast<std::int64_t>(split.validation.size());
  sizes.unbiased_variance = trace.at("source").at("class").get<std::string>().starts_with("torch");
  Workbench bench(graph, standard_ops(), sizes);
  for (const Parameter& p : bench.weights().parameters())
    std::ranges::copy(tensor(trace.at("weights").at("initial").at(p.name)), bench.weights().value(p).begin());

  Job job;
  const Named named = optimizer(trace, job);
  job.model = &graph, job.data = &data, job.split = &split, job.optimizer = named.optimizer.get();
  if (!data.classes.empty()) job.metrics = {"accuracy"};
  job.epochs = trace.at("epochs");
  const json& order = trace.at("order");
  job.order = [&](std::int64_t epoch, std::span<std::int32_t> rows) {
    std::size_t at = 0;
    const auto steps = order.at("steps_per_epoch").get<std::int64_t>();
    for (std::int64_t s = 0; s < steps; ++s)
      for (const auto& row : order.at("steps").at(static_cast<std::size_t>(epoch * steps + s))) rows[at++] = row.get<std::int32_t>();
  };
  std::string problem;
  test::Hooks hooks;
  job.observer = &hooks;
  hooks.on_step = [&](std::int64_t step, double loss) {
    const double expected = trace.at("step_loss_f64").at(static_cast<std::size_t>(step));
    if (problem.empty() && !(std::fabs(loss - expected) <= (step == 0 ? 1e-6 : 1e-5)))
      problem = cat("loss of step ", step, " is ", loss, ", the library has ", expected);
  };
  const TrialResult result = train(bench, job);
  if (!problem.empty()) return problem;
  if (result.outcome != Outcome::done) return result.message;
  for (std::size_t e = 0; e < result.epochs.size(); ++e) {
    if (!data.classes.empty()) {
      const double correct = result.epochs[e].val.at(0).value * static_cast<double>(sizes.validation_rows),
                   expected = trace.at("validation").at("correct_f64").at(e);
      if (!(std::fabs(correct - expected) < 1.5)) return cat("epoch ", e + 1, " has ", correct, " rows right, the library ", expected);
    }
    const double loss = trace.at("validation").at("loss_f64").at(e);
    if (!(std::fabs(result.epochs[e].val_loss - loss) <= 1e-5 * std::max(1.0, loss)))
      return cat("validation loss of epoch ", e + 1, " is ", result.epochs[e].val_loss, ", the library has ", loss);
  }
  for (const Parameter& p : bench.weights().parameters())
    if (const double d = largest_difference(bench.weights().value(p), tensor(trace.at("weights").at("final").at(p.name))); !(d <= 1e-4))
      return cat("final ", p.name, " differs by ", d);
  for (const Parameter& p : bench.weights().states())
    if (const double d = largest_difference(bench.weights().state(p), tensor(trace.at("weights").at("final").at(p.name))); !(d <= 1e-4))
      return cat("final ", p.name, " differs by ", d);
  return {};
}
}  // namespace

TEST_CASE("whole trainings of Keras and PyTorch are reproduced", "[golden][train]") {
  int passed = 0, count = 0;
  for (const auto& entry : fs::directory_iterator(golden() / "training")) {
    if (!entry.is_directory()) continue;
    const std::string name = entry.path().filename().string();
    ++count;
    std::string problem;
    try {
      problem = run_case(entry.path());
    } catch (const std::exception& error) {
      problem = error.what();
    }
    if (!problem.empty()) std::printf("training %s: %s\n", name.c_str(), problem.c_str());
    CHECK(problem.empty());
    passed += problem.empty();
  }
  std::printf("golden trainings: %d of %d pass\n", passed, count);
  CHECK(count >= 3);
}
