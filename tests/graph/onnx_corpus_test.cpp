// Whole folders of models: LEHR_CORPUS (folders with model.onnx and case.json) and LEHR_HOSTILE (with a manifest.json).
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

namespace lehr {
namespace fs = std::filesystem;

namespace {
nlohmann::json json(const fs::path& path) { return nlohmann::json::parse(read_file(path)); }

std::vector<fs::path> cases(const fs::path& root) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.path().filename() == "case.json") out.push_back(entry.path().parent_path());
  std::ranges::sort(out);
  return out;
}

// What is wrong with one round trip, "" if nothing.
std::string round_trip(const fs::path& folder) {
  const onnx::Model model = onnx::read_model(folder / "model.onnx");
  std::map<std::string, Tensor> values;
  for (const Value& v : model.graph.values())
    if (v.data && is_float(v.data->type.dtype) && v.data->size() > 0) values.emplace(v.name, convert(*v.data, Dtype::f32));
  const std::string content = read_file(folder / "model.onnx");
  const onnx::Written same = onnx::write_model(model, values);
  if (same.model != content) return "unchanged weights changed the bytes";
  for (const auto& [location, bytes] : same.files)
    if (bytes != read_file(folder / location)) return "unchanged weights changed " + quote(location);
  for (auto& [name, tensor] : values) {
    const float before = tensor.as<float>()[0];
    tensor.as<float>()[0] = before == 2.0f ? 4.0f : 2.0f;
    const onnx::Written written = onnx::write_model(model, {{name, tensor}});
    if (written.model == content && written.files == same.files) return "a new value of " + quote(name) + " was not written";
    if (written.model != content && written.files.empty()) {
      const onnx::Model again = onnx::read_model_bytes(written.model, folder);
      for (const Value& v : model.graph.values()) {
        const Value& w = again.graph.value(again.graph.find(v.name));
        if (v.type != w.type || v.role != w.role) return "the type of " + quote(v.name) + " changed";
        if (v.name == name ? convert(*w.data, Dtype::f32).data != tensor.data : v.data && v.data->data != w.data->data)
          return "writing " + quote(name) + " changed " + quote(v.name);
      }
      if (again.ir_version != model.ir_version || again.opsets != model.opsets || again.producer != model.producer) return "the header changed";
      const onnx::Written back = onnx::write_model(again, {{name, *model.graph.value(model.graph.find(name)).data}});
      ::onnx::ModelProto first, second;
      if (!first.ParseFromString(content) || !second.ParseFromString(back.model) || first.SerializeAsString() != second.SerializeAsString())
        return "writing " + quote(name) + " and back changed something else";
    }
    tensor.as<float>()[0] = before;
  }
  return "";
}
}  // namespace

TEST_CASE("every model of the corpus is read and written back", "[onnx][corpus]") {
  const char* root = std::getenv("LEHR_CORPUS");
  if (!root) return;
  int count = 0, failed = 0;
  for (const fs::path& folder : cases(root)) {
    const std::string expect = json(folder / "case.json").value("expect", "load");
    std::string problem;
    try {
      problem = round_trip(folder);
      if (expect == "error") problem = "an invalid model was read";
    } catch (const Error& error) {
      if (expect == "load") problem = error.what();
    }
    ++count;
    if (problem.empty()) continue;
    ++failed;
    std::cout << folder.filename().string() << ": " << problem << "\n";
  }
  std::cout << "models read and written back: " << count - failed << " of " << count << "\n";
  CHECK(count > 0);
  CHECK(failed == 0);
}

TEST_CASE("hostile files end in an Error that names what is wrong", "[onnx][hostile]") {
  const char* root = std::getenv("LEHR_HOSTILE");
  if (!root) return;
  // Cases whose fault lies in what an operator means: shapes, attributes, arity. The reader may accept them.
  const std::vector<std::string> of_operators = {"op_*",
                                                 "opset_op_too_new",
                                                 "arity_*",
                                                 "attr_unknown",
                                                 "attr_perm_range",
                                                 "attr_softmax_axis",
                                                 "conv_*",
                                                 "reshape_*",
                                                 "bomb_*",
                                                 "shape_*",
                                                 "bn_*",
                                                 "dropout_*",
                                                 "lstm_*",
                                                 "cast_*",
                                                 "name_ansi_escape",
                                                 "name_format_string",
                                                 "data_string_weight"};
  int count = 0, failed = 0;
  const nlohmann::json manifest = json(fs::path(root) / "manifest.json");
  for (const auto& row : manifest.at("cases")) {
    const std::string id = row.at("id");
    const fs::path file = fs::path(root) / id / "model.onnx";
    if (!fs::exists(file)) continue;
    const bool may_load = row.at("outcome") == "error_or_load" || row.value("stage", "") == "plan" || row.value("stage", "") == "step" ||
                          std::ranges::any_of(of_operators, [&](const std::string& pattern) { return matches(pattern, id); });
    const auto names = row.value("names", std::vector<std::string>{});
    std::string problem;
    try {
      onnx::read_model(file);
      if (!may_load) problem = "was read";
    } catch (const Error& error) {
      const std::string text = error.what();
      const bool named = names.empty() || std::ranges::any_of(names, [&](const std::string& n) { return text.find(n) != std::string::npos; });
      if (!named) problem = "names nothing: " + text;
      if (std::ranges::any_of(text, [](char c) { return c >= 0 && c < ' ' && c != '\n'; })) problem = "prints control bytes";
    }
    ++count;
    if (problem.empty()) continue;
    ++failed;
    std::cout << id << ": " << problem << "\n";
  }
  std::cout << "hostile files: " << count - failed << " of " << count << "\n";
  CHECK(count > 0);
  CHECK(failed == 0);
}

}  // namespace lehr
