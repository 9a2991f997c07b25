#include "graph/passes/new_head.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/rng.h"
#include "graph/passes/facts.h"
#include "graph/passes/labels.h"
#include "graph/passes/loss.h"
#include "graph/passes/passes.h"
#include "graph/passes/uses.h"
#include "graph/traits/shapes.h"
#include "graph/traits/traits.h"

namespace lehr {

namespace {
class Finder {
 public:
  Finder(const Graph& file, const LossSpec& loss, std::int64_t width) : file_(file), loss_(loss) {
    out_.width = width;
    graph_ = file;
    normalize(graph_);
    known_ = facts(graph_);
    uses_.emplace(graph_);
    live_.resize(graph_.values().size());
    for (const ValueId in : graph_.inputs) mark(live_, in);
    follow(live_);
  }

  NewHead run() {
    const Head head = find_head(graph_, loss_.kind, loss_.output, loss_.scores);
    const Node& layer = find_layer(head);
    replace(layer);
    if (out_.width != out_.old_width) check_behind(layer);
    declare(layer);
    leave_labels(head);
    return std::move(out_);
  }

 private:
  static void mark(std::vector<bool>& set, ValueId id) { set.at(static_cast<std::size_t>(id)) = true; }
  static bool in(const std::vector<bool>& set, ValueId id) { return id != no_value && set.at(static_cast<std::size_t>(id)); }
  // All that is computed from values of the set.
  void follow(std::vector<bool>& set) const {
    for (const Node& node : graph_.nodes())
      if (std::ranges::any_of(node.in, [&](ValueId id) { return in(set, id); }))
        for (const ValueId id : node.out)
          if (id != no_value) mark(set, id);
  }

  // The sizes of a value that does not depend on the batch.
  std::optional<Shape> shape(ValueId id) const {
    if (has_data(graph_, id)) return graph_.value(id).data->shape();
    const auto& dims = known_.at(static_cast<std::size_t>(id)).dims;
    if (!dims) return std::nullopt;
    Shape out;
    for (const Extent& size : *dims) out.push_back(size.number());
    return std::ranges::any_of(out, [](std::int64_t n) { return n < 0; }) ? std::nullopt : std::optional(out);
  }

  // The slot of the only input that is computed from the rows.
  std::optional<std::size_t> live_slot(const Node& node) const {
    std::optional<std::size_t> slot;
    for (std::size_t i = 0; i < node.in.size(); ++i) {
      if (!in(live_, node.in[i])) continue;
      if (slot) return std::nullopt;
      slot = i;
    }
    return slot;
  }
  // Besides that, one number each, or settings.
  bool alone(const Node& node, std::size_t slot) const {
    for (std::size_t i = 0; i < node.in.size(); ++i) {
      if (i == slot || node.in[i] == no_value || traits(node).slot(i).purpose == Purpose::setting) continue;
      const auto size = shape(node.in[i]);
      if (!size || elements(*size) != 1) return false;
    }
    return true;
  }
  static bool pools(const Node& node) {
    const ShapeRule rule = traits(node).shape;
    return rule == shape_rules::global_pooling || rule == shape_rules::pooling || rule == shape_rules::reduce;
  }
  static bool layer_kind(const Node& node) {
    const Traits& row = traits(node);
    return row.product &&
           (row.fans == FanRule::filter ? row.shape == shape_rules::convolution : row.shape == shape_rules::gemm || row.shape == shape_rules::matmul);
  }

