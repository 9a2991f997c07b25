#include <fstream>

#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

using namespace lehr;
using ::onnx::ModelProto;
using ::onnx::TensorProto;
using onnx_models::node;
using test::Workplace;

namespace {
constexpr const char* experiment =
    "model: {file: bad.onnx, init: glorot_uniform}\n"
    "data: {file: rows.csv, target: {column: class, classes: [a, b, c]}, split: {validation: 20%, take: tail}}\n"
    "loss: categorical_crossentropy\n"
    "metrics: [accuracy]\n"
    "optimizer: {type: sgd}\n"
    "lr: 0.1\n"
    "epochs: 1\n"
    "batch: 10\n";

// 50 rows of `features` columns and a class.
std::string rows(int features) {
  std::string out;
  for (int c = 0; c < features; ++c) out += cat("f", c, ",");
  out += "class\n";
  for (int r = 0; r < 50; ++r) {
    for (int c = 0; c < features; ++c) out += cat((r * 7 + c * 5) % 13, ",");
    out += cat("abc"[r % 3], "\n");
  }
  return out;
}

TensorProto& weight(ModelProto& m) { return *m.mutable_graph()->mutable_initializer(onnx_models::W1); }
void external(ModelProto& m, const std::string& location, const std::string& length = "96") {
  weight(m) = onnx_models::external("W1", {4, 6}, {{"location", location}, {"offset", "0"}, {"length", length}});
}
void dims(ModelProto& m, std::int64_t rows, std::int64_t columns) {
  weight(m).set_dims(0, rows);
  weight(m).set_dims(1, columns);
}

struct Row {
  const char* what;
  void (*spoil)(ModelProto&);
  int code;
  std::vector<std::string> says;
};
const Row table[] = {
    {"unknown operator", [](ModelProto& m) { m.mutable_graph()->mutable_node(1)->set_op_type("Ralu"); }, 3, {"bad.onnx", "'act'", "Ralu", "Relu"}},
    {"two unknown operators",
     [](ModelProto& m) {
       m.mutable_graph()->mutable_node(0)->set_op_type("Gemn");
       m.mutable_graph()->mutable_node(1)->set_op_type("Ralu");
     },
     3,
     {"Gemn", "Ralu"}},
    {"no trainable weight",
     [](ModelProto& m) {
       m.mutable_graph()->clear_initializer();
       onnx_models::set_nodes(m, {node("Relu", {"x"}, {"y"}, "act")});
       *m.mutable_graph()->mutable_output(0) = onnx_models::info("y", {"N", "4"});
     },
     3,
     {"bad.onnx", "no trainable weight"}},
    {"other feature count",
     [](ModelProto& m) {
       *m.mutable_graph()->mutable_input(0) = onnx_models::info("x", {"N", "5"});
     },
     3,
     {"bad.onnx", "'fc1'", "5", "4"}},
    {"other class count",
     [](ModelProto& m) {
       onnx_models::set_nodes(m, {node("Gemm", {"x", "W1", "B1"}, {"y"}, "fc1")});
     },
     3,
     {"3 classes", "[10,6]"}},
    {"cyclic graph", [](ModelProto& m) { m.mutable_graph()->mutable_node(0)->set_input(0, "r"); }, 2, {"bad.onnx", "cycle", "'fc1'", "'act'"}},
    {"undefined input", [](ModelProto& m) { m.mutable_graph()->mutable_node(1)->set_input(0, "nowhere"); }, 2, {"bad.onnx", "'act'", "'nowhere'"}},
    {"a name that could move the cursor", [](ModelProto& m) { m.mutable_graph()->mutable_node(1)->set_input(0, "\x1b[2Jgone"); }, 2, {"\\x1b[2Jgone"}},
    {"dims that overflow", [](ModelProto& m) { dims(m, std::int64_t{1} << 40, std::int64_t{1} << 40); }, 2, {"bad.onnx", "'W1'", "1099511627776"}},
    {"dims that wrap to what is there", [](ModelProto& m) { dims(m, (std::int64_t{1} << 62) + 2, 12); }, 2, {"bad.onnx", "'W1'"}},
    {"a negative dim", [](ModelProto& m) { dims(m, -4, -6); }, 2, {"'W1'", "-4"}},
    {"data shorter than dims say", [](ModelProto& m) { weight(m).mutable_raw_data()->resize(92); }, 2, {"'W1'", "92", "96"}},
    {"dims of 100 TB without data",
     [](ModelProto& m) {
       dims(m, 5'000'000, 5'000'000);
       weight(m).clear_raw_data();
     },
     2,
     {"'W1'"}},
    {"external data above the folder", [](ModelProto& m) { external(m, "../secret.bin"); }, 2, {"'W1'", "../secret.bin"}},
    {"external data by an absolute path", [](ModelProto& m) { external(m, "/etc/passwd"); }, 2, {"'W1'", "/etc/passwd"}},
    {"external data through a link", [](ModelProto& m) { external(m, "link.bin"); }, 2, {"'W1'", "link.bin"}},
    {"external data that is not there", [](ModelProto& m) { external(m, "nothing.bin"); }, 2, {"'W1'", "nothing.bin"}},
    {"external data that is too short", [](ModelProto& m) { external(m, "rows.csv", "96000000"); }, 2, {"'W1'", "96000000"}},
    {"an opset nobody knows", [](ModelProto& m) { m.mutable_opset_import(0)->set_version(99); }, 2, {"opset 99"}},
    {"no graph", [](ModelProto& m) { m.clear_graph(); }, 2, {"no graph"}},
};
}  // namespace

