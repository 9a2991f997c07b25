#include "engine/train/feed.h"

#include "tests/plan/net.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::test;

namespace {
// Two inputs and a target; what each gets can be read back.
struct Model {
  Net net;
  std::unique_ptr<Trained> trained;
  explicit Model(bool two = true) {
    const ValueId x = net.rows("x", 2);
    const ValueId all =
        two ? net.node("Add", {x, net.node("Cast", {net.input("ids", {{-1, "N"}, {1, ""}}, Dtype::i64)}, "f", {{"to", std::int64_t{1}}})}, "all") : x;
    const ValueId y = net.node("Sub", {all, net.rows("target", 1)}, "y");
    CompileOptions options;
    options.outputs = {y}, options.batch = 2;
    trained = std::make_unique<Trained>(net.graph, options);
  }
  Plan& plan() { return trained->plan; }
};
Field floats(const std::string& name, std::int64_t width) { return {name, {width}, Dtype::f32, ramp({4, width}, 1, 1), {}}; }
Field whole(const std::string& name) { return {name, {}, Dtype::i64, {}, {10, 20, 30, 40}}; }
Dataset table(std::vector<Field> features, Field target) {
  Dataset d;
  d.source = "some.csv", d.rows = 4, d.features = std::move(features), d.target = std::move(target);
  return d;
}
std::string refusal(Model& m, const Dataset& data, const std::string& target = "target") {
  try {
    const Feed feed(m.plan(), data, target);
  } catch (const Error& error) {
    CHECK(error.code() == Exit::mismatch);
    return error.what();
  }
  return "";
}
std::vector<float> got(Model& m, const std::string& name) {
  const auto v = m.plan().input_f32(name);
  return {v.begin(), v.end()};
}
}  // namespace

TEST_CASE("rows go to the inputs of their names", "[train]") {
  Model m;
  const Dataset data = table({whole("ids"), floats("x", 2)}, floats("label", 1));
  const Feed feed(m.plan(), data, "target");
  const std::int32_t rows[] = {3, 1};
  feed.fill(rows);
  CHECK(got(m, "x") == std::vector<float>{7, 8, 3, 4});
  CHECK(got(m, "target") == std::vector<float>{4, 2});
  CHECK(m.plan().input_i64("ids")[0] == 40);
  CHECK(m.plan().input_i64("ids")[1] == 20);
}

TEST_CASE("one field feeds the one input, class indices become numbers where the loss takes floats", "[train]") {
  Model m(false);
  const Dataset data = table({floats("", 2)}, whole("label"));
  const Feed feed(m.plan(), data, "target");
  const std::int32_t rows[] = {0, 2};
  feed.fill(rows);
  CHECK(got(m, "x") == std::vector<float>{1, 2, 5, 6});
  CHECK(got(m, "target") == std::vector<float>{10, 30});
}

TEST_CASE("data that do not fit the model are refused with both sides named", "[train]") {
  Model two, one(false);
  CHECK(refusal(one, table({floats("", 3)}, floats("label", 1))) == "input 'x' takes 2 values a row (float32[2,2]), the data has 3 ('' of some.csv)");
  CHECK(refusal(one, table({floats("", 2)}, floats("label", 2))) == "input 'target' takes 1 values a row (float32[2,1]), the data has 2 ('label' of some.csv)");
  CHECK(refusal(two, table({floats("x", 2), floats("ids", 1)}, floats("label", 1))) == "input 'ids' is int64, the data 'ids' of some.csv is float32");
  CHECK(refusal(two, table({floats("x", 2), whole("idx")}, floats("label", 1))) ==
        "the model's input 'ids' gets no data, did you mean 'idx'? (the data has x, idx)");
  CHECK(says(refusal(two, table({floats("x", 2)}, floats("label", 1))), "the model's input 'ids' gets no data"));
  CHECK(says(refusal(one, table({{"x", {2}, Dtype::i64, {}, std::vector<std::int64_t>(8, 1)}}, floats("label", 1))),
             "input 'x' is float32, the data 'x' of some.csv is int64"));
  CHECK(refusal(two, table({floats("x", 2), whole("ids")}, floats("label", 1))) == "");
}

TEST_CASE("an array of bytes feeds an input of floats and one of integers", "[train]") {
  Model m;
  const auto stored = [](std::vector<std::uint8_t> values, std::int64_t width) {
    const auto owner = std::make_shared<std::vector<std::uint8_t>>(std::move(values));
    Stored out(Dtype::u8, width);
    out.add({owner, reinterpret_cast<const std::byte*>(owner->data()), static_cast<std::int64_t>(owner->size()) / width});
    return out;
  };
  Field x{"x", {1, 2}, Dtype::u8, {}, {}}, ids{"ids", {}, Dtype::u8, {}, {}};
  x.stored = stored({1, 2, 3, 4, 5, 6, 7, 8}, 2), ids.stored = stored({10, 20, 30, 40}, 1);
  x.stored.scale({0}, {0.5});
  const Dataset data = table({ids, x}, floats("label", 1));
  const Feed feed(m.plan(), data, "target");
  const std::int32_t rows[] = {3, 1};
  feed.fill(rows);
  CHECK(got(m, "x") == std::vector<float>{3.5f, 4, 1.5f, 2});
  CHECK(m.plan().input_i64("ids")[0] == 40);
  ids.stored.scale({0}, {0.5});
  CHECK_THAT(refusal(m, table({ids, x}, floats("label", 1))), contains("input 'ids' is int64, the data 'ids' of some.csv is uint8, scaled"));
}
