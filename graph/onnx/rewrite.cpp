#include "graph/onnx/rewrite.h"

#include <algorithm>
#include <set>

#include "graph/onnx/attributes.h"
#include "graph/onnx/front_nodes.h"
#include "graph/onnx/inference.h"
#include "graph/onnx/opsets.h"
#include "graph/onnx/original.h"
#include "graph/onnx/tensor.h"
#include "graph/onnx/unit.h"

namespace lehr::onnx {

namespace {
// Dimensions that are numbers in `before` and open in `after`.
std::map<std::size_t, Dim> opened(const std::optional<DeclaredType>& before, const std::optional<DeclaredType>& after) {
  std::map<std::size_t, Dim> out;
  if (!before || !after || !before->dims || !after->dims || before->dims->size() != after->dims->size()) return out;
  for (std::size_t i = 0; i < before->dims->size(); ++i)
    if ((*before->dims)[i].size >= 0 && (*after->dims)[i].size < 0) out[i] = (*after->dims)[i];
  return out;
}

std::string counted(std::size_t n, const char* what) { return cat(n, " ", what, n == 1 ? " node" : " nodes"); }

class Rewriter {
 public:
  explicit Rewriter(const Original& original) : original_(original) {
    if (!proto_.ParseFromString(original.bytes)) throw Error("the original model cannot be parsed again");
  }

  Rewritten run(const Changes& changes) {
    for (const auto& own : changes.own) within([&] { return "tensor " + quote(own.name); }, [&] { add(own); });
    declare(changes.dims);
    outputs(changes);
    for (const auto& [key, value] : changes.metadata) metadata(key, value);
    if (changes.inference) inference();
    tidy();
    Rewritten out;
    if (!changes.front.empty()) out.raw = add_front(proto_, changes.front), changed_ = true;
    if (changes.unit) add_unit(proto_, *changes.unit), changed_ = true;
    out.notes = std::move(notes_);
    if (changed_) out.original = finished();
    return out;
  }

 private:
  GraphProto& graph() { return *proto_.mutable_graph(); }

  void add(const Changes::Own& own) {
    for (const Place& place : own.places) {
      const Source& source = original_.nodes.at(static_cast<std::size_t>(place.node));
      if (source.kind != Source::Kind::node)
        throw Error("it is read inside the function ", quote(proto_.functions(source.index).name()), ", where it cannot get a tensor of its own");
      NodeProto& node = *graph().mutable_node(source.index);
      if (place.attribute.empty())
        input(node, static_cast<int>(place.slot), own.name);
      else
        attribute(node, place.attribute, *own.data);
    }
    if (std::ranges::all_of(own.places, [](const Place& place) { return !place.attribute.empty(); })) return;
    if (detached_.erase(own.name)) remove_stored(own.name);
    TensorProto& tensor = *graph().add_initializer();
    tensor.set_name(own.name);
    tensor.set_data_type(code_of(own.data->type.dtype));
    for (const std::int64_t size : own.data->shape()) tensor.add_dims(size);
    tensor.set_raw_data(own.data->data.data(), own.data->data.size());
    if (proto_.ir_version() < 4) declare(tensor);  // before IR 4 every initializer is an input, too
    changed_ = true;
  }

  void input(NodeProto& node, int slot, const std::string& name) {
    if (slot >= node.input_size()) throw Error(title(node), " has no input ", slot);
    detached_.insert(node.input(slot));
    node.set_input(slot, name);
  }

  void attribute(NodeProto& node, const std::string& name, const Tensor& data) {
    for (AttributeProto& a : *node.mutable_attribute()) {
      if (a.name() != name) continue;
      a.clear_ints();
      for (const std::int64_t v : data.integers()) a.add_ints(v);
      changed_ = true;
      return;
    }
    throw Error(title(node), " has no attribute ", quote(name));
  }

  void declare(const TensorProto& tensor) {
    ValueInfoProto& info = *graph().add_input();
    info.set_name(tensor.name());
    auto& type = *info.mutable_type()->mutable_tensor_type();
    type.set_elem_type(tensor.data_type());
    type.mutable_shape();
    for (const std::int64_t size : tensor.dims()) type.mutable_shape()->add_dim()->set_dim_value(size);
  }

