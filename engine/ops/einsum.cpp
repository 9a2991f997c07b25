// Einsum of one or two operands. Over the loop nest of all labels, out += a * b; the derivative is the same nest with the
// roles exchanged: d a += d out * b. Where labels fall into batch, rows, columns and summed ones it runs as a matrix product.
#include <algorithm>
#include <map>

#include "engine/dnnl/matmul.h"
#include "engine/ops/families.h"
#include "engine/ops/move.h"

namespace lehr {

namespace {

using Label = int;  // a letter, or -1, -2, … for the dimensions of an ellipsis from its last one

struct Equation {
  std::vector<std::string> in;
  std::string out;
  bool implicit = false;
};

Equation parse(const std::string& text, std::size_t operands) {
  Equation e;
  std::string compact;
  for (const char ch : text)
    if (ch != ' ') compact += ch;
  const auto arrow = compact.find("->");
  e.implicit = arrow == std::string::npos;
  e.in = split(compact.substr(0, arrow), ',');
  if (!e.implicit) e.out = compact.substr(arrow + 2);
  if (e.in.size() != operands) throw Error("equation ", quote(text), " has ", e.in.size(), " terms for ", operands, " inputs");
  const auto check = [&](std::string term) {
    if (const auto dots = term.find("..."); dots != std::string::npos) term.erase(dots, 3);
    for (const char ch : term)
      if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')))
        throw Error("equation ", quote(text), " holds ", quote(std::string(1, ch)), ", only letters, commas, ... and -> are known");
  };
  for (const std::string& term : e.in) check(term);
  check(e.out);
  return e;
}

// One label per dimension of a shape (outputs: of the ellipsis' rank).
std::vector<Label> labels(const std::string& term, std::size_t ellipsis) {
  std::vector<Label> out;
  for (std::size_t i = 0; i < term.size(); ++i) {
    if (term[i] != '.') {
      out.push_back(term[i]);
      continue;
    }
    for (std::size_t k = ellipsis; k > 0; --k) out.push_back(-static_cast<Label>(k));
    i += 2;
  }
  return out;
}

// Strides of each operand (0: the output, then the inputs) over all labels.
struct Contraction {
  Shape dims;
  std::vector<Shape> strides;
  std::vector<Shape> shapes;
};

std::vector<Label> implicit_output(const std::vector<std::vector<Label>>& in, std::size_t ellipsis) {
  std::map<Label, int> count;
  for (const auto& term : in)
    for (const Label l : term) ++count[l];
  std::vector<Label> out = labels(ellipsis > 0 ? "..." : "", ellipsis);
  for (const auto& [label, n] : count)
    if (label > 0 && n == 1) out.push_back(label);
  return out;
}

Contraction contraction(const NodeView& node, const std::string& text) {
  const Equation equation = parse(text, node.inputs());
  std::size_t ellipsis = 0;
  std::vector<std::vector<Label>> terms(1);
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    const std::size_t rank = node.shape(i).size();
    const bool dots = equation.in[i].find('.') != std::string::npos;
    const std::size_t letters = equation.in[i].size() - (dots ? 3 : 0);
    if (dots ? letters > rank : letters != rank)
      throw Error("term ", quote(equation.in[i]), " of equation ", quote(text), " does not fit input ", i, " ", node.shape(i));
    terms.push_back(labels(equation.in[i], rank - letters));
    ellipsis = std::max(ellipsis, rank - letters);
  }
  terms[0] = equation.implicit ? implicit_output({terms.begin() + 1, terms.end()}, ellipsis) : labels(equation.out, ellipsis);
  std::map<Label, std::int64_t> sizes;
  for (std::size_t i = 0; i < node.inputs(); ++i)
    for (std::size_t d = 0; d < terms[i + 1].size(); ++d) {
      const std::int64_t size = node.shape(i)[d];
      auto& known = sizes.try_emplace(terms[i + 1][d], size).first->second;
      if (known == 1) known = size;
      if (size != known && size != 1)
        throw Error("equation ", quote(text), " gives one label the sizes ", known, " and ", size, ", inputs ", node.shape(0),
                    node.inputs() > 1 ? cat(" and ", node.shape(1)) : "");
    }
  Contraction c;
  c.shapes.emplace_back();
  for (std::size_t k = 0; k < terms[0].size(); ++k) {
    const Label l = terms[0][k];
    if (!sizes.contains(l) || std::count(terms[0].begin(), terms[0].end(), l) > 1)
      throw Error("the output of equation ", quote(text), " has a label that is in no input, or one twice");
    c.shapes[0].push_back(sizes[l]);
  }
  elements(c.shapes[0]);
  for (std::size_t i = 0; i < node.inputs(); ++i) c.shapes.push_back(node.shape(i));
  for (const auto& [label, size] : sizes) c.dims.push_back(size);
  elements(c.dims);
  for (std::size_t t = 0; t < terms.size(); ++t) {
    const Shape own = lehr::strides(c.shapes[t]);
    Shape steps;
    for (const auto& [label, size] : sizes) {
      std::int64_t step = 0;  // a label twice in one term walks its diagonal
      for (std::size_t d = 0; d < terms[t].size(); ++d)
        if (terms[t][d] == label && c.shapes[t][d] != 1) step += own[d];
      steps.push_back(step);
    }
    c.strides.push_back(steps);
  }
  return c;
}

// out += x * y over the nest.
void contract(Nest<3>& nest, float* out, const float* x, const float* y) {
  const auto& [n, step] = nest.loop(0);
  nest.each(1, [&, size = n, s = step](const auto& at) {
    float* o = out + at[0];
    const float *a = x + at[1], *b = y + at[2];
    if (s[0] == 0) {
      double sum = 0;
      for (std::int64_t i = 0; i < size; ++i) sum += static_cast<double>(a[i * s[1]]) * static_cast<double>(b[i * s[2]]);
      *o = static_cast<float>(static_cast<double>(*o) + sum);
    } else {
      for (std::int64_t i = 0; i < size; ++i) o[i * s[0]] += a[i * s[1]] * b[i * s[2]];
    }
  });
}

// One loop over several labels of a group: their dimension and strides in the two operands that have them, if they merge.
struct Group {
  std::int64_t size = 1;
  std::int64_t first = 0, second = 0;
  bool empty = true;
  bool add(std::int64_t dim, std::int64_t a, std::int64_t b) {  // labels come with falling strides of `first`
    if (!empty && (first != a * dim || second != b * dim)) return false;
    size *= dim;
    first = a;
    second = b;
    empty = false;
    return true;
  }
};

// target = x y as a matrix product, if the strides allow it. 0: batch (all three), rows (target, x), columns (target, y), summed (x, y).
std::optional<onednn::MatmulSpec> as_product(const Shape& dims, const Shape& t, const Shape& x, const Shape& y) {
  std::vector<std::size_t> order(dims.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return std::max(t[a], x[a]) > std::max(t[b], x[b]); });
  Group rows, columns, summed;
  onednn::MatmulSpec spec;
  for (const std::size_t d : order) {
    if (dims[d] == 1) continue;
    const bool in_t = t[d] != 0, in_x = x[d] != 0, in_y = y[d] != 0;
    if (in_t && in_x && in_y) {
      spec.a.push_back(dims[d]), spec.b.push_back(dims[d]), spec.c.push_back(dims[d]);
      spec.a_strides.push_back(x[d]), spec.b_strides.push_back(y[d]), spec.c_strides.push_back(t[d]);
    } else if (!(in_t && in_x   ? rows.add(dims[d], t[d], x[d])
                 : in_t && in_y ? columns.add(dims[d], t[d], y[d])
                                : in_x && in_y && summed.add(dims[d], x[d], y[d]))) {
      return std::nullopt;
    }
  }
  const auto finish = [](Shape& shape, Shape& steps, std::int64_t r, std::int64_t c, std::int64_t by_row, std::int64_t by_column) {
    if (r == 1) by_row = std::max<std::int64_t>(by_column * c, 1);
    if (c == 1) by_column = by_row == 1 && r > 1 ? r : 1;
    shape.insert(shape.end(), {r, c});
    steps.insert(steps.end(), {by_row, by_column});
    return (by_row == 1 && by_column >= r) || (by_column == 1 && by_row >= c);
  };
  if (!finish(spec.a, spec.a_strides, rows.size, summed.size, rows.second, summed.first)) return std::nullopt;
  if (!finish(spec.b, spec.b_strides, summed.size, columns.size, summed.second, columns.second)) return std::nullopt;
  if (!finish(spec.c, spec.c_strides, rows.size, columns.size, rows.first, columns.first)) return std::nullopt;
  return spec.c_strides.back() == 1 && spec.c.size() <= 6 ? std::optional(spec) : std::nullopt;  // else x and y change places
}

