// Comparisons and logic: boolean out, no gradient.
#include "engine/ops/binary_kernels.h"
#include "engine/ops/inputs.h"

namespace lehr {

namespace {

struct EqualOp { template <class T> static std::uint8_t f(T a, T b) { return a == b; } };
struct GreaterOp { template <class T> static std::uint8_t f(T a, T b) { return a > b; } };
struct GreaterOrEqualOp { template <class T> static std::uint8_t f(T a, T b) { return a >= b; } };
struct LessOp { template <class T> static std::uint8_t f(T a, T b) { return a < b; } };
struct LessOrEqualOp { template <class T> static std::uint8_t f(T a, T b) { return a <= b; } };
struct AndOp { static std::uint8_t f(std::uint8_t a, std::uint8_t b) { return a && b; } };
struct OrOp { static std::uint8_t f(std::uint8_t a, std::uint8_t b) { return a || b; } };
struct XorOp { static std::uint8_t f(std::uint8_t a, std::uint8_t b) { return !a != !b; } };

using U8 = std::uint8_t;
template <class F>
BinaryRow order(const char* name) {
  return {.name = name, .f32 = binary_rows<F, float, U8>, .i64 = binary_rows<F, std::int64_t, U8>, .truth = true};
}
template <class F>
BinaryRow logic(const char* name) { return {.name = name, .boolean = binary_rows<F, U8, U8>, .truth = true}; }

const std::vector<BinaryRow>& rows() {
  static const std::vector<BinaryRow> table = [] {
    std::vector<BinaryRow> t{order<EqualOp>("Equal"), order<GreaterOp>("Greater"), order<GreaterOrEqualOp>("GreaterOrEqual"),
                             order<LessOp>("Less"), order<LessOrEqualOp>("LessOrEqual"),
                             logic<AndOp>("And"), logic<OrOp>("Or"), logic<XorOp>("Xor")};
    t[0].boolean = binary_rows<EqualOp, U8, U8>;
    return t;
  }();
  return table;
}

const BinaryRow& find(const std::string& name) {
  for (const BinaryRow& row : rows())
    if (row.name == name) return row;
  throw Error("no comparison called ", quote(name));
}
std::unique_ptr<Op> make_row(const NodeView& node) { return make_binary(node, find(node.op())); }
std::unique_ptr<Op> make_by_axis(const NodeView& node) { return make_binary_by_axis(node, find(node.op())); }

class Not final : public Op {
 public:
  explicit Not(const NodeView& node) : type_(node.type(0)) {
    node.need_inputs(1, 1);
    need(node, 0, Dtype::boolean);
  }
  std::vector<TensorType> infer() const override { return {type_}; }
  bool differentiable(std::size_t) const override { return false; }
  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override {
    if (!in[0]) return {};
    Tensor out(type_);
    negate(in[0]->as<U8>().data(), out.as<U8>().data(), out.size());
    return {out};
  }
  void forward(Emit& e) const override {
    const Buffer in = e.in(0), out = e.out(0);
    e.step({"Not", "own", 0}, {in}, {out}, [in, out, n = elements(type_.shape)](const Memory& m) -> Run {
      return [x = m.u8(in), y = m.u8(out), n] { negate(x, y, n); };
    });
  }

 private:
  static void negate(const U8* x, U8* y, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) y[i] = !x[i];
  }
  TensorType type_;
};

}  // namespace

void add_compare(OpTable& table) {
  for (const char* name : {"Equal", "Greater", "Less", "And", "Or", "Xor"}) table.add(name, 1, make_by_axis);
  for (const int version : {7, 11, 13, 19}) table.add("Equal", version, make_row);
  for (const char* name : {"Greater", "Less"})
    for (const int version : {7, 9, 13}) table.add(name, version, make_row);
  for (const char* name : {"GreaterOrEqual", "LessOrEqual"})
    for (const int version : {12, 16}) table.add(name, version, make_row);
  for (const char* name : {"And", "Or", "Xor"}) table.add(name, 7, make_row);
  table.add("Not", 1, [](const NodeView& node) -> std::unique_ptr<Op> { return std::make_unique<Not>(node); });
}

}  // namespace lehr
