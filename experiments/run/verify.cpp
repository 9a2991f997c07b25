#include "experiments/run/verify.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "engine/train/evaluate.h"
#include "experiments/run/front.h"
#include "experiments/run/plans.h"
#include "graph/onnx/readback.h"

namespace lehr::run {

// Bit for bit where it is no number.
bool agree(double a, double b) {
  constexpr double tolerance = 1e-5, smallest = 1e-3;
  if (!std::isfinite(a) || !std::isfinite(b)) return std::isnan(a) ? std::isnan(b) : a == b;
  return std::fabs(a - b) <= tolerance * std::max(std::fabs(a), smallest);
}

namespace {
constexpr std::int64_t most_rows = 10'000, always_rows = 512, largest_batch = 512;

struct Rows {
  std::span<const std::int32_t> rows;
  std::int64_t batch = 0;
  bool validation = true, all = true;
};
// The same batches the trainer evaluates in.
Rows choose_rows(const Parts& parts, const Workbench& bench, std::int64_t trained_rows) {
  Rows out;
  const Split& split = parts.data->split;
  out.validation = parts.counts.sum(split.validation) > 0;
  out.rows = out.validation ? split.validation : split.train;
  const auto count = static_cast<std::int64_t>(out.rows.size()), most = std::clamp(trained_rows / 50, always_rows, most_rows);
  out.batch = out.validation && bench.evaluation_batch() <= most ? bench.evaluation_batch() : std::min(count, largest_batch);
  out.all = count <= most;
  if (!out.all) out.rows = out.rows.first(static_cast<std::size_t>(most / out.batch * out.batch));
  return out;
}

std::string describe(const Measure& m) {
  return cat(grouped(static_cast<long long>(m.rows.size())), m.validation ? " validation" : " training", m.rows.size() == 1 ? " row" : " rows");
}

bool half(const Graph& graph, const Parameter& p) {
  const Dtype stored = graph.value(p.value).data->type.dtype;
  return stored == Dtype::f16 || stored == Dtype::bf16;
}
// The weights as a file stores those that it keeps in half precision.
void round_as_stored(const Graph& graph, const Weights& weights) {
  const auto round = [&](const Parameter& p, std::span<float> values) {
    if (!half(graph, p)) return;
    const Dtype stored = graph.value(p.value).data->type.dtype;
    const Tensor rounded = convert(convert(Tensor(p.shape, std::span<const float>(values)), stored), Dtype::f32);
    std::ranges::copy(rounded.as<float>(), values.begin());
  };
  for (const Parameter& p : weights.parameters()) round(p, weights.value(p));
  for (const Parameter& p : weights.states()) round(p, weights.state(p));
}

std::vector<std::string> names_of(const Weights& weights) {
  std::vector<std::string> out;
  for (const Parameter& p : weights.parameters()) out.push_back(p.name);
  for (const Parameter& p : weights.states()) out.push_back(p.name);
  return out;
}

TrainGraph graph_of(const std::string& bytes, const std::filesystem::path& folder, const Parts& parts) {
  PrepareOptions options = parts.model->options;
  options.freeze.clear(), options.only.clear();  // which tensors are trained is known, and each stands in the file for itself
  options.roles = {};
  options.roles.apart = false;
  Prepared prepared = prepare(onnx::read_model_bytes(bytes, folder).graph, options);
  TrainGraph out;
  out.graph = std::move(prepared.graph);
  out.loss = prepared.loss;
  out.scores = prepared.heads.at(0).value;
  out.binary = parts.model->train.binary;
  out.logits = prepared.heads.at(0).form == Form::logits;
  out.target = out.graph.value(prepared.targets.at(0)).name;
  if (options.losses.at(0).weighted) out.weights = out.graph.value(prepared.weights.at(0)).name;
  // What training held in its weights is held there here, too, whatever the new values look like.
  for (const Value& trained : parts.model->train.graph.values()) {
    if (trained.role != Role::parameter && trained.role != Role::state) continue;
    if (const ValueId id = out.graph.find(trained.name); id != no_value && out.graph.value(id).data) out.graph.value(id).role = trained.role;
  }
  return out;
}
}  // namespace

struct Verifier::Reader {
  std::string rest;
  TrainGraph model;
  Weights weights;
  std::map<std::int64_t, Plan> plans;  // by rows
  std::string verified;  // the file that was found right last, with `data` and `loss`
  const DataParts* data = nullptr;
  double loss = 0;