  const Node& find_layer(const Head& head) {
    ValueId at = head.value;
    const std::string scores = quote(graph_.value(at).name);
    for (;;) {
      const Node* node = uses_->maker(at);
      if (!node) throw Error("model.head: ", scores, " is computed by no layer that could be replaced");
      const auto slot = live_slot(*node);
      if (slot && layer_kind(*node)) return *node;
      if (slot && traits(*node).does == Does::add && node->in.size() == 2) {
        const Node* product = uses_->maker(node->in[*slot]);
        if (product && live_slot(*product) && layer_kind(*product) && uses_->only_one(node->in[*slot])) {
          added_ = node, added_slot_ = 1 - *slot;
          return *product;
        }
      }
      const bool passes = slot && alone(*node, *slot) && (traits(*node).elementwise || traits(*node).carries || pools(*node));
      if (!passes)
        throw Error("model.head: in front of the scores ", scores, " stands ", describe(graph_, *node),
                    ", which is no affine layer (Gemm, MatMul with Add, Conv) and ", slot ? "not of each score alone" : "joins several branches",
                    ": there is no last layer to replace");
      at = node->in[*slot];
    }
  }

  void replace(const Node& layer) {
    out_.layer = describe(file_, file_node(layer));
    const std::size_t data = *live_slot(layer), slot = 1 - data;
    if (data > 1 || layer.in.size() < 2 || layer.in[slot] == no_value) throw Error("model.head: ", out_.layer, " has no stored weight");
    const auto old = shape(layer.in[slot]);
    const auto axes = old ? fan_axes(layer, slot, old->size()) : std::nullopt;
    if (!axes || (traits(layer).fans != FanRule::filter && old->size() != 2))
      throw Error("model.head: the weight ", quote(graph_.value(layer.in[slot]).name), " of ", out_.layer, " is no matrix of known size");
    if (const std::int64_t groups = integer(layer, "group", 1); groups != 1)
      throw Error("model.head: ", out_.layer, " has ", groups, " groups: a layer of another width would need other groups");
    out_.old_width = (*old)[axes->out];
    const std::size_t spatial = old->size() - 2;
    add("head.weight", layer, slot, *old, axes->out);
    if (has_in(layer, 2)) bias(layer, 2, spatial == 0 ? 0 : spatial);
    if (added_) bias(*added_, added_slot_, spatial);
  }

  // Stored along one axis, the last but `behind` of its shape.
  void bias(const Node& node, std::size_t slot, std::size_t behind) {
    const ValueId id = node.in[slot];
    const auto old = in(live_, id) ? std::nullopt : shape(id);
    const bool vector = old && old->size() == 1;
    const std::size_t need = vector ? 1 : behind + 1;
    const std::int64_t count = old ? elements(*old) : 0;
    if (!old || (count != 1 && count != out_.old_width) || (!old->empty() && old->size() < need) || (vector && behind > 0 && &node == added_ && count != 1))
      throw Error("model.head: ", quote(graph_.value(id).name), " in ", describe(graph_, node), " is no bias of ", out_.old_width, " numbers");
    Shape shape = old->empty() ? Shape{1} : *old;
    add("head.bias", node, slot, shape, vector || old->empty() ? shape.size() - 1 : old->size() - 1 - behind);
  }

  void add(const char* name, const Node& node, std::size_t slot, Shape shape, std::size_t axis) {
    const ValueId id = node.in[slot];
    const Value& was = graph_.value(id);
    NewHead::Own own;
    const bool ours = was.name == name && was.data && !was.origin.constant_node && uses_->of(id).size() == 1;
    own.name = ours || file_.find(name) == no_value ? std::string(name) : file_.fresh_name(name);
    own.place = {node.place, slot, {}};
    if (node.place < 0) throw Error("model.head: ", out_.layer, " stands for several nodes of the file, which cannot be replaced");
    own.was = was.name;
    own.old = lehr::Shape(this->shape(id).value());
    shape[axis] = out_.width;
    std::vector<float> values(static_cast<std::size_t>(elements(shape)), 0.0f);
    if (out_.own.empty()) draw(values);
    const Dtype stored = was.type ? was.type->dtype : was.data ? was.data->type.dtype : Dtype::f32;
    own.data = std::make_shared<const Tensor>(convert(Tensor(shape, std::span<const float>(values)), is_float(stored) ? stored : Dtype::f32));
    out_.own.push_back(std::move(own));
  }
  // Any numbers of a common size: each trial draws its own.
  static void draw(std::vector<float>& values) {
    Random random(0, Stream::init, 0);
    const double a = std::sqrt(6.0 / static_cast<double>(values.size() + 1));
    for (float& v : values) v = static_cast<float>((2 * random.uniform() - 1) * a);
  }

