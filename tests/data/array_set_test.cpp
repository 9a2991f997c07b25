#include "engine/data/array_set.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/data/json.h"
#include "engine/data/preprocess.h"
#include "tests/data/array_files.h"

using namespace lehr;
using namespace lehr::test;

namespace {
using Bytes = std::vector<std::uint8_t>;
// Six rows of two bytes, and labels.
struct Set {
  ArrayFolder folder;
  ArraysSpec spec;
  ArrayUse use;
  SplitOptions split;
  Set() {
    folder.npy("x.npy", Dtype::u8, {6, 2}, Bytes{0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 255});
    folder.npy("y.npy", Dtype::u8, {6}, Bytes{0, 1, 2, 0, 1, 2});
    spec.all = {{{"", folder.path("x.npy")}}, folder.path("y.npy")};
    use.classify = true;
    split.validation_rows = 2, split.take = SplitOptions::Take::tail;
  }
  PreparedArrays prepared() const { return prepare_arrays(spec, use, split); }
  std::string refusal() const {
    try {
      prepared();
    } catch (const Error& error) {
      CHECK(error.code() == Exit::mismatch);
      return error.what();
    }
    return "";
  }
};
std::vector<float> seen(const Field& field, std::int32_t row) {
  std::vector<float> out(static_cast<std::size_t>(field.width()));
  gather(field, std::vector<std::int32_t>{row}, out);
  return out;
}
using Floats = std::vector<float>;
using Names = std::vector<std::string>;
using Indices = std::vector<std::int64_t>;
}  // namespace

TEST_CASE("arrays are held as they are, split and scaled on the way", "[arrays]") {
  Set set;
  set.use.scale = ColumnRule::Scale::divide, set.use.divide = 255;
  const PreparedArrays p = set.prepared();
  CHECK(p.data.rows == 6);
  CHECK(p.data.source == "x.npy");
  CHECK(p.data.features[0].row == Shape{2});
  CHECK(p.data.classes == Names{"0", "1", "2"});
  CHECK(p.data.target.i64 == Indices{0, 1, 2, 0, 1, 2});
  CHECK(p.split.train == std::vector<std::int32_t>{0, 1, 2, 3});
  CHECK(p.split.validation == std::vector<std::int32_t>{4, 5});
  CHECK(seen(p.data.features[0], 5) == Floats{static_cast<float>(100 * (1 / 255.0)), 1});
  CHECK(p.notes.empty());
  set.use.scale = ColumnRule::Scale::none;
  CHECK_THAT(cat(set.prepared().notes), contains("holds bytes, 0 to 255, as they are"));
}

// numpy: x[:4].mean() = 35, x[:4].std() = 22.9128784747792, minmax 0 and 70.
TEST_CASE("standard and minmax are statistics of all values of the training rows", "[arrays]") {
  Set set;
  set.use.scale = ColumnRule::Scale::standard;
  const ArrayPlan standard = set.prepared().plans[0];
  CHECK(standard.shift == Approx(35).epsilon(1e-15));
  CHECK(1 / standard.scale == Approx(22.9128784747792).epsilon(1e-14));
  set.use.scale = ColumnRule::Scale::minmax;
  CHECK(set.prepared().plans[0].shift == 0);
  CHECK(set.prepared().plans[0].scale == 1 / 70.0);
  set.folder.npy("x.npy", Dtype::u8, {6, 2}, Bytes(12, 7));
  set.use.scale = ColumnRule::Scale::standard;
  CHECK(set.prepared().plans[0].scale == 1);  // a constant keeps its scale
  CHECK(seen(set.prepared().data.features[0], 0) == Floats{0, 0});
}