  void remove_stored(const std::string& name) {
    const auto drop = [&](auto& list) {
      for (int i = list.size(); i-- > 0;)
        if (list[i].name() == name) list.DeleteSubrange(i, 1);
    };
    drop(*graph().mutable_initializer());
    drop(*graph().mutable_input());  // where it was declared there, too
  }

  void outputs(const Changes& changes) {
    auto& list = *graph().mutable_output();
    for (const std::string& name : changes.without)
      for (int i = list.size(); i-- > 0;)
        if (list[i].name() == name) list.DeleteSubrange(i, 1), detached_.insert(name), changed_ = true;
    for (const auto& output : changes.outputs) {
      ValueInfoProto& info = *list.Add();
      info.set_name(output.name);
      auto& type = *info.mutable_type()->mutable_tensor_type();
      type.set_elem_type(code_of(output.type.dtype));
      changed_ = true;
      if (!output.type.dims) continue;
      type.mutable_shape();
      for (const Dim& dim : *output.type.dims) set(*type.mutable_shape()->add_dim(), dim);
    }
  }

  template <class DimProto>
  static void set(DimProto& dim, const Dim& to) {
    dim.clear_value();
    if (to.size >= 0)
      dim.set_dim_value(to.size);
    else if (!to.symbol.empty())
      dim.set_dim_param(to.symbol);
  }

  // value_info is a hint: what the passes do not know by name, but has the old size in it, would now contradict the rest.
  void declare(const std::map<std::string, std::map<std::size_t, Dim>>& dims) {
    if (dims.empty()) return;
    std::set<std::int64_t> old;
    const auto edit = [&](ValueInfoProto& info) {
      const auto it = dims.find(info.name());
      if (it == dims.end()) return false;
      auto& shape = *info.mutable_type()->mutable_tensor_type()->mutable_shape();
      for (const auto& [place, to] : it->second) {
        if (place >= static_cast<std::size_t>(shape.dim_size())) return false;
        auto& dim = *shape.mutable_dim(static_cast<int>(place));
        if (dim.has_dim_value()) old.insert(dim.dim_value());
        set(dim, to);
      }
      return true;
    };
    for (auto& info : *graph().mutable_input()) edit(info);
    for (auto& info : *graph().mutable_output()) edit(info);
    auto& hints = *graph().mutable_value_info();
    for (int i = hints.size(); i-- > 0;) {
      if (edit(hints[i])) continue;
      const auto& sizes = hints[i].type().tensor_type().shape().dim();
      if (std::ranges::any_of(sizes, [&](const auto& dim) { return dim.has_dim_value() && old.contains(dim.dim_value()); })) hints.DeleteSubrange(i, 1);
    }
    changed_ = true;
  }

  void metadata(const std::string& key, const std::string& value) {
    auto& entries = *proto_.mutable_metadata_props();
    const auto it = std::ranges::find_if(entries, [&](const auto& entry) { return entry.key() == key; });
    if (it == entries.end() ? value.empty() : it->value() == value) return;
    changed_ = true;
    if (value.empty()) return void(entries.erase(it));
    auto& entry = it != entries.end() ? *it : *entries.Add();
    entry.set_key(key);
    entry.set_value(value);
  }

  void inference() {
    Inference left = to_inference(proto_);
    if (left.batch_normalizations + left.dropouts == 0) return;
    changed_ = true;
    detached_.merge(left.detached);
    gone_.merge(left.gone);
    std::vector<std::string> what;
    if (left.batch_normalizations) what.push_back(counted(left.batch_normalizations, "BatchNormalization"));
    if (left.dropouts) what.push_back(counted(left.dropouts, "Dropout"));
    notes_.push_back(cat("the file has ", join(what, " and "), " in training mode (training_mode 1): the trained model is written for inference"));
  }