  Node file_node(const Node& node) const {
    for (const Node& of_file : file_.nodes())
      if (node.place >= 0 && of_file.place == node.place) return of_file;
    return node;
  }

  std::vector<bool> behind(const Node& layer) const {
    std::vector<bool> out(graph_.values().size());
    mark(out, result(layer));
    follow(out);
    return out;
  }

  // What is stored for the old width behind the layer would not fit any more.
  void check_behind(const Node& layer) {
    const std::vector<bool> after = behind(layer);
    const std::int64_t old = out_.old_width;
    for (const Node& node : graph_.nodes()) {
      if (&node == added_ || label_tail(node)) continue;
      if (std::ranges::none_of(node.in, [&](ValueId id) { return in(after, id); })) continue;
      const bool shapes = traits(node).shape == shape_rules::reshape || traits(node).shape == shape_rules::expand;
      for (std::size_t i = 0; i < node.in.size(); ++i) {
        const ValueId id = node.in[i];
        if (id == no_value || in(live_, id) || !has_data(graph_, id)) continue;
        const Tensor& data = *graph_.value(id).data;
        const bool holds = traits(node).slot(i).purpose == Purpose::setting
                               ? shapes && i == 1 && !is_float(data.type.dtype) && std::ranges::count(data.integers(), old) > 0
                               : data.size() > 1 && std::ranges::find(data.shape(), old) != data.shape().end();
        if (holds)
          throw Error("model.head: ", describe(graph_, node), " behind ", out_.layer, " reads ", quote(graph_.value(id).name), " ", data.shape(),
                      ", which is made for its ", old, " outputs");
      }
    }
  }

  void declare(const Node& layer) {
    if (out_.width == out_.old_width) return;
    const std::vector<bool> after = behind(layer);
    for (const ValueId id : file_.outputs) {
      const Value& v = file_.value(id);
      if (!in(after, id) || !v.type || !v.type->dims) continue;
      std::vector<std::size_t> of_width;
      for (std::size_t i = 0; i < v.type->dims->size(); ++i)
        if ((*v.type->dims)[i].size == out_.old_width) of_width.push_back(i);
      for (const std::size_t i : of_width) out_.dims[v.name][i] = of_width.size() == 1 ? Dim{out_.width, ""} : Dim{};  // several: left open
    }
  }

  // A list of names makes an output name the old classes.
  void leave_labels(const Head& head) {
    if (label_lists(file_).empty()) return;
    std::vector<bool> labels(graph_.values().size());
    for (const Node& node : graph_.nodes())
      if (label_tail(node) || std::ranges::any_of(node.in, [&](ValueId id) { return in(labels, id); }))
        for (const ValueId id : node.out)
          if (id != no_value) mark(labels, id);
    for (const ValueId id : file_.outputs)
      if (in(labels, id)) out_.labels.push_back(file_.value(id).name);
    if (out_.labels.size() == file_.outputs.size()) out_.answer = head.answer;
  }

  const Graph& file_;
  const LossSpec& loss_;
  Graph graph_;  // normalized: the file's values and places, fewer spellings
  std::vector<Facts> known_;
  std::optional<Uses> uses_;
  std::vector<bool> live_;
  const Node* added_ = nullptr;  // the Add behind the product
  std::size_t added_slot_ = 0;
  NewHead out_;
};
}  // namespace

std::string NewHead::text() const {
  std::vector<std::string> before, after;
  for (const Own& each : own) before.push_back(cat(quote(each.was), " ", each.old)), after.push_back(cat(each.name, " ", each.data->shape()));
  return cat(layer, " (", join(before, ", "), ") gives way to ", join(after, ", "));
}

NewHead new_head(const Graph& file, const LossSpec& loss, std::int64_t width) { return Finder(file, loss, width).run(); }

}  // namespace lehr