TEST_CASE("rows of files of their own stand behind the others", "[arrays]") {
  Set set;
  set.folder.npy("tx.npy", Dtype::u8, {2, 2}, Bytes{1, 2, 3, 4});
  set.folder.npy("ty.npy", Dtype::u8, {2}, Bytes{2, 0});
  set.spec.test = {{{"", set.folder.path("tx.npy")}}, set.folder.path("ty.npy")};
  const PreparedArrays p = set.prepared();
  CHECK(p.data.rows == 8);
  CHECK(p.split.test == std::vector<std::int32_t>{6, 7});
  CHECK(p.split.validation == std::vector<std::int32_t>{4, 5});
  CHECK(seen(p.data.features[0], 7) == Floats{3, 4});
  CHECK(p.data.target.i64[6] == 2);
  set.spec.validation = set.spec.test, set.split.validation_rows = -1;
  CHECK(set.prepared().split.train.size() == 6);
  CHECK(set.prepared().split.validation == std::vector<std::int32_t>{6, 7});
  CHECK(set.prepared().split.test == std::vector<std::int32_t>{8, 9});
  set.folder.npy("tx.npy", Dtype::f32, {2, 2}, Floats{1, 2, 3, 4});
  CHECK_THAT(set.refusal(), contains("tx.npy) is float32[2,2], x.npy is uint8[6,2]: the same type and shape of rows was expected"));
  set.folder.npy("tx.npy", Dtype::u8, {2, 3}, Bytes(6, 1));
  CHECK_THAT(set.refusal(), contains("is uint8[2,3], x.npy is uint8[6,2]"));
  set.spec.validation.target.clear();
  CHECK_THAT(set.refusal(), contains("data.validation must give the arrays that data gives"));
}

TEST_CASE("labels become classes by what they are", "[arrays]") {
  Set set;
  const auto labels = [&](const std::vector<std::int64_t>& values) { set.folder.npy("y.npy", Dtype::i64, {6}, values); };
  SECTION("names by their place") {
    set.use.classes = {"a", "b", "c"};
    CHECK(set.prepared().data.classes == Names{"a", "b", "c"});
    CHECK_THAT(cat(set.prepared().notes), contains("the labels 0 to 2 are, in this order, a, b, c"));
    labels({0, 1, 2, 3, 1, -1});
    CHECK_THAT(set.refusal(), contains("row 3 (from 0): 3 is not one of the classes a, b, c"));
    CHECK_THAT(set.refusal(), contains("row 5 (from 0): -1 is not one of the classes"));
  }
  SECTION("numbers by their value") {
    set.use.classes = {"2", "1", "0"};
    CHECK(set.prepared().data.target.i64 == Indices{2, 1, 0, 2, 1, 0});
  }
  SECTION("the model's own names") {
    set.use.own_classes = {"a", "b", "c"};
    CHECK(set.prepared().data.classes == Names{"a", "b", "c"});
    set.use.own_classes = {"a", "b"};
    CHECK(set.prepared().data.classes == Names{"0", "1", "2"});
  }
  SECTION("others in their order, which is told") {
    labels({-1, 1, 1, -1, 1, -1});
    CHECK(set.prepared().data.classes == Names{"-1", "1"});
    CHECK(set.prepared().data.target.i64 == Indices{0, 1, 1, 0, 1, 0});
    CHECK_THAT(cat(set.prepared().notes), contains("the labels are -1, 1, not 0 to 1: in this order they are the classes"));
  }
  SECTION("those that do not count") {
    labels({0, 255, 2, 0, 1, 2});
    set.use.ignore = {"255"};
    CHECK(set.prepared().data.classes == Names{"0", "1", "2"});
    CHECK(set.prepared().data.target.i64 == Indices{0, -1, 2, 0, 1, 2});
    set.use.ignore = {"7"};
    CHECK_THAT(set.refusal(), contains("target.ignore names '7', which no label is"));
  }
  SECTION("one-hot rows") {
    set.folder.npy("y.npy", Dtype::f32, {6, 3}, Floats{1, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1});
    CHECK(set.prepared().data.target.i64 == Indices{0, 2, 1, 0, 1, 2});
    set.folder.npy("y.npy", Dtype::f32, {6, 3}, Floats{1, 0, 0, 0, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1});
    CHECK_THAT(set.refusal(), contains("its rows are [3]: a loss over classes takes one whole number a row, or a single 1 among zeros, which row 1"));
  }
  SECTION("fractions are none") {
    set.folder.npy("y.npy", Dtype::f32, {6}, Floats{0, 1, 0.5f, 1, 0, 1});
    CHECK_THAT(set.refusal(), contains("row 2 (from 0) is 0.5, no class: a loss over classes takes whole numbers\n  in 'y.npy'"));
  }
  SECTION("whole floats and truth values are") {
    set.folder.npy("y.npy", Dtype::f32, {6, 1}, Floats{0, 1, 1, 0, 0, 1});
    CHECK(set.prepared().data.target.i64 == Indices{0, 1, 1, 0, 0, 1});
    set.folder.npy("y.npy", Dtype::boolean, {6}, Bytes{0, 1, 1, 0, 0, 1});
    CHECK(set.prepared().data.classes == Names{"0", "1"});
  }
}