  Reader(const std::string& bytes, const std::filesystem::path& folder, const Parts& parts) : model(graph_of(bytes, folder, parts)), weights(model.graph) {}

  void load(const std::vector<std::string>& names, const std::vector<Tensor>& values) {
    std::map<std::string_view, std::span<float>> places;
    for (const Parameter& p : weights.parameters()) places[p.name] = weights.value(p);
    for (const Parameter& p : weights.states()) places[p.name] = weights.state(p);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto place = places.find(names[i]);
      if (place == places.end()) throw Error("the tensor ", quote(names[i]), " has no effect in it");
      const std::vector<float> floats = values[i].floats();
      if (floats.size() != place->second.size()) throw Error("the tensor ", quote(names[i]), " has another shape in it");
      std::ranges::copy(floats, place->second.begin());
    }
  }
};

Verifier::Verifier() = default;
Verifier::~Verifier() = default;

Measure Verifier::measure(const Parts& parts, Workbench& bench, std::int64_t trained_rows, std::optional<double> reported) {
  const Rows chosen = choose_rows(parts, bench, trained_rows);
  Measure out{0, chosen.rows, chosen.batch, chosen.validation, "", ""};
  if (!chosen.all || !chosen.validation) reported.reset();
  const Weights& w = bench.weights();
  const TrainGraph& model = parts.model->train;
  const bool own = chosen.validation && chosen.batch == bench.evaluation_batch();
  const auto plan = [&](std::int64_t n) -> Plan& { return own ? bench.evaluate(n) : evaluation_plan(reference_, model, w, bench.sizes().threads, n); };
  const auto evaluated = [&] { return Evaluator(plan, chosen.batch, model, parts.data->data, &parts.counts, chosen.rows).loss(); };
  out.loss = reported ? *reported : evaluated();
  const auto narrow = [&](const Parameter& p) { return half(model.graph, p); };
  if (std::ranges::none_of(w.parameters(), narrow) && std::ranges::none_of(w.states(), narrow)) return out;
  const std::vector<float> values(w.values().begin(), w.values().end()), state(w.state().begin(), w.state().end());
  const double before = out.loss;
  round_as_stored(model.graph, w);
  out.loss = evaluated();
  std::ranges::copy(values, w.values().begin());
  std::ranges::copy(state, w.state().begin());
  out.note = cat("is stored in half precision: its rounded weights give the loss ", out.loss, " on the ", describe(out), ", those trained ", before);
  return out;
}

void Verifier::check(const std::filesystem::path& file, const Parts& parts, Workbench& bench, const Measure& measure) {
  std::string bytes = read_file(file);
  if (!bytes.ends_with(measure.behind)) throw Error("its threshold is not the one that was chosen").code(Exit::failed);
  bytes.resize(bytes.size() - measure.behind.size());
  if (reader_ && reader_->verified == bytes && reader_->data == parts.data.get() && reader_->loss == measure.loss) return;
  const std::vector<std::string> names = names_of(bench.weights());
  onnx::Parted parted = onnx::take_apart(bytes, file.parent_path(), *parts.frame, names);
  const bool scaled = !parts.data->data.target_scaling.empty();
  if (!parts.raw.empty()) check_front(bytes, parts, measure.rows);
  if (scaled) check_unit(bytes, parts, measure.rows);
  if (!parts.raw.empty() || scaled) {
    parted.rest = onnx::without_front(parted.rest);  // splits of one table differ in what stands there
  }
  if (!reader_ || reader_->rest != parted.rest) {
    reader_ = std::make_unique<Reader>(bytes, file.parent_path(), parts);
    reader_->rest = std::move(parted.rest);
  }
  reader_->load(names, parted.values);
  const auto plan = [&](std::int64_t n) -> Plan& { return evaluation_plan(reader_->plans, reader_->model, reader_->weights, bench.sizes().threads, n); };
  const double loss = Evaluator(plan, measure.batch, reader_->model, parts.data->data, &parts.counts, measure.rows).loss();
  if (!agree(loss, measure.loss))
    throw Error("it does not give what was measured: its loss on the ", describe(measure), " is ", loss, ", with the trained weights it was ", measure.loss)
        .code(Exit::failed);
  reader_->verified = parted.external ? std::string() : bytes;
  reader_->data = parts.data.get();
  reader_->loss = measure.loss;
}

}  // namespace lehr::run
