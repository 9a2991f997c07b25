#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/shape.h"

namespace lehr::onnx {

// An operator of ONNX on a number, with a second operand where it takes one.
struct RawStep {
  const char* op;
  std::optional<double> operand = {};
  bool operator==(const RawStep& other) const { return std::string_view(op) == other.op && operand == other.operand; }
};
// What becomes of one column of a table: a number x = (steps(raw) - shift) * scale in double, rounded to float; a whole number as it is; the code of its
// category, which is its place in the list; or that as 0/1 columns; or 1 where the cell is missing.
struct RawColumn {
  enum class Kind { number, integer, code, one_hot, indicator } kind = Kind::number;
  std::string name;
  std::int64_t index = 0;                 // in the table
  std::vector<RawStep> steps;
  double shift = 0, scale = 1;
  std::vector<double> knots;              // instead of them: the place among these quantiles, 0 to 1
  std::optional<double> fill;             // stands for NaN; of categories that are numbers, too
  bool text = false;                      // categories are names, else numbers
  std::vector<std::string> names;
  std::vector<double> numbers;
  std::vector<std::string> missing;       // names that get `fill_code`
  std::optional<std::int64_t> fill_code;
  std::optional<std::int64_t> unknown_code;  // of what is no category
  bool unknown_zeros = false;                // one_hot: it has no 1, nor has a missing one without fill_code
  bool category() const { return kind == Kind::code || kind == Kind::one_hot; }
  bool as_it_is() const { return !category() && kind != Kind::indicator && steps.empty() && shift == 0 && scale == 1 && knots.empty() && !fill; }
};
// An array that an input is made of: rows of this type and shape, each value becomes what the one column says (shift and scale, or knots).
struct RawArray {
  Dtype dtype = Dtype::f32;
  Shape row;
};
// An input of the model, made of columns. The file's tensor has the rows in dimension `batch_axis`, `row` are its others.
struct RawInput {
  std::string name;
  Shape row;
  std::size_t batch_axis = 0;
  std::vector<RawColumn> columns;
  std::optional<RawArray> array = {};  // the file takes it even where its values go in as they are: its type is another
};

// An input of the written file: [N, columns], of columns by their place in the table; or of an array [N, row…], its number the only column.
struct RawFeed {
  enum class Type { f64, i64, text } type = Type::f64;
  std::string name;
  std::vector<std::int64_t> columns;
  std::optional<RawArray> array = {};
  std::int64_t width() const { return array ? elements(array->row) : static_cast<std::int64_t>(columns.size()); }
};
// "x double[N,34]"
std::string text(const RawFeed& feed);

// What a written file computes in front of the network stands in nodes whose outputs begin so; the metadata entry says it in the caller's words.
inline constexpr const char *front_prefix = "lehr.preprocess/", *front_key = "lehr.preprocess";
// No category: past every table an embedding can have, so that a Gather refuses it, and no category of a OneHotEncoder.
inline constexpr std::int64_t no_category = std::int64_t{1} << 40;

// A scaled target: what the network gives is put into the target's own unit behind it, y = x * factor + offset element by element. The reader takes that away
// again, as it does with a front.
struct TargetUnit {
  std::string output;
  Shape shape;  // of factor and offset, beside the output's
  std::vector<double> factor, offset;
};
inline constexpr const char* unit_prefix = "lehr.target/";

// The file without its front and its target's unit, the bytes as they are where it has none. Error: it cannot be parsed.
std::string without_front(const std::string& bytes);

// What the front of a written file makes of cells, its nodes taken one by one as the standard says: each input of the network, rows in front.
struct RawCells {
  std::vector<double> numbers;  // [rows, width]; of i64, too
  std::vector<std::string> texts;
};
// `feeds` and `cells` in the same order. Error: a node that no front has, a category that is none.
std::map<std::string, std::vector<double>> run_front(const std::string& bytes, const std::vector<RawFeed>& feeds, const std::vector<RawCells>& cells,
                                                     const std::map<std::string, std::size_t>& batch_axes, std::int64_t rows);

// What the nodes of the target's unit make of the network's output, [rows, factors].
std::vector<double> run_unit(const std::string& bytes, std::vector<double> outputs);

}  // namespace lehr::onnx