  // Constants and nodes that nothing reads since the edits.
  void tidy() {
    while (!detached_.empty()) {
      const std::string name = detached_.extract(detached_.begin()).value();
      if (name.empty() || read(graph(), name)) continue;
      auto& stored = *graph().mutable_initializer();
      for (int i = stored.size(); i-- > 0;)
        if (stored[i].name() == name) stored.DeleteSubrange(i, 1);
      gone_.insert(name);
      auto& nodes = *graph().mutable_node();
      for (int i = 0; i < nodes.size(); ++i) {
        const NodeProto& node = nodes[i];
        const auto& out = node.output();
        if (std::ranges::find(out, name) == out.end() || std::ranges::any_of(out, [&](const std::string& o) { return !o.empty() && read(graph(), o); }))
          continue;
        detached_.insert(node.input().begin(), node.input().end());
        gone_.insert(out.begin(), out.end());
        nodes.DeleteSubrange(i--, 1);
      }
    }
    auto& hints = *graph().mutable_value_info();
    for (int i = hints.size(); i-- > 0;)
      if (gone_.contains(hints[i].name())) hints.DeleteSubrange(i, 1);
  }
  static bool read(const GraphProto& graph, const std::string& name) {
    const auto in = [&](const GraphProto& g) { return read(g, name); };
    const auto reads = [&](const NodeProto& node) {
      return std::ranges::find(node.input(), name) != node.input().end() || std::ranges::any_of(node.attribute(), [&](const AttributeProto& a) {
        return (a.has_g() && in(a.g())) || std::ranges::any_of(a.graphs(), in);
      });
    };
    return std::ranges::any_of(graph.output(), [&](const ValueInfoProto& v) { return v.name() == name; }) ||
           std::ranges::any_of(graph.input(), [&](const ValueInfoProto& v) { return v.name() == name; }) || std::ranges::any_of(graph.node(), reads);
  }

  std::shared_ptr<const Original> finished() {
    Original out;
    if (!proto_.SerializeToString(&out.bytes)) throw Error("the model is larger than the 2 GiB protobuf can write").code(Exit::failed);
    out.folder = original_.folder;
    for (const auto& [name, source] : original_.sources)
      if (source.kind == Source::Kind::function) out.sources[name] = source;  // bodies keep their nodes
    for (int i = 0; i < graph().initializer_size(); ++i) out.sources[graph().initializer(i).name()] = {Source::Kind::initializer, i};
    for (int i = 0; i < graph().node_size(); ++i) {
      const NodeProto& node = graph().node(i);
      if (node.op_type() == "Constant" && domain_of(node.domain()).empty() && node.output_size() == 1) out.sources[node.output(0)] = {Source::Kind::node, i};
    }
    return std::make_shared<const Original>(std::move(out));
  }

  const Original& original_;
  ModelProto proto_;
  std::vector<std::string> notes_;
  std::set<std::string> detached_, gone_;  // what an edited node no longer reads; what is no longer there
  bool changed_ = false;
};
}  // namespace

Changes changes(const Graph& file, const Graph& prepared) {
  Changes out;
  for (const Value& v : prepared.values())
    if (!v.places.empty() && v.data) out.own.push_back({v.name, v.data, v.places});
  for (std::size_t i = 0; i < file.values().size(); ++i) {
    const Value &before = file.values()[i], &after = prepared.values()[i];  // passes rename and add values, but keep their order
    if (auto dims = opened(before.type, after.type); !dims.empty() && !before.data) out.dims[before.name] = std::move(dims);
  }
  return out;
}

Rewritten rewrite(const std::shared_ptr<const Original>& original, const Changes& changes) {
  if (!original) throw Error("this model did not come from a file, there is nothing to write it into");
  Rewritten out = Rewriter(*original).run(changes);
  if (!out.original) out.original = original;
  return out;
}

void check_writable(const Original& original, const std::vector<std::string>& names) {
  std::vector<std::string> problems;
  for (const std::string& name : names) {
    const auto it = original.sources.find(name);
    if (it == original.sources.end())
      problems.push_back(cat("the tensor ", quote(name), " is trained, but has no place in the file"));
    else if (it->second.shared)
      problems.push_back(cat("the tensor ", quote(name), " stands in a function that is called more than once, so it cannot get values of its own"));
  }
  if (!problems.empty()) throw Error(join(problems, "\n")).code(Exit::mismatch);
}

std::string metadata_entry(const std::string& key, const std::string& value) {
  ModelProto model;
  auto& entry = *model.add_metadata_props();
  entry.set_key(key), entry.set_value(value);
  return model.SerializeAsString();
}

}  // namespace lehr::onnx
