#pragma once
// Small ModelProtos for the tests of graph/onnx, and a folder that is removed again.
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "graph/onnx/model.h"
#include "graph/onnx/proto.h"

namespace lehr::onnx_models {

using Names = std::vector<std::string>;
using Dims = std::vector<std::int64_t>;

inline std::string raw(const std::vector<float>& values) { return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)}; }

// -0.9 … 0.9, another sequence for each k.
inline std::vector<float> values(int count, int k = 1) {
  std::vector<float> out;
  for (int i = 0; i < count; ++i) out.push_back(static_cast<float>((i * 37 + k * 11) % 19 - 9) / 10.0f);
  return out;
}

inline onnx::TensorProto empty_tensor(const std::string& name, const Dims& dims, int type = onnx::TensorProto::FLOAT) {
  onnx::TensorProto t;
  t.set_name(name);
  t.set_data_type(type);
  for (const auto d : dims) t.add_dims(d);
  return t;
}

inline onnx::TensorProto tensor(const std::string& name, const Dims& dims, const std::vector<float>& v) {
  onnx::TensorProto t = empty_tensor(name, dims);
  t.set_raw_data(raw(v));
  return t;
}

inline onnx::TensorProto external(const std::string& name, const Dims& dims, const std::vector<std::pair<std::string, std::string>>& entries) {
  onnx::TensorProto t = empty_tensor(name, dims);
  t.set_data_location(onnx::TensorProto::EXTERNAL);
  for (const auto& [key, value] : entries) {
    auto& e = *t.add_external_data();
    e.set_key(key);
    e.set_value(value);
  }
  return t;
}

inline onnx::NodeProto node(const std::string& op, const Names& in, const Names& out, const std::string& name = "", const std::string& domain = "") {
  onnx::NodeProto n;
  n.set_op_type(op);
  if (!name.empty()) n.set_name(name);
  if (!domain.empty()) n.set_domain(domain);
  for (const auto& i : in) n.add_input(i);
  for (const auto& o : out) n.add_output(o);
  return n;
}

inline onnx::AttributeProto& attribute(onnx::NodeProto& n, const std::string& name, onnx::AttributeProto::AttributeType type) {
  auto& a = *n.add_attribute();
  a.set_name(name);
  a.set_type(type);
  return a;
}

// A Constant node with its value as `value`.
inline onnx::NodeProto constant(const std::string& out, const onnx::TensorProto& value, const std::string& name = "") {
  onnx::NodeProto n = node("Constant", {}, {out}, name);
  *attribute(n, "value", onnx::AttributeProto::TENSOR).mutable_t() = value;
  return n;
}

// dims: "N" symbolic, "?" unknown, else a number.
inline onnx::ValueInfoProto info(const std::string& name, const Names& dims, int type = onnx::TensorProto::FLOAT) {
  onnx::ValueInfoProto v;
  v.set_name(name);
  auto& t = *v.mutable_type()->mutable_tensor_type();
  t.set_elem_type(type);
  t.mutable_shape();
  for (const auto& d : dims) {
    auto& dim = *t.mutable_shape()->add_dim();
    if (d[0] == '-' || (d[0] >= '0' && d[0] <= '9'))
      dim.set_dim_value(std::stoll(d));
    else if (d != "?")
      dim.set_dim_param(d);
  }
  return v;
}

inline void import_opset(onnx::ModelProto& m, const std::string& domain, std::int64_t version) {
  auto& o = *m.add_opset_import();
  if (!domain.empty()) o.set_domain(domain);
  o.set_version(version);
}

inline void set_nodes(onnx::ModelProto& m, const std::vector<onnx::NodeProto>& nodes) {
  m.mutable_graph()->clear_node();
  for (const auto& n : nodes) *m.mutable_graph()->add_node() = n;
}

// x[N,4] -> Gemm 'fc1' -> h -> Relu 'act' -> r -> Gemm 'fc2' -> y[N,3]; W1[4,6] B1[6] W2[6,3] B2[3]
inline onnx::ModelProto mlp() {
  onnx::ModelProto m;
  m.set_ir_version(8);
  m.set_producer_name("tests");
  import_opset(m, "", 17);
  auto& g = *m.mutable_graph();
  g.set_name("g");
  set_nodes(m, {node("Gemm", {"x", "W1", "B1"}, {"h"}, "fc1"), node("Relu", {"h"}, {"r"}, "act"), node("Gemm", {"r", "W2", "B2"}, {"y"}, "fc2")});
  *g.add_initializer() = tensor("W1", {4, 6}, values(24));
  *g.add_initializer() = tensor("B1", {6}, values(6, 2));
  *g.add_initializer() = tensor("W2", {6, 3}, values(18, 3));
  *g.add_initializer() = tensor("B2", {3}, values(3, 4));
  *g.add_input() = info("x", {"N", "4"});
  *g.add_output() = info("y", {"N", "3"});
  return m;
}
enum { W1, B1, W2, B2 };  // indices of its initializers

inline std::string bytes(const onnx::ModelProto& m) { return m.SerializeAsString(); }
inline onnx::Model read(const onnx::ModelProto& m, const std::filesystem::path& folder = {}) { return onnx::read_model_bytes(bytes(m), folder); }

// The text of the Error, "" if it reads.
inline std::string failure(const std::string& content, const std::filesystem::path& folder = {}) {
  try {
    onnx::read_model_bytes(content, folder);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}
inline std::string failure(const onnx::ModelProto& m, const std::filesystem::path& folder = {}) { return failure(bytes(m), folder); }

inline const Tensor& data(const onnx::Model& m, const std::string& name) { return *m.graph.value(m.graph.find(name)).data; }

class Folder {
 public:
  Folder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() / cat("lehr_onnx_", ::getpid(), "_", count++);
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace lehr::onnx_models
