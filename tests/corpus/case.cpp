#include "tests/corpus/case.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

namespace lehr::corpus {

namespace {

using Json = nlohmann::json;

constexpr double float_tolerance = 1e-5;  // cases of doubles are held tighter by the corpus than floats can reach

std::vector<std::byte> decode(const std::string& text) {
  static const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::byte> out;
  unsigned bits = 0;
  int held = 0;
  for (const char c : text) {
    const std::size_t digit = alphabet.find(c);
    if (digit == std::string::npos) continue;  // padding
    bits = bits << 6 | static_cast<unsigned>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out.push_back(static_cast<std::byte>(bits >> held & 0xff));
  }
  return out;
}

std::optional<Tensor> tensor(const Json& json) {
  if (!json.is_object() || !json.contains("base64")) return std::nullopt;
  static const std::map<std::string, Dtype> names = {{"float32", Dtype::f32}, {"float64", Dtype::f64}, {"float16", Dtype::f16}, {"bfloat16", Dtype::bf16},
                                                     {"int64", Dtype::i64},   {"int32", Dtype::i32},   {"int16", Dtype::i16},   {"int8", Dtype::i8},
                                                     {"uint8", Dtype::u8},    {"uint16", Dtype::u16},  {"uint32", Dtype::u32},  {"uint64", Dtype::u64},
                                                     {"bool", Dtype::boolean}};
  Tensor out;
  out.type = {names.at(json.at("dtype").get<std::string>()), json.at("shape").get<Shape>()};
  out.data = decode(json.at("base64").get<std::string>());
  if (out.data.size() != static_cast<std::size_t>(out.size()) * bytes(out.type.dtype)) throw Error("a tensor of a case has the wrong number of bytes");
  return out;
}

Tensors tensors(const Json& json) {
  Tensors out;
  for (const auto& [name, value] : json.items())
    if (auto t = tensor(value)) out.emplace(name, std::move(*t));
  return out;
}

std::vector<Tensor> list(const Json& json) {
  std::vector<Tensor> out;
  for (const Json& value : json) out.push_back(tensor(value).value_or(Tensor{}));
  return out;
}

LossKind kind(const std::string& text) {
  if (text == "mse") return LossKind::mse;
  if (text == "cross_entropy") return LossKind::cross_entropy;
  if (text == "bce_with_logits") return LossKind::binary_cross_entropy;
  if (text == "graph") return LossKind::graph;
  throw Error("a case has the loss ", quote(text));
}

ModeData mode(const Json& json) {
  ModeData out;
  out.loss = json.at("loss").get<double>();
  out.gradients = tensors(json.at("gradients"));
  out.tolerance = std::max(float_tolerance, json.at("gradient_tolerance").at("relative_to_max_of_all").get<double>());
  if (json.contains("running_statistics_after_one_step"))
    for (const auto& [name, entry] : json["running_statistics_after_one_step"].items())
      if (auto t = tensor(entry.is_object() && entry.contains("onnx_rule") ? entry["onnx_rule"] : entry)) out.running.emplace(name, std::move(*t));
  return out;
}

void training(const Json& json, Case& out) {
  if (json.contains("not_available")) out.not_available = json["not_available"].get<std::string>();
  if (!json.contains("losses")) return;
  for (const Json& loss : json["losses"]) {
    LossSpec spec;
    spec.kind = kind(loss.at("kind").get<std::string>());
    spec.output = loss.value("output", "");
    spec.weight = loss.at("weight").get<float>();
    spec.target = cat("target_", out.losses.size());
    out.losses.push_back(spec);
    out.on.push_back(loss.at("on").get<std::string>());
    out.form.push_back(loss.value("form", "logits"));
  }
  out.targets = list(json.at("targets"));
  out.trainable = json.at("trainable").get<std::vector<std::string>>();
  for (const auto& [name, why] : json.at("not_trainable").items()) out.not_trainable[name] = why.is_string() ? why.get<std::string>() : why.dump();
  for (const auto& [name, entry] : json.at("modes").items()) out.modes[name] = mode(entry);
  if (json.contains("sgd")) {
    out.learning_rate = json["sgd"].at("learning_rate").get<double>();
    out.sgd_losses = json["sgd"].at("losses").get<std::vector<double>>();
  }
}

}  // namespace

const std::map<std::string, std::vector<RoleRule>>& no_evidence() {
  static const std::map<std::string, std::vector<RoleRule>> known = {
      {"hand_where", {{"S", Role::parameter}}},                                   // the source learned a branch of Where; a mask's fill value looks the same
      {"keras3jax_depthwise", {{"reduce_window_sum_kernel_0", Role::constant}}},  // a mean over windows, written as a convolution with a filter
      {"roles_lora_ts",
       {{"scaling", Role::constant}}},  // one number under a name of the source: a buffer here, a parameter elsewhere; a note says which was taken
  };
  return known;
}
std::vector<RoleRule> without_evidence(const std::string& name) {
  const auto it = no_evidence().find(name.substr(name.rfind('/') + 1));
  return it == no_evidence().end() ? std::vector<RoleRule>() : it->second;
}

Case read_case(const std::filesystem::path& folder) {
  const Json json = Json::parse(read_file(folder / "case.json"));
  Case out;
  out.name = json.at("name").get<std::string>();
  out.group = json.at("exporter").at("group").get<std::string>();
  out.model = folder / "model.onnx";
  out.expect = json.value("expect", "");
  if (json.contains("io"))
    for (const Json& set : json["io"]) out.io.push_back({tensors(set.at("inputs")), tensors(set.at("outputs"))});
  if (json.contains("output_tolerance")) out.output_tolerance = json["output_tolerance"].at("relative_to_max").get<double>();
  out.output_tolerance = std::max(out.output_tolerance, float_tolerance);
  if (json.contains("training")) training(json["training"], out);
  if (json.contains("rebatched")) {
    const Json& r = json["rebatched"];
    Rebatched data;
    data.io = {tensors(r.at("inputs")), tensors(r.at("outputs"))};
    if (r.contains("targets")) data.targets = list(r["targets"]);
    if (r.contains("loss")) data.loss = r["loss"].get<double>();
    if (r.contains("gradients")) data.gradients = tensors(r["gradients"]);
    if (r.contains("gradient_tolerance")) data.tolerance = r["gradient_tolerance"].at("relative_to_max_of_all").get<double>();
    out.rebatched = std::move(data);
  }
  return out;
}

std::vector<std::filesystem::path> case_folders(const std::filesystem::path& root) {
  namespace fs = std::filesystem;
  std::vector<fs::path> out;
  if (fs::exists(root / "case.json")) return {root};
  for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator(); ++it) {
    if (it->is_directory() && fs::exists(it->path() / "case.json")) out.push_back(it->path());
    if (it.depth() >= 1 && it->is_directory()) it.disable_recursion_pending();
  }
  std::ranges::sort(out);
  return out;
}

std::filesystem::path corpus_root() {
  if (const char* folder = std::getenv("LEHR_CORPUS"); folder && *folder) return folder;
  return std::filesystem::path(LEHR_SOURCE_DIR) / "tests" / "corpus" / "data";
}

}  // namespace lehr::corpus
