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

namespace fs = std::filesystem;
using namespace lehr;
using nlohmann::json;

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
Schedule listed(const json& values) { return Schedule(std::make_shared<Listed>(values.get<std::vector<double>>())); }

Dataset table(const json& trace) {
  const json& d = trace.at("data");
  CsvOptions options;
  options.header = d.at("header").get<bool>();
  const CsvTable csv = read_csv(table_path(d.at("file")), options);
  Dataset out;
  out.source = csv.source;
  out.rows = csv.rows;
  out.classes = d.at("classes").get<std::vector<std::string>>();
  const auto first = d.at("features").at(0).get<std::size_t>(), end = d.at("features").at(1).get<std::size_t>(), target = d.at("target").get<std::size_t>();
  const auto of = [&](const char* key, std::size_t i, double fallback) {
    if (!d.contains(key)) return fallback;
    return d.at(key).is_array() ? d.at(key).at(i).get<double>() : d.at(key).get<double>();
  };
  Field x{"", {static_cast<std::int64_t>(end - first)}, Dtype::f32, {}, {}};
  out.target = {"target", {}, Dtype::i64, {}, {}};
  for (std::int64_t row = 0; row < csv.rows; ++row) {
    for (std::size_t c = first; c < end; ++c)
      x.f32.push_back(static_cast<float>((csv.columns[c].numbers[static_cast<std::size_t>(row)] - of("shift", c - first, 0)) * of("scale", c - first, 1)));
    out.target.i64.push_back(std::ranges::find(out.classes, csv.cell(row, target)) - out.classes.begin());
  }
  out.features.push_back(std::move(x));
  return out;
}

struct Named { std::unique_ptr<Optimizer> optimizer; std::map<std::string, Controlled> hypers; };
Named optimizer(const json& source) {
  const auto name = source.at("class").get<std::string>();
  const auto kind = name.substr(name.rfind('.') + 1);
  OptimizerOptions options{{"form", name.starts_with("keras") ? "keras" : "torch"}};
  std::map<std::string, Controlled> hypers;
  for (const auto& [key, value] : source.at("args").items()) {
    if (key == "lr") continue;
    if (value.is_boolean()) options[key] = value.get<bool>() ? "true" : "false";
    else hypers[key] = Schedule(value.get<double>());
  }
  return {standard_optimizers().find(lower(kind)).make(options), std::move(hypers)};
}

double largest_difference(std::span<const float> a, const std::vector<float>& b) {
  double out = a.size() == b.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) out = std::max(out, std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return out;
}

// "" where the case is reproduced, else the first thing that is not.
std::string run_case(const fs::path& folder) {
  const json trace = json::parse(std::ifstream(folder / "trace.json"));
  const auto model = onnx::read_model(folder / "model.onnx");
  const bool binary = trace.at("loss").get<std::string>().starts_with("binary");
  PrepareOptions options;
  options.losses.emplace_back();
  options.losses.front().kind = binary ? LossKind::binary_cross_entropy : LossKind::cross_entropy;
  Prepared prepared = prepare(model.graph, options);
  TrainGraph graph{std::move(prepared.graph), prepared.loss, prepared.heads.front().value, prepared.heads.front().form == Form::logits, "target"};
  const Dataset data = table(trace);
  Split split;
  split.validation = trace.at("split").at("validation_rows").get<std::vector<std::int32_t>>();
  for (std::int32_t row = 0; row < data.rows; ++row)
    if (std::ranges::find(split.validation, row) == split.validation.end()) split.train.push_back(row);

  PlanSizes sizes;
  sizes.batch = trace.at("batch_size"), sizes.train_rows = static_cast<std::int64_t>(split.train.size()), sizes.validation_rows = static_cast<std::int64_t>(split.validation.size());
  sizes.unbiased_variance = trace.at("source").at("class").get<std::string>().starts_with("torch");
  Workbench bench(graph, standard_ops(), sizes);
  for (const Parameter& p : bench.weights().parameters()) std::ranges::copy(tensor(trace.at("weights").at("initial").at(p.name)), bench.weights().value(p).begin());

  Named named = optimizer(trace.at("source"));
  Job job;
  job.model = &graph, job.data = &data, job.split = &split, job.optimizer = named.optimizer.get();
  job.hypers = std::move(named.hypers);
  job.hypers["lr"] = listed(trace.at("lr"));
  if (trace.contains("momentum")) job.hypers["momentum"] = listed(trace.at("momentum"));
  job.metrics = {"accuracy"};
  job.epochs = trace.at("epochs");
  const json& order = trace.at("order");
  job.order = [&](std::int64_t epoch, std::span<std::int32_t> rows) {
    std::size_t at = 0;
    const auto steps = order.at("steps_per_epoch").get<std::int64_t>();
    for (std::int64_t s = 0; s < steps; ++s)
      for (const auto& row : order.at("steps").at(static_cast<std::size_t>(epoch * steps + s))) rows[at++] = row.get<std::int32_t>();
  };
  std::string problem;
  job.on_step = [&](std::int64_t step, double loss) {
    const double expected = trace.at("step_loss_f64").at(static_cast<std::size_t>(step));
    if (problem.empty() && !(std::fabs(loss - expected) <= (step == 0 ? 1e-6 : 1e-5)))
      problem = cat("loss of step ", step, " is ", loss, ", the library has ", expected);
  };
  const TrialResult result = train(bench, job);
  if (!problem.empty()) return problem;
  if (result.outcome != Outcome::done) return result.message;
  for (std::size_t e = 0; e < result.epochs.size(); ++e) {
    const double correct = result.epochs[e].val.at(0).value * static_cast<double>(sizes.validation_rows), expected = trace.at("validation").at("correct_f64").at(e);
    if (!(std::fabs(correct - expected) < 1.5)) return cat("epoch ", e + 1, " has ", correct, " rows right, the library ", expected);
    const double loss = trace.at("validation").at("loss_f64").at(e);
    if (!(std::fabs(result.epochs[e].val_loss - loss) <= 1e-5 * std::max(1.0, loss))) return cat("validation loss of epoch ", e + 1, " is ", result.epochs[e].val_loss, ", the library has ", loss);
  }
  for (const Parameter& p : bench.weights().parameters())
    if (const double d = largest_difference(bench.weights().value(p), tensor(trace.at("weights").at("final").at(p.name))); !(d <= 1e-4)) return cat("final ", p.name, " differs by ", d);
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