constexpr std::int64_t primitive_from = 1 << 14;  // multiplications below which the loop wins over the primitive's call

class Einsum : public Op {
 public:
  Einsum(const NodeView& node, Contraction c) : c_(std::move(c)) {
    for (std::size_t i = 0; i < node.inputs(); ++i) need_dtype(node, i, Dtype::f32);
  }
  std::vector<TensorType> infer() const override { return {{Dtype::f32, c_.shapes[0]}}; }

  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override {
    if (elements(c_.dims) > fold_limit) return {};
    for (const Tensor* t : in)
      if (t == nullptr) return {};
    Tensor out(infer()[0]);
    float* o = out.as<float>().data();
    if (in.size() == 1) {
      Nest<2> nest(c_.dims, {c_.strides[0], c_.strides[1]});
      accumulate(nest, o, in[0]->as<float>().data());
    } else {
      Nest<3> nest(c_.dims, {c_.strides[0], c_.strides[1], c_.strides[2]});
      contract(nest, o, in[0]->as<float>().data(), in[1]->as<float>().data());
    }
    return {out};
  }

  void forward(Emit& e) const override {
    const Target out{e.out(0), false};
    if (c_.shapes.size() == 2)
      sum(e, "sum", 0, out, 1, e.in(0));
    else
      product(e, "einsum", 0, out, 1, e.in(0), 2, e.in(1));
  }
  void backward(Emit& e) const override {
    for (std::size_t i = 0; i + 1 < c_.shapes.size(); ++i) {
      if (!e.wants(i)) continue;
      if (!e.has_grad(0))
        zero_grad(e, i);
      else if (c_.shapes.size() == 2)
        sum(e, "sum gradient", 1, e.grad_in(0), 0, e.grad_out(0));
      else
        product(e, i == 0 ? "einsum dA" : "einsum dB", i + 1, e.grad_in(i), 0, e.grad_out(0), 2 - i, e.in(1 - i));
    }
  }

