#pragma once
#include <functional>
#include <string>
#include <vector>

#include "engine/plan/plan.h"

// One row per operator variant. check_op() compares forward in both modes with a double-precision reference and the gradient
// of every parameter with central differences of that reference, under each way an input can be wanted and accumulated.
namespace lehr::cases {

// Reference arithmetic: integers and booleans are whole numbers here too.
struct Array {
  Shape shape;
  std::vector<double> values;
  double operator[](std::size_t i) const { return values[i]; }
  double& operator[](std::size_t i) { return values[i]; }
  std::size_t size() const { return values.size(); }
};
using Arrays = std::vector<Array>;
using Reference = std::function<Arrays(const Arrays& in)>;  // inputs left out are empty

// parameter: trained and checked against differences; data: a graph input; constant: known when compiling.
enum class Feed { parameter, data, constant, none };
struct OpInput {
  Feed feed = Feed::none;
  Dtype dtype = Dtype::f32;  // f32, i64, boolean
  Shape shape;
  std::vector<double> values;              // empty: uniform in [low, high), at least 0.02 from every kink
  double low = -2, high = 2;
  std::vector<double> kinks;
};
OpInput parameter(Shape shape, double low = -2, double high = 2, std::vector<double> kinks = {});
OpInput parameter(Shape shape, std::vector<double> values);
OpInput data(Shape shape, double low = -2, double high = 2);
OpInput data(Shape shape, std::vector<double> values, Dtype dtype = Dtype::f32);
OpInput constant(Shape shape, std::vector<double> values, Dtype dtype = Dtype::f32);
OpInput integers(std::vector<double> values);  // a constant i64 vector
OpInput left_out();

struct OpCase {
  std::string op, domain = {};
  int opset = 1;
  std::string variant = {};              // what is special, for messages
  Attributes attrs = {};
  std::vector<OpInput> in = {};
  Reference reference = {};              // every declared output
  std::vector<Dtype> outputs = {Dtype::f32};
  std::size_t graded = 1;                // the first so many outputs feed the loss; 0: no gradient
  Reference evaluate = {};               // Mode::evaluate, where it differs
  double tolerance = 1e-5;               // of outputs, relative to their norm
  double each = 0;                       // if > 0 every output element: |y - r| <= each * max(|r|, 1e-3 of the largest)
  double gradient_tolerance = 1e-5;      // relative to the gradient's norm
  double difference = 1e-5;              // step of the central differences, relative to max(1, |x|)
};

void check_op(const OpCase& c);
void check_ops(const std::vector<OpCase>& rows);
// The Error that inspecting and compiling the row ends in, "" if none.
std::string op_error(const OpCase& c);
// Names and versions that `add` registers but no row covers; each as "Softmax 11".
std::vector<std::string> uncovered(void (*add)(OpTable&), const std::vector<OpCase>& rows);

// The row's node alone, for tests that look at more than check_op does: role of input i is feed's unless `state[i]`.
struct Built {
  Graph graph;
  std::vector<ValueId> in, out;  // no_value where left out
  ValueId loss = no_value;       // sum over graded outputs of projection * y
};
Built build(const OpCase& c, const std::vector<OpInput>& in);
std::vector<Array> fill(const OpCase& c);   // the values of the inputs, as f32 holds them
const OpTable& test_ops();                  // standard_ops() and the test's own nodes
double projection(std::size_t output, std::size_t element);  // the loss' weight of an output element

// References.
Reference map(std::function<double(double)> f);                       // out = f(in 0)
Reference zip(std::function<double(double, double)> f);               // out = f(in 0, in 1), broadcast
Array zip(const Array& a, const Array& b, const std::function<double(double, double)>& f);
Array filled(const Shape& shape, double value = 0);

}  // namespace lehr::cases