TEST_CASE("targets of numbers may have several a row, the input may be its own target", "[arrays]") {
  Set set;
  set.use.classify = false;
  set.folder.npy("y.npy", Dtype::f64, {6, 2}, std::vector<double>{0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5});
  const PreparedArrays p = set.prepared();
  CHECK(p.data.classes.empty());
  CHECK(p.data.target.width() == 2);
  CHECK(seen(p.data.target, 3) == Floats{3, 3.5f});
  CHECK(p.data.target.value(11) == 5.5);
  set.use.target_inputs = true, set.use.scale = ColumnRule::Scale::divide, set.use.divide = 10;
  CHECK(seen(set.prepared().data.target, 0) == Floats{0, 1});
}

TEST_CASE("arrays that do not belong together are refused by name", "[arrays]") {
  Set set;
  set.folder.npy("y.npy", Dtype::u8, {5}, Bytes{0, 1, 2, 0, 1});
  CHECK_THAT(set.refusal(), contains("the arrays have different numbers of rows: the input (x.npy) has 6, the target (y.npy) has 5"));
  set.folder.npy("y.npy", Dtype::u8, {}, Bytes{1});
  CHECK_THAT(set.refusal(), contains("the target (y.npy) is a single number: its first dimension must be the rows"));
  set.folder.npy("y.npy", Dtype::u8, {6}, Bytes{0, 1, 2, 0, 1, 2});
  std::vector<float> bad(12, 1.0f);
  bad[7] = std::numeric_limits<float>::quiet_NaN();
  set.folder.npy("x.npy", Dtype::f32, {6, 2}, bad);
  CHECK_THAT(set.refusal(), contains("the input (x.npy): row 3, value 1 (both from 0) is nan"));
  set.folder.npy("x.npy", Dtype::f64, {6, 2}, std::vector<double>(12, 1e300));
  CHECK_THAT(set.refusal(), contains("row 0, value 0 (both from 0) is 1e+300, beyond the range of float32"));
  set.folder.npy("x.npy", Dtype::f32, {0, 2}, Floats{});
  set.folder.npy("y.npy", Dtype::u8, {0}, Bytes{});
  CHECK_THAT(set.refusal(), contains("has no rows to split"));
  set.spec.all.target.clear();
  CHECK_THAT(set.refusal(), contains("the arrays have no target"));
}

// scikit-learn 1.x: RobustScaler and QuantileTransformer(n_quantiles=8) fitted on 0, 10, …, 70, the values of the training rows.
TEST_CASE("robust and quantiles are the scalers of tables", "[arrays]") {
  Set set;
  set.use.scale = ColumnRule::Scale::robust;
  CHECK(set.prepared().plans[0].shift == 35);
  CHECK(set.prepared().plans[0].scale == 1 / 35.0);
  set.use.scale = ColumnRule::Scale::quantile;
  set.folder.npy("x.npy", Dtype::f32, {6, 2}, Floats{0, 10, 20, 30, 40, 50, 60, 70, 80, 25, 5, 255});
  const PreparedArrays shares = set.prepared();
  CHECK(seen(shares.data.features[0], 4) == Floats{1, static_cast<float>(0.35714285714285715)});
  CHECK(seen(shares.data.features[0], 5)[0] == Approx(0.0714285714).epsilon(1e-6));
  CHECK(seen(shares.data.features[0], 5)[1] == 1);
  CHECK(shares.data.features[0].value(9) == Approx(0.357142857).epsilon(1e-6));
  CHECK(ArrayPlan::parse(json::parse(shares.plans[0].json())) == shares.plans[0]);
  set.use.scale = ColumnRule::Scale::quantile_normal;
  const PreparedArrays normal = set.prepared();
  CHECK(seen(normal.data.features[0], 4)[1] == Approx(-0.36610636).epsilon(1e-6));
  CHECK(seen(normal.data.features[0], 5)[0] == Approx(-1.46523379).epsilon(1e-6));
  CHECK(seen(normal.data.features[0], 5)[1] == Approx(5.19933758).epsilon(1e-6));
  CHECK(ArrayPlan::parse(json::parse(normal.plans[0].json())) == normal.plans[0]);
  const Dataset again = apply_arrays(normal.plans, {{"", set.folder.path("x.npy")}});
  CHECK(seen(again.features[0], 5) == seen(normal.data.features[0], 5));
  set.folder.npy("x.npy", Dtype::f32, {6, 2}, Floats{0, 10, 20, 30, 40, 50, 60, 70, 80, std::numeric_limits<float>::infinity(), 5, 255});
  CHECK_THAT(set.refusal(), contains("row 4, value 1 (both from 0) is inf"));
}

