#include <array>
#include <cmath>
#include <cstring>
#include <functional>

#include "graph/onnx/attributes.h"
#include "graph/onnx/model.h"
#include "graph/onnx/original.h"
#include "graph/onnx/tensor.h"

namespace lehr::onnx {

namespace {
// A finite value that would become infinite in the stored dtype.
void check_range(const Tensor& fresh, const Tensor& rounded) {
  if (!is_float(fresh.type.dtype) || !is_float(rounded.type.dtype)) return;
  const auto before = fresh.doubles(), after = rounded.doubles();
  for (std::size_t i = 0; i < before.size(); ++i)
    if (std::isfinite(before[i]) && !std::isfinite(after[i]))
      throw Error("its element ", i, " is ", before[i], ", which ", name(rounded.type.dtype), " cannot hold");
}

// The stored tensor with the elements that differ replaced; none where all are equal.
std::optional<Tensor> merged(const Tensor& stored, const Tensor& fresh) {
  if (stored.shape() != fresh.shape()) throw Error("its shape in the file is ", stored.shape(), ", the new values have ", fresh.shape());
  if (stored.type == fresh.type) return stored.data == fresh.data ? std::nullopt : std::optional(fresh);
  const Tensor seen = convert(stored, fresh.type.dtype), rounded = convert(fresh, stored.type.dtype);
  check_range(fresh, rounded);
  const std::size_t wide = bytes(fresh.type.dtype), narrow = bytes(stored.type.dtype), count = stored.data.size() / narrow;
  Tensor out = stored;
  for (std::size_t i = 0; i < count; ++i)
    if (std::memcmp(seen.data.data() + i * wide, fresh.data.data() + i * wide, wide) != 0)
      std::memcpy(out.data.data() + i * narrow, rounded.data.data() + i * narrow, narrow);
  if (out.data == stored.data) return std::nullopt;
  return out;
}

class Writer {
 public:
  explicit Writer(const Original& original) : original_(original), external_(original.folder) {
    if (!proto_.ParseFromString(original.bytes)) throw Error("the original model cannot be parsed again");
  }

  Written run(const std::map<std::string, Tensor>& values) {
    collect_files();
    for (const auto& [name, tensor] : values)
      within([&, &key = name] { return "tensor " + quote(key); }, [&, &key = name, &fresh = tensor] { replace(key, fresh); });
    Written out;
    out.model = changed_ ? serialized() : original_.bytes;
    out.files = std::move(files_);
    return out;
  }

 private:
  std::string serialized() const {
    std::string out;
    if (!proto_.SerializeToString(&out)) throw Error("the model is larger than the 2 GiB protobuf can write").code(Exit::failed);
    return out;
  }

  void collect_files() {
    collect(proto_.graph());
    for (const FunctionProto& f : proto_.functions()) collect(f.node());
  }

  void collect(const GraphProto& graph) {
    for (const TensorProto& t : graph.initializer()) collect(t);
    collect(graph.node());
  }

  void collect(const google::protobuf::RepeatedPtrField<NodeProto>& nodes) {
    for (const NodeProto& n : nodes)
      for (const AttributeProto& a : n.attribute()) {
        collect(a.t());
        for (const TensorProto& t : a.tensors()) collect(t);
        if (a.has_g()) collect(a.g());
        for (const GraphProto& g : a.graphs()) collect(g);
      }
  }

  void collect(const TensorProto& t) {
    if (t.data_location() != TensorProto::EXTERNAL) return;
    const std::string location = region_of(t).location;
    if (!files_.contains(location)) files_[location] = external_.read_whole(location);
  }

