#include "experiments/run/start_weights.h"

#include <algorithm>

#include "base/file.h"
#include "engine/data/safetensors.h"
#include "experiments/store/run_folder.h"
#include "graph/onnx/model.h"

namespace lehr::run {

namespace {
namespace fs = std::filesystem;
constexpr std::size_t shown = 8;

std::string some(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(shown, names.size()); ++i) out.push_back(printable(names[i]));
  return cat(join(out, ", "), names.size() > shown ? cat(", … ", names.size(), " in all") : "");
}

std::map<std::string, Tensor> of_onnx(const fs::path& file) {
  std::map<std::string, Tensor> out;
  const onnx::Model model = onnx::read_model(file);
  for (const Value& v : model.graph.values())
    if (v.data && !v.origin.constant_node && is_float(v.data->type.dtype)) out.emplace(v.name, *v.data);
  return out;
}

// Of a state that a training left, without what is the optimizer's.
std::map<std::string, Tensor> of_safetensors(const fs::path& file) {
  const std::string content = read_file(file);
  return within([&] { return printable(file.string()); },
                [&] {
                  const SafeTensors read = parse_safetensors(content);
                  const auto format = read.metadata.find("format");
                  const bool ours = format != read.metadata.end() && format->second.starts_with("lehr");
                  std::map<std::string, Tensor> out;
                  for (const auto& entry : read.entries)
                    if (is_float(entry.dtype) && !(ours && entry.name.starts_with("optimizer."))) out.emplace(entry.name, entry.tensor());
                  return out;
                });
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

Tensor as_stored(const Tensor& fresh, const Value& value) { return convert(fresh, value.data->type.dtype); }
}  // namespace

StartWeights read_start_weights(const fs::path& path) {
  if (!is_file(path)) {
    const fs::path model = within("model.weights", [&] { return store::model_file(path); });
    if (model != path) return {cat(printable(model.string()), " (the model after the last epoch)"), of_onnx(model)};
    std::error_code error;
    if (fs::is_directory(path, error)) throw Error("model.weights: the folder ", quote(path.string()), " holds no run (it has no run.db)").code(Exit::usage);
  }
  const std::string ending = lower(path.extension().string());
  if (ending == ".onnx") return {printable(path.string()), of_onnx(path)};
  if (ending == ".safetensors") return {printable(path.string()), of_safetensors(path)};
  throw Error("model.weights: ", quote(path.string()), is_file(path) ? " is neither a .safetensors nor an .onnx file" : " is not there").code(Exit::usage);
}

Started start_from(const StartWeights& weights, Prepared& prepared, const std::vector<std::string>& skip) {
  Started out;
  std::vector<std::string> missing, shapes, unused;
  std::size_t held = 0, matched = 0;
  std::map<std::string, bool> used;
  for (std::size_t i = 0; i < prepared.graph.values().size(); ++i) {
    const auto id = static_cast<ValueId>(i);
    Value& value = prepared.graph.value(id);
    const bool frozen = std::ranges::find(prepared.frozen, id) != prepared.frozen.end();
    if (!value.data || !(frozen || value.role == Role::parameter || value.role == Role::state)) continue;
    if (std::ranges::find(skip, value.name) != skip.end()) continue;
    ++held;
    const auto it = weights.tensors.find(value.name);
    if (it == weights.tensors.end()) {
      missing.push_back(value.name);
      continue;
    }
    used[value.name] = true;
    if (it->second.shape() != value.data->shape()) {
      shapes.push_back(cat(quote(value.name), " is ", it->second.shape(), " there, ", value.data->shape(), " in the model"));
      continue;
    }
    ++matched;
    value.data = std::make_shared<const Tensor>(as_stored(it->second, value));
    if (frozen)
      out.frozen.emplace(value.name, *value.data);
    else if (value.role == Role::parameter)
      out.taken.push_back(value.name);
  }
  for (const auto& [name, tensor] : weights.tensors)
    if (!used.contains(name)) unused.push_back(name);
  if (!shapes.empty())
    throw Error("model.weights: ", weights.from, " has other shapes: ", join(shapes, "; "), ". A last layer of another width is made by model.head")
        .code(Exit::mismatch);
  if (matched == 0)
    throw Error("model.weights: no tensor of ", weights.from, " is named like one of the model's: there ", unused.empty() ? "is none" : some(unused),
                "; in the model ", some(missing))
        .code(Exit::mismatch);
  out.notes.push_back(cat("model.weights: ", matched, " of ", held, " tensors start from ", weights.from,
                          missing.empty() ? "" : cat("; not there: ", some(missing)), unused.empty() ? "" : cat("; not used: ", some(unused)),
                          skip.empty() ? "" : cat("; the new layer ", join(skip, ", "), " takes nothing")));
  return out;
}

}  // namespace lehr::run