TEST_CASE("statistics of very many values are those of some of them, and that is said", "[arrays]") {
  Set set;
  set.use.scale = ColumnRule::Scale::robust;
  const std::int64_t rows = 600'000;
  std::vector<std::uint8_t> many(static_cast<std::size_t>(rows) * 2);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<std::uint8_t>(i * 2654435761u >> 7);
  set.folder.npy("x.npy", Dtype::u8, {rows, 2}, many);
  set.folder.npy("y.npy", Dtype::u8, {rows}, Bytes(static_cast<std::size_t>(rows), 1));
  const PreparedArrays p = set.prepared();
  CHECK_THAT(cat(p.notes), contains("scale: robust of the input (x.npy) follows from 1,048,576 of the 1,199,996 values of the training rows, "
                                       "drawn at random with seed 0"));
  CHECK(p.plans[0].shift == Approx(127.5).margin(1));
  CHECK(1 / p.plans[0].scale == Approx(128).margin(1));
  CHECK(set.prepared().plans == p.plans);
}

TEST_CASE("a matrix of zeros and ones is labels where the loss is one over labels", "[arrays]") {
  Set set;
  set.spec.labels = true;
  set.folder.npy("y.npy", Dtype::u8, {6, 3}, Bytes{1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 0, 0});
  const PreparedArrays p = set.prepared();
  CHECK(p.data.classes.empty());
  CHECK(seen(p.data.target, 2) == Floats{1, 1, 1});
  CHECK(cat(p.notes).find("every row of the target") == std::string::npos);
  set.folder.npy("y.npy", Dtype::i64, {6, 2}, Indices{1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1});
  CHECK(set.prepared().data.classes.empty());
  CHECK_THAT(cat(set.prepared().notes), contains("every row of the target has a single 1 among 2 values: binary_crossentropy takes them for as many labels; "
                                                 "target: {classes: [A, B]} says that they are classes"));
  set.use.classes = {"no", "yes"};
  CHECK(set.prepared().data.target.i64 == Indices{0, 1, 0, 1, 0, 1});
  set.use.classes = {};
  set.folder.npy("y.npy", Dtype::u8, {6}, Bytes{0, 1, 0, 1, 0, 1});
  CHECK(set.prepared().data.classes == Names{"0", "1"});  // of one value a row they are two classes
}

// StandardScaler of scikit-learn on the four training rows.
TEST_CASE("a target of arrays is scaled column by column", "[arrays]") {
  Set set;
  set.use.classify = false, set.use.target_standard = true;
  set.folder.npy("y.npy", Dtype::i32, {6, 2}, std::vector<std::int32_t>{1, 10, 2, 20, 4, 10, 5, 30, 9, 9, 7, 7});
  const PreparedArrays p = set.prepared();
  CHECK(p.data.target_scaling.shift == std::vector<double>{3, 17.5});
  CHECK(1 / p.data.target_scaling.scale[0] == Approx(1.58113883).epsilon(1e-8));
  CHECK(1 / p.data.target_scaling.scale[1] == Approx(8.29156198).epsilon(1e-8));
  CHECK(seen(p.data.target, 5)[0] == Approx(2.52982213).epsilon(1e-6));
  CHECK(seen(p.data.target, 5)[1] == Approx(-1.26634765).epsilon(1e-6));
  CHECK(target_value(p.data, 5, 1) == Approx(7).epsilon(1e-6));
  const auto [means, rmse] = mean_answer(p.data, p.split.train, p.split.validation);
  CHECK(means[0] == Approx(3).epsilon(1e-6));
  CHECK(rmse == Approx(std::sqrt((36 + 16 + 8.5 * 8.5 + 10.5 * 10.5) / 4)).epsilon(1e-6));
  Preprocess saved;
  saved.arrays = p.plans, saved.target_scaling = p.data.target_scaling;
  CHECK(Preprocess::parse(saved.json()) == saved);
  set.use.target_standard = false;  // what a model was trained with wins over what the experiment says now
  const Dataset applied = apply_arrays(p.plans, p.data.target_scaling, set.prepared().data);
  CHECK(seen(applied.target, 5) == seen(p.data.target, 5));
}