  void replace(const std::string& name, const Tensor& fresh) {
    const auto it = original_.sources.find(name);
    if (it == original_.sources.end()) {
      std::vector<std::string> known;
      for (const auto& [key, source] : original_.sources) known.push_back(key);
      throw Error("the file stores no values for ", quote(name), did_you_mean(name, known));
    }
    const Source& source = it->second;
    if (source.kind == Source::Kind::initializer) return tensor(*proto_.mutable_graph()->mutable_initializer(source.index), fresh);
    NodeProto& node = source.kind == Source::Kind::node ? *proto_.mutable_graph()->mutable_node(source.index)
                                                        : *proto_.mutable_functions(source.index)->mutable_node(source.node);
    shared_ = source.shared;
    attribute(*node.mutable_attribute(0), fresh);
    shared_ = false;
  }

  void attribute(AttributeProto& a, const Tensor& fresh) {
    if (!a.ref_attr_name().empty()) throw Error("it is an attribute of the call of a function, which cannot be replaced");
    if (a.name() == "value") return tensor(*a.mutable_t(), fresh);
    if (a.name() == "value_float") return list<float>(std::array{a.f()}, Shape{}, fresh, [&](std::size_t, float v) { a.set_f(v); });
    if (a.name() == "value_int") return list<std::int64_t>(std::array{std::int64_t{a.i()}}, Shape{}, fresh, [&](std::size_t, std::int64_t v) { a.set_i(v); });
    if (a.name() == "value_floats")
      return list<float>(std::vector<float>(a.floats().begin(), a.floats().end()), Shape{a.floats_size()}, fresh,
                         [&](std::size_t i, float v) { a.set_floats(static_cast<int>(i), v); });
    if (a.name() == "value_ints")
      return list<std::int64_t>(std::vector<std::int64_t>(a.ints().begin(), a.ints().end()), Shape{a.ints_size()}, fresh,
                                [&](std::size_t i, std::int64_t v) { a.set_ints(static_cast<int>(i), v); });
    throw Error("its ", printable(a.name()), " cannot be replaced");
  }

  // Where a changed value is about to be stored.
  void change() {
    if (shared_) throw Error("it stands in a function that is called more than once, so it cannot get values of its own");
    changed_ = true;
  }

  template <class T>
  void list(std::span<const T> stored, const Shape& shape, const Tensor& fresh, const std::function<void(std::size_t, T)>& set) {
    const auto out = merged(Tensor(shape, stored), fresh);
    if (!out) return;
    change();
    const auto values = out->as<T>();
    for (std::size_t i = 0; i < values.size(); ++i) set(i, values[i]);
  }

  void tensor(TensorProto& t, const Tensor& fresh) {
    const auto out = merged(read_tensor(t, external_), fresh);
    if (!out) return;
    if (t.data_location() != TensorProto::EXTERNAL) {
      change();
      return store_tensor(t, *out);
    }
    const Region region = region_of(t);
    std::string& content = files_.at(region.location);
    if (region.offset > content.size() || out->data.size() > content.size() - region.offset)
      throw Error("its external data ", quote(region.location), " became shorter");
    if (!out->data.empty()) std::memcpy(content.data() + region.offset, out->data.data(), out->data.size());
    drop_checksum(t);
  }

  // It would be wrong now, and readers may do without.
  void drop_checksum(TensorProto& t) {
    auto& entries = *t.mutable_external_data();
    for (int i = entries.size(); i-- > 0;)
      if (entries[i].key() == "checksum") {
        entries.DeleteSubrange(i, 1);
        changed_ = true;
      }
  }

  const Original& original_;
  ExternalData external_;
  ModelProto proto_;
  std::map<std::string, std::string> files_;
  bool changed_ = false, shared_ = false;
};
}  // namespace

const AttributeProto* constant_attribute(const NodeProto& node) { return node.attribute_size() == 1 ? &node.attribute(0) : nullptr; }

Written write_model(const Original& original, const std::map<std::string, Tensor>& new_values) { return Writer(original).run(new_values); }

Written write_model(const Model& model, const std::map<std::string, Tensor>& new_values) {
  if (!model.original) throw Error("this model did not come from a file, there is nothing to write it into");
  return write_model(*model.original, new_values);
}

}  // namespace lehr::onnx
