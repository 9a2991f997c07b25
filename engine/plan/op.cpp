#include "engine/plan/op.h"

namespace lehr {

Dtype plan_dtype(Dtype dtype) {
  if (is_float(dtype)) return Dtype::f32;
  if (dtype == Dtype::boolean) return Dtype::boolean;
  if (dtype == Dtype::string) throw Error("a string tensor cannot be computed with");
  return Dtype::i64;
}

const TensorType& NodeView::type(std::size_t i) const {
  if (!has(i)) throw Error("input ", i, " is left out, it is needed");
  return types_.at(i);
}
namespace {
Dtype file_type_of(const Value& value, Dtype computed) {
  const Dtype dtype = value.data ? value.data->type.dtype : value.type ? value.type->dtype : computed;
  return dtype != Dtype::string && plan_dtype(dtype) == computed ? dtype : computed;
}
}  // namespace
Dtype NodeView::file_type(std::size_t i) const { return file_type_of(graph_.value(node_.in.at(i)), type(i).dtype); }
Dtype NodeView::file_type_out(std::size_t i) const { return wants_output(i) ? file_type_of(graph_.value(node_.out[i]), Dtype::i64) : Dtype::i64; }
std::string NodeView::told(std::size_t i) const { return lehr::text(TensorType{type(i).dtype == Dtype::i64 ? file_type(i) : type(i).dtype, shape(i)}); }
const Tensor* NodeView::constant(std::size_t i) const { return has(i) ? constants_.at(i) : nullptr; }
Role NodeView::role(std::size_t i) const { return has(i) ? graph_.value(node_.in[i]).role : Role::constant; }
std::string NodeView::input_name(std::size_t i) const { return has(i) ? graph_.value(node_.in[i]).name : std::string(); }

namespace {
template <class T>
const T* attribute(const Node& node, const std::string& name, const char* kind) {
  const auto it = node.attrs.find(name);
  if (it == node.attrs.end()) return nullptr;
  const T* value = std::get_if<T>(&it->second);
  if (!value) throw Error("attribute ", quote(name), " is not ", kind);
  return value;
}
template <class T>
T with_fallback(const T* value, const std::optional<T>& fallback, const std::string& name) {
  if (value) return *value;
  if (!fallback) throw Error("attribute ", quote(name), " is missing");
  return *fallback;
}
}  // namespace

std::int64_t NodeView::integer(const std::string& name, std::optional<std::int64_t> fallback) const {
  return with_fallback(attribute<std::int64_t>(node_, name, "an integer"), fallback, name);
}
float NodeView::real(const std::string& name, std::optional<float> fallback) const {
  return with_fallback(attribute<float>(node_, name, "a float"), fallback, name);
}
std::string NodeView::text(const std::string& name, std::optional<std::string> fallback) const {
  return with_fallback(attribute<std::string>(node_, name, "a string"), fallback, name);
}
std::vector<std::int64_t> NodeView::integers(const std::string& name) const {
  const auto* value = attribute<std::vector<std::int64_t>>(node_, name, "a list of integers");
  return value ? *value : std::vector<std::int64_t>();
}
std::vector<float> NodeView::reals(const std::string& name) const {
  const auto* value = attribute<std::vector<float>>(node_, name, "a list of floats");
  return value ? *value : std::vector<float>();
}
const Tensor* NodeView::tensor(const std::string& name) const {
  const auto* value = attribute<std::shared_ptr<const Tensor>>(node_, name, "a tensor");
  return value ? value->get() : nullptr;
}
void NodeView::need_inputs(std::size_t least, std::size_t most) const {
  std::size_t given = node_.in.size();
  while (given > 0 && !has(given - 1)) --given;
  if (given < least || given > most)
    throw Error(given, " inputs given, ", least == most ? cat(least) : cat(least, " to ", most), " needed");
}
std::vector<std::int64_t> NodeView::constant_integers(std::size_t i) const {
  const Tensor* t = constant(i);
  if (!t) throw Error("input ", i, has(i) ? cat(" (", quote(input_name(i)), ")") : std::string(), " must be known before the run, it is computed from data");
  return t->integers();
}

std::vector<Tensor> Op::fold(std::span<const Tensor* const>) const { return {}; }
bool Op::differentiable(std::size_t) const { return true; }
void Op::backward(Emit&) const { throw Error("has no gradient"); }

std::string table_name(const Node& node) { return node.domain.empty() ? node.op : node.domain + "." + node.op; }

}  // namespace lehr