TEST_CASE("row weights of arrays", "[arrays]") {
  Set set;
  set.folder.npy("w.npy", Dtype::f64, {6, 1}, std::vector<double>{0, 1, 2, 0.5, 1, 1});
  set.spec.all.row_weight = set.folder.path("w.npy");
  CHECK(set.prepared().data.row_weights == Floats{0, 1, 2, 0.5f, 1, 1});
  set.folder.npy("w.npy", Dtype::f64, {6}, std::vector<double>{0, 1, -2, 0.5, 1, 1});
  CHECK_THAT(set.refusal(), contains("the row weights (w.npy): row 2 (from 0) is -2, a row weight is a number at least 0"));
  set.folder.npy("w.npy", Dtype::u8, {6}, Bytes(6, 0));
  CHECK_THAT(set.refusal(), contains("no row has a weight above 0"));
  set.folder.npy("w.npy", Dtype::u8, {5}, Bytes(5, 1));
  CHECK_THAT(set.refusal(), contains("the row weights (w.npy) has 5"));
  set.folder.npy("w.npy", Dtype::u8, {6, 2}, Bytes(12, 1));
  CHECK_THAT(set.refusal(), contains("one number each was expected"));
  set.folder.npy("w.npy", Dtype::u8, {6}, Bytes(6, 1));
  set.split.validation_rows = -1;
  set.spec.validation = {set.spec.all.inputs, set.spec.all.target};
  CHECK_THAT(set.refusal(), contains("with a target, with row weights"));
  set.spec.validation.row_weight = set.spec.all.row_weight;
  CHECK(set.prepared().data.row_weights.size() == 12);
}

TEST_CASE("unsigned 64-bit integers are taken where exact, else refused by value", "[arrays]") {
  using Longs = std::vector<std::uint64_t>;
  Set set;
  constexpr std::uint64_t odd = (std::uint64_t{1} << 53) + 1, high = std::uint64_t{1} << 63;
  set.folder.npy("x.npy", Dtype::u64, {6, 2}, Longs{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, high, 11});
  CHECK(seen(set.prepared().data.features[0], 5) == Floats{9223372036854775808.0f, 11});
  set.use.integer_inputs = {""};
  CHECK_THAT(set.refusal(), contains("the input (x.npy): row 5, value 0 (both from 0) is 9223372036854775808, which no int64 holds"));
  set.folder.npy("x.npy", Dtype::u64, {6, 2}, Longs{0, 1, 2, 3, 4, 5, 6, 7, 8, odd, 10, 11});
  const Field field = set.prepared().data.features[0];
  std::vector<std::int64_t> whole(2);
  gather(field, std::vector<std::int32_t>{4}, whole);
  CHECK(whole == Indices{8, 9007199254740993});
  set.use.integer_inputs = {};
  CHECK_THAT(set.refusal(), contains("row 4, value 1 (both from 0) is 9007199254740993, which no float64 holds exactly"));
  set.folder.npy("x.npy", Dtype::u8, {6, 2}, Bytes(12, 7));
  set.folder.npy("y.npy", Dtype::u64, {6}, Longs{odd, odd - 1, odd, odd, odd - 1, odd});
  CHECK(set.prepared().data.classes == Names{"9007199254740992", "9007199254740993"});
  CHECK(set.prepared().data.target.i64 == Indices{1, 0, 1, 1, 0, 1});
  set.folder.npy("y.npy", Dtype::u64, {6}, Longs{0, 1, 0, 1, high, 1});
  CHECK_THAT(set.refusal(), contains("row 4, value 0 (both from 0) is 9223372036854775808, which no int64 holds"));
}