TEST_CASE("a bad model is refused with the node or tensor at fault, and nothing is written", "[cli][bad]") {
  Workplace place;
  place.write("bad.yaml", experiment);
  place.write("rows.csv", rows(4));
  place.write("bad.onnx", onnx_models::bytes(onnx_models::mlp()));
  std::filesystem::create_symlink("/etc/passwd", place.path("link.bin"));
  const auto good = place.lehr("run bad.yaml --dry-run");
  INFO(good.both());
  REQUIRE(good.code == 0);
  for (const Row& row : table) {
    INFO(row.what);
    ModelProto model = onnx_models::mlp();
    row.spoil(model);
    place.write("bad.onnx", onnx_models::bytes(model));
    const std::string before = place.snapshot();
    for (const char* command : {"run bad.yaml", "plan bad.yaml"}) {
      const auto ran = place.lehr(command);
      INFO(command << "\n" << ran.both());
      CHECK(ran.code == row.code);
      for (const auto& part : row.says) {
        INFO("expected: " << part);
        CHECK(ran.err.find(part) != std::string::npos);
      }
      CHECK(ran.err.find('\x1b') == std::string::npos);
    }
    CHECK(place.lehr("validate bad.yaml").code == row.code);
    CHECK(place.lehr("inspect bad.onnx").code <= 3);
    CHECK(place.snapshot() == before);
  }
}

TEST_CASE("a table with another number of features than the model takes", "[cli][bad]") {
  Workplace place;
  place.write("bad.yaml", experiment);
  place.write("rows.csv", rows(6));
  place.write("bad.onnx", onnx_models::bytes(onnx_models::mlp()));
  const auto ran = place.lehr("run bad.yaml");
  INFO(ran.both());
  CHECK(ran.code == 3);
  for (const char* part : {"'x'", "takes 4 values a row", "has 6", "rows.csv"}) CHECK(ran.err.find(part) != std::string::npos);
  CHECK_FALSE(place.exists("runs"));
}

TEST_CASE("files that are no model: empty, cut, random, 2 GiB of nothing", "[cli][bad]") {
  Workplace place;
  place.write("bad.yaml", experiment);
  place.write("rows.csv", rows(4));
  const std::string good = onnx_models::bytes(onnx_models::mlp());
  std::string noise;
  for (std::uint32_t i = 0, x = 1; i < 5000; ++i) noise += static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
  std::vector<std::string> files{"", noise, "model: {file: x}\n", std::string(100, '\xff')};
  for (std::size_t keep = 1; keep < good.size(); keep += 37) files.push_back(good.substr(0, keep));
  for (const auto& file : files) {
    place.write("bad.onnx", file);
    const std::string before = place.snapshot();
    const auto ran = place.lehr("run bad.yaml");
    INFO(file.size() << " bytes\n" << ran.both());
    CHECK(ran.code == 2);
    CHECK(ran.err.find("bad.onnx") != std::string::npos);
    CHECK(place.snapshot() == before);
  }
  std::filesystem::resize_file(place.path("bad.onnx"), std::uintmax_t{1} << 31);
  for (const char* command : {"run bad.yaml", "inspect bad.onnx"}) {
#ifdef __SANITIZE_ADDRESS__
    const char* const limit = "";  // its shadow memory does not fit any
#else
    const char* const limit = "ulimit -v 8000000;";
#endif
    const auto ran = place.lehr(command, limit);
    INFO(ran.both());
    CHECK(ran.code == 2);
    CHECK(ran.err.find("bad.onnx") != std::string::npos);
  }
  CHECK_FALSE(place.exists("runs"));
}