 private:
  // target (operand t) = or += x (operand a), over all labels.
  void sum(Emit& e, const char* what, std::size_t t, Target target, std::size_t a, Buffer x) const {
    std::vector<Buffer> reads{x};
    if (target.add) reads.push_back(target.buffer);
    e.step({.what = what, .impl = "loop"}, std::move(reads), {target.buffer},
           [target, x, nest = Nest<2>(c_.dims, {c_.strides[t], c_.strides[a]}), count = elements(c_.shapes[t])](const Memory& m) -> Run {
             return [to = m.f32(target.buffer), from = m.f32(x), nest, count, add = target.add]() mutable {
               if (!add) std::fill_n(to, count, 0.0f);
               accumulate(nest, to, from);
             };
           });
  }
  // target (operand t) = or += x (operand a) * y (operand b).
  void product(Emit& e, const char* what, std::size_t t, Target target, std::size_t a, Buffer x, std::size_t b, Buffer y) const {
    std::vector<Buffer> reads{x, y};
    if (target.add) reads.push_back(target.buffer);
    const double flops = 2 * static_cast<double>(elements(c_.dims));
    if (elements(c_.dims) >= primitive_from) {
      auto spec = as_product(c_.dims, c_.strides[t], c_.strides[a], c_.strides[b]);
      if (!spec) {
        std::swap(x, y);
        spec = as_product(c_.dims, c_.strides[t], c_.strides[b], c_.strides[a]);
        if (!spec) std::swap(x, y);
      }
      if (spec) {
        spec->add = target.add;
        const onednn::Prepared prepared = onednn::matmul(*spec);
        std::vector<Buffer> writes{target.buffer};
        const Buffer scratch = prepared.scratchpad > 0 ? e.temp(prepared.scratchpad) : Buffer{};
        if (prepared.scratchpad > 0) writes.push_back(scratch);
        e.step({what, prepared.impl, flops}, std::move(reads), std::move(writes), [prepared, target, x, y, scratch](const Memory& m) -> Run {
          return prepared.bind({m.at(x), m.at(y), m.at(target.buffer)}, scratch.id < 0 ? nullptr : m.at(scratch));
        });
        return;
      }
    }
    e.step({what, "loop", flops}, std::move(reads), {target.buffer},
           [target, x, y, nest = Nest<3>(c_.dims, {c_.strides[t], c_.strides[a], c_.strides[b]}), count = elements(c_.shapes[t])](const Memory& m) -> Run {
             return [to = m.f32(target.buffer), p = m.f32(x), q = m.f32(y), nest, count, add = target.add]() mutable {
               if (!add) std::fill_n(to, count, 0.0f);
               contract(nest, to, p, q);
             };
           });
  }
  Contraction c_;
};

std::unique_ptr<Op> einsum(const NodeView& node) {
  if (node.inputs() < 1 || node.inputs() > 2) throw Error("Einsum with ", node.inputs(), " inputs is not supported, only with 1 or 2");
  return std::make_unique<Einsum>(node, contraction(node, node.text("equation")));
}

}  // namespace

void add_einsum(OpTable& table) { table.add("Einsum", 12, einsum); }

}  // namespace lehr