TEST_CASE("columns of an array that tell nothing are pointed out", "[arrays]") {
  Set set;
  set.folder.npy("x.npy", Dtype::i32, {6, 3}, std::vector<std::int32_t>{0, 5, 7, 1, 5, 9, 2, 5, 1, 3, 5, 2, 4, 5, 0, 5, 5, 7});
  CHECK_THAT(cat(set.prepared().notes), contains("the input (x.npy): column 1 (from 0) has the same value in all rows"));
  CHECK_THAT(cat(set.prepared().notes), contains("the input (x.npy): column 0 (from 0) numbers the rows"));
}

TEST_CASE("what was learnt is saved, read and applied to another array", "[arrays]") {
  Set set;
  set.use.scale = ColumnRule::Scale::standard;
  const PreparedArrays p = set.prepared();
  const ArrayPlan read = ArrayPlan::parse(json::parse(p.plans[0].json()));
  CHECK(read == p.plans[0]);
  set.folder.npy("other.npy", Dtype::u8, {1, 2}, Bytes{20, 255});
  const Dataset applied = apply_arrays({read}, {{"", set.folder.path("other.npy")}});
  CHECK(seen(applied.features[0], 0)[0] == seen(p.data.features[0], 1)[0]);
  CHECK(seen(applied.features[0], 0)[1] == seen(p.data.features[0], 5)[1]);
  set.folder.npy("other.npy", Dtype::u8, {1, 3}, Bytes{1, 2, 3});
  CHECK_THAT(error_of([&] {
               apply_arrays({read}, {{"", set.folder.path("other.npy")}});
             }),
             contains("the input of other.npy has rows of shape [3], the model was trained on [2]"));
  set.folder.npy("other.npy", Dtype::f32, {1, 2}, Floats{1, 2});
  CHECK_THAT(error_of([&] { apply_arrays({read}, {{"", set.folder.path("other.npy")}}); }), contains("is float32, the model was trained on uint8"));
}

TEST_CASE("folds of arrays", "[arrays][folds]") {
  Set set;
  set.split = {}, set.split.fold = FoldOptions{.k = 2, .stratify = true};
  std::vector<std::int32_t> kept;
  for (set.split.fold->index = 0; set.split.fold->index < 2; ++set.split.fold->index) {
    const PreparedArrays p = set.prepared();
    CHECK(p.split.validation.size() == 3);
    std::vector<std::int64_t> met;
    for (const std::int32_t row : p.split.validation) kept.push_back(row), met.push_back(p.data.target.i64[static_cast<std::size_t>(row)]);
    std::ranges::sort(met);
    CHECK(met == Indices{0, 1, 2});
  }
  std::ranges::sort(kept);
  CHECK(kept == std::vector<std::int32_t>{0, 1, 2, 3, 4, 5});

  // Validation rows of their own choose, the fold scores.
  set.split.fold->index = 1;
  const auto fold = set.prepared().split.validation;
  set.spec.validation = set.spec.all;
  const Split own = set.prepared().split;
  CHECK(own.test == fold);
  CHECK(own.validation == std::vector<std::int32_t>{6, 7, 8, 9, 10, 11});
  set.spec.validation = {}, set.spec.test = set.spec.all;
  CHECK_THAT(set.refusal(), contains("data.test and folds exclude each other"));
  set.spec.test = {};
  set.split.fold->group = "patient";
  CHECK_THAT(set.refusal(), contains("folds.group: arrays have no named columns, as 'patient', to deal folds by"));
  set.split.fold = FoldOptions{.column = "site", .value = "a"};
  CHECK_THAT(set.refusal(), contains("folds.column: arrays have no named columns, as 'site', to deal folds by"));
  set.split.fold = FoldOptions{.k = 3, .stratify = true};
  CHECK_THAT(set.refusal(), contains("folds.stratify: class '0' has 2 rows, too few for one in each of 3 folds"));
}
