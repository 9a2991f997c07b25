#include "graph/onnx/inference.h"

#include "graph/onnx/attributes.h"
#include "graph/onnx/opsets.h"

namespace lehr::onnx {

namespace {
using Nodes = google::protobuf::RepeatedPtrField<NodeProto>;

int opset_of(const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto>& imports) {
  for (const auto& import : imports)
    if (domain_of(import.domain()).empty()) return static_cast<int>(import.version());
  return 0;
}

bool is(const NodeProto& node, const char* op) { return node.op_type() == op && domain_of(node.domain()).empty(); }

int find_attribute(const NodeProto& node, const char* name) {
  for (int i = 0; i < node.attribute_size(); ++i)
    if (node.attribute(i).name() == name) return i;
  return -1;
}

class Leaver {
 public:
  explicit Leaver(ModelProto& model) : model_(model) {}

  Inference run() {
    collect(model_.graph());
    for (const FunctionProto& f : model_.functions()) {
      collect(f.node());
      read_.insert(f.output().begin(), f.output().end());
    }
    main_ = true;
    const int opset = opset_of(model_.opset_import());
    nodes(*model_.mutable_graph()->mutable_node(), opset);
    main_ = false;
    bodies(*model_.mutable_graph()->mutable_node(), opset);
    for (FunctionProto& f : *model_.mutable_functions()) {
      const int own = opset_of(f.opset_import());
      nodes(*f.mutable_node(), own ? own : opset);
      bodies(*f.mutable_node(), own ? own : opset);
    }
    return std::move(out_);
  }

 private:
  void collect(const GraphProto& graph) {
    collect(graph.node());
    for (const auto& info : graph.output()) read_.insert(info.name());
    for (const TensorProto& t : graph.initializer())
      if (t.data_type() == TensorProto::BOOL && !truth(t)) never_.insert(t.name());
  }
  void collect(const Nodes& nodes) {
    for (const NodeProto& n : nodes) {
      read_.insert(n.input().begin(), n.input().end());
      for (const AttributeProto& a : n.attribute()) {
        if (a.has_g()) collect(a.g());
        for (const GraphProto& g : a.graphs()) collect(g);
        if (is(n, "Constant") && a.has_t() && n.output_size() == 1 && a.t().data_type() == TensorProto::BOOL && !truth(a.t())) never_.insert(n.output(0));
      }
    }
  }
  static bool truth(const TensorProto& t) {
    if (t.has_raw_data()) return t.raw_data().find_first_not_of('\0') != std::string::npos;
    return t.int32_data_size() == 0 || t.int32_data(0) != 0;
  }

  // Depth is bounded: the file was read, which refuses deep nesting.
  void bodies(Nodes& list, int opset) {
    const auto body = [&](GraphProto& g) {
      nodes(*g.mutable_node(), opset);
      bodies(*g.mutable_node(), opset);
    };
    for (NodeProto& n : list)
      for (AttributeProto& a : *n.mutable_attribute()) {
        if (a.has_g()) body(*a.mutable_g());
        for (GraphProto& g : *a.mutable_graphs()) body(g);
      }
  }

  void nodes(Nodes& list, int opset) {
    for (int i = 0; i < list.size(); ++i) {
      if (is(list[i], "BatchNormalization") && batch_normalization(list, i, opset)) ++out_.batch_normalizations;
      if (is(list[i], "Dropout") && dropout(list[i], opset)) ++out_.dropouts;
    }
  }

  // Returns whether it was in training mode. `at` is where the node stands afterwards.
  bool batch_normalization(Nodes& list, int& at, int opset) {
    bool changed = opset < 7 ? tested(list[at]) : drop_mode(list[at]);
    for (int i = 1; i < list[at].output_size(); ++i) {
      const std::string name = list[at].output(i);
      changed = changed || !name.empty();
      if (main_ && !read_.contains(name)) out_.gone.insert(name);
      if (name.empty() || !read_.contains(name)) continue;
      if (i > 2 || !main_ || list[at].input_size() < 5)
        throw Error(title(list[at]), " is stored in training mode and its output ", quote(name), " is read: the file cannot be written for inference");
      NodeProto& stored = *list.Add();
      stored.set_op_type("Identity");
      stored.add_input(list[at].input(i + 2));
      stored.add_output(name);
      for (int k = list.size() - 1; k > at; --k) list.SwapElements(k, k - 1);
      ++at;
    }
    auto& outputs = *list[at].mutable_output();
    while (outputs.size() > 1) outputs.RemoveLast();
    return changed;
  }
  static bool drop_mode(NodeProto& node) {
    const int i = find_attribute(node, "training_mode");
    if (i < 0) return false;
    const bool on = node.attribute(i).i() != 0 || !node.attribute(i).ref_attr_name().empty();
    if (on) node.mutable_attribute()->DeleteSubrange(i, 1);
    return on;
  }
  // Before opset 7 it is training unless is_test says otherwise.
  static bool tested(NodeProto& node) {
    const int i = find_attribute(node, "is_test");
    if (i >= 0 && node.attribute(i).i() != 0) return false;
    AttributeProto& a = i >= 0 ? *node.mutable_attribute(i) : *node.add_attribute();
    a.Clear();
    a.set_name("is_test");
    a.set_type(AttributeProto::INT);
    a.set_i(1);
    return true;
  }

  // training_mode is an input since opset 12; between 7 and 11 a file is always one for inference.
  bool dropout(NodeProto& node, int opset) {
    if (opset < 7) return tested(node);
    if (node.input_size() < 3 || node.input(2).empty() || never_.contains(node.input(2))) return false;
    if (main_) out_.detached.insert(node.input(2));
    auto& inputs = *node.mutable_input();
    while (inputs.size() > 2 || (inputs.size() > 1 && inputs[inputs.size() - 1].empty())) inputs.RemoveLast();
    return true;
  }

  ModelProto& model_;
  std::set<std::string> read_, never_;  // names anything reads; booleans that are false
  bool main_ = false;
  Inference out_;
};
}  // namespace

Inference to_inference(ModelProto& model) { return Leaver(model).run(); }

}  // namespace lehr::onnx
