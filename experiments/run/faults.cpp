#include "experiments/run/faults.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"

namespace lehr::run {

namespace {
namespace fs = std::filesystem;
constexpr std::size_t most_named = 20, most_looked_at = 10'000;

std::string listed(const std::vector<std::string>& names) {
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < names.size() && i < most_named; ++i) shown.push_back(printable(names[i]));
  return cat(join(shown, ", "), names.size() > most_named ? cat(" and ", names.size() - most_named, " more") : "");
}

// Files that are neither a network nor a table for us, by their ending.
struct Foreign {
  bool model;
  std::vector<std::string> endings;
  const char* why;
};
const std::vector<Foreign>& foreign() {
  static const std::vector<Foreign> rows{
      {true, {".pt", ".pth", ".ckpt"}, "is a file of PyTorch: torch.onnx.export(model, example, \"net.onnx\") writes the network as ONNX"},
      {true, {".h5", ".hdf5", ".keras"}, "is a file of Keras: model.export(\"net.onnx\", format=\"onnx\") writes the network as ONNX"},
      {true, {".pkl", ".pickle", ".joblib"}, "is a file of Python: skl2onnx writes a network of scikit-learn as ONNX"},
      {true, {".safetensors"}, "holds weights without a network: name it under model.weights, beside model.file or model.mlp"},
      {true, {".tflite", ".pb", ".mlmodel"}, "is no ONNX file: tf2onnx writes one of a TensorFlow network"},
      {false, {".xlsx", ".xls", ".ods"}, "is a workbook: save its sheet as CSV"},
      {false, {".parquet", ".feather", ".arrow", ".pkl", ".pickle"}, "is no table of text: pandas' to_csv(\"table.csv\", index=False) writes one"},
      {false, {".npy", ".npz"}, "holds arrays: name them under data.inputs and data.target in place of data.file"},
      {false, {".zip"}, "is an archive: unpack it first (of single files gzip is understood)"},
  };
  return rows;
}

void check_file(KeyFaults& faults, const char* key, const fs::path& file, bool model) {
  std::error_code error;
  if (!fs::exists(file, error)) {
    std::vector<std::string> near;
    const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    for (auto it = fs::directory_iterator(folder, error); !error && it != fs::directory_iterator() && near.size() < most_looked_at; it.increment(error))
      near.push_back(it->path().filename().string());
    std::ranges::sort(near);
    return faults.add(key, cat("cannot read ", quote(file.string()), ": No such file or directory", did_you_mean(file.filename().string(), near)));
  }
  const std::string ending = lower(file.extension().string());
  for (const Foreign& row : foreign())
    if (row.model == model && std::ranges::find(row.endings, ending) != row.endings.end()) faults.add(key, cat(quote(file.string()), " ", row.why));
}
}  // namespace

void check_files(const spec::Experiment& e, bool model) {
  KeyFaults faults(e);
  if (model && !e.model.mlp) check_file(faults, "model.file", e.model.file, true);
  if (!e.data.arrays.given()) check_file(faults, "data.file", e.data.file, false);
  if (!e.data.test_file.empty()) check_file(faults, "data.test_file", e.data.test_file, false);
  faults.raise();
}

void KeyFaults::raise() const {
  if (!texts_.empty()) throw Error(join(texts_, "\n"));
}

void check_names(const spec::Experiment& e, const Graph& graph) {
  KeyFaults faults(e);
  std::vector<std::string> outputs, tensors;
  for (const ValueId id : graph.outputs) outputs.push_back(graph.value(id).name);
  for (const Value& value : graph.values())
    if (value.data && is_float(value.data->type.dtype)) tensors.push_back(value.name);
  if (!e.loss.output.empty() && std::ranges::find(outputs, e.loss.output) == outputs.end())
    faults.add("model.output",
               cat("the model has no output ", quote(e.loss.output), did_you_mean(e.loss.output, outputs), " (outputs: ", listed(outputs), ")"));
  const auto check = [&](const std::string& key, const std::string& pattern) {
    if (tensors.empty()) return;  // said of the model itself: nothing in it can be trained
    const bool found = std::ranges::any_of(tensors, [&](const std::string& name) {
      return matches(pattern, name) || (!e.model.untie.empty() && matches(pattern, name + "_untied_1"));  // what model.untie splits has names of its own
    });
    if (!found)
      faults.add(key, cat("pattern ", quote(pattern), " matches no stored tensor", did_you_mean(pattern, tensors), " (tensors: ", listed(tensors), ")"));
  };
  for (const auto& pattern : e.model.untie) check("model.untie", pattern);
  for (const auto& [pattern, initializer] : e.model.init) check("model.init." + pattern, pattern);
  for (const auto& rule : e.params) check("params." + rule.pattern, rule.pattern);
  faults.raise();
}

}  // namespace lehr::run
