#include "tests/field/trainings.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "graph/onnx/proto.h"

namespace lehr::field {

namespace fs = std::filesystem;

bool has_node(const std::string& bytes, const std::string& op) {
  lehr::onnx::ModelProto m;
  if (!m.ParseFromString(bytes)) throw Error("this is no model");
  return std::ranges::any_of(m.graph().node(), [&](const auto& node) { return node.op_type() == op; });
}

std::vector<corpus::Case> models() {
  std::vector<corpus::Case> out;
  for (const auto& folder : corpus::case_folders(fs::path(LEHR_SOURCE_DIR) / "tests/field/models")) out.push_back(corpus::read_case(folder));
  return out;
}

std::optional<Experiment> experiment(const corpus::Case& c) {
  if (!c.expect.empty() || c.losses.size() != 1 || c.targets.size() != 1 || c.io.empty() || c.io[0].inputs.size() != 1) return std::nullopt;
  const corpus::IoSet& io = c.rebatched ? c.rebatched->io : c.io[0];
  const Tensor& x = io.inputs.begin()->second;
  const Tensor& y = c.rebatched ? c.rebatched->targets.at(0) : c.targets[0];
  const std::int64_t rows = y.shape().empty() ? 0 : y.shape()[0];
  if (!is_float(x.type.dtype) || x.shape().empty() || x.shape()[0] != rows || y.size() != rows) return std::nullopt;
  Experiment e;
  e.loss = c.losses[0].kind;
  const auto values = x.doubles();
  const std::size_t width = values.size() / static_cast<std::size_t>(rows);
  const bool named = e.loss != LossKind::mse;
  if (is_float(y.type.dtype)) e.target = y.doubles();
  else for (const auto i : y.integers()) e.target.push_back(static_cast<double>(i));
  for (std::size_t i = 0; i < width; ++i) e.table += cat("x", i, ",");
  e.table += "y\n";
  for (std::size_t r = 0; r < e.target.size(); ++r) {
    for (std::size_t i = 0; i < width; ++i) e.table += number(values[r * width + i]) + ",";
    e.table += number(e.target[r]) + "\n";
  }
  e.classes = !named ? 0 : e.loss == LossKind::binary_cross_entropy ? 2 : io.outputs.begin()->second.shape().back();
  std::string classes;
  for (std::int64_t k = 0; k < e.classes; ++k) classes += cat(k ? ", " : "", k);
  const char* loss = e.loss == LossKind::mse ? "mse" : e.loss == LossKind::cross_entropy ? "categorical_crossentropy" : "binary_crossentropy";
  e.yaml = cat("model: model.onnx\ndata: {file: table.csv, target: {column: y", named ? cat(", classes: [", classes, "]") : "", "}}\nloss: ", loss,
               "\noptimizer: {type: sgd, form: torch}\nlr: ", number(c.learning_rate), "\nepochs: 5\nbatch: {size: ", rows, ", shuffle: false}\n",
               has_node(read_file(c.model), "Dropout") ? "dropout: 0\n" : "");
  return e;
}

double loss_of(const Experiment& e, const std::string& predictions) {
  if (e.loss == LossKind::mse) return mean_square(column(predictions, "y"), e.target);
  std::vector<std::vector<double>> p;
  for (std::int64_t k = 0; k < e.classes; ++k) p.push_back(column(predictions, cat("p_", k)));
  double sum = 0;
  for (std::size_t r = 0; r < e.target.size(); ++r) sum -= std::log(p.at(static_cast<std::size_t>(e.target[r])).at(r));
  return sum / static_cast<double>(e.target.size());
}


const std::map<std::string, std::string>& not_freed() {
  static const std::map<std::string, std::string> all = {
      {"field/baked1_cls_token_ts", "Concat node '/Concat'"},         // joins the rows with one tensor for all of them
      {"field/baked1_gathernd_dy", "GatherND node 'node_GatherND_7'"}};  // picks by row numbers that are stored
  return all;
}

}  // namespace lehr::field
