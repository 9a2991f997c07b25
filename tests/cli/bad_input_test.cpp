#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "tests/cli/program.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::experiment;
using test::Workplace;

namespace {
struct Bad {
  const char* what;
  std::string yaml;
  int code;
  std::vector<std::string> says;  // parts of the message
};

// Runs, and checks that the message is there, that nothing on disk changed, and that the program did not crash.
void refused(const Workplace& place, const std::string& arguments, int code, const std::vector<std::string>& says) {
  const std::string before = place.snapshot();
  const auto ran = place.lehr(arguments);
  INFO(ran.both());
  CHECK(ran.code == code);
  for (const auto& part : says) {
    INFO("expected: " << part);
    CHECK(ran.err.find(part) != std::string::npos);
  }
  CHECK(ran.err.find('\x1b') == std::string::npos);
  CHECK(place.snapshot() == before);
}

std::string numbers_csv(const std::string& last_row) {
  std::string out;
  for (int row = 0; row < 40; ++row) {
    for (int c = 0; c < 34; ++c) out += std::to_string((row * 7 + c * 3) % 11) + ",";
    out += row % 2 ? "g\n" : "b\n";
  }
  return out + last_row;
}
std::string row_with(const std::string& cell, const std::string& last = "g") {
  std::string out = cell;
  for (int c = 1; c < 34; ++c) out += ",1";
  return out + "," + last + "\n";
}
}  // namespace

TEST_CASE("a bad experiment file is refused with line, column and advice", "[cli][bad]") {
  const std::vector<Bad> table = {
      {"misspelt key", experiment("epochs: 2", "epoch: 2"), 2, {"bad.yaml:10:1:", "'epoch'", "epochs", "^"}},
      {"misspelt nested key", experiment("momentum", "momentun"), 2, {"bad.yaml:8:", "'momentun'", "momentum"}},
      {"misspelt optimizer", experiment("type: sgd", "type: sgdd"), 2, {"bad.yaml:8:", "sgdd", "sgd"}},
      {"misspelt metric", experiment("accuracy", "acuracy"), 2, {"bad.yaml:7:", "acuracy", "accuracy"}},
      {"misspelt loss", experiment("binary_crossentropy", "binary_crosentropy"), 2, {"bad.yaml:6:", "binary_crossentropy"}},
      {"duplicate key", experiment("batch: 28\n", "batch: 28\nbatch: 30\n"), 2, {"bad.yaml:12:1:", "batch"}},
      {"wrong type", experiment("epochs: 2", "epochs: many"), 2, {"bad.yaml:10:9:", "many"}},
      {"list instead of number", experiment("epochs: 2", "epochs: [2]"), 2, {"bad.yaml:10:"}},
      {"missing unit", experiment("lr: 0.1", "lr: {type: step, initial: 0.1, factor: 0.5, every: 10}"), 2, {"bad.yaml:9:", "epochs", "steps"}},
      {"unknown schedule", experiment("lr: 0.1", "lr: {type: cosin, from: 0.1, to: 0}"), 2, {"bad.yaml:9:", "cosin", "cosine"}},
      {"formula error", experiment("lr: 0.1", "lr: 0.1 * (1 + step"), 2, {"bad.yaml:9:", "column"}},
      {"unknown name in a formula", experiment("lr: 0.1", "lr: 0.1 * stap"), 2, {"bad.yaml:9:", "stap", "step"}},
      {"negative hyperparameter", experiment("momentum: 0.8", "momentum: -0.8"), 2, {"bad.yaml:8:", "-0.8"}},
      {"negative rate", experiment("lr: 0.1", "lr: -0.1"), 2, {"bad.yaml:9:", "-0.1"}},
      {"not a number", experiment("lr: 0.1", "lr: .nan"), 2, {"bad.yaml:9:"}},
      {"a schedule that becomes negative", experiment("lr: 0.1", "lr: 0.1 - 0.02 * step"), 2, {"bad.yaml:9:"}},
      {"phases that end before the run", experiment("lr: 0.1", "lr: [{type: linear, from: 0.1, to: 0.05, for: 1 epochs}]"), 2, {"bad.yaml:9:"}},
      {"phases beyond the run",
       experiment("lr: 0.1", "lr: [{type: linear, from: 0.1, to: 0.05, for: 3 epochs}, {type: constant, value: 0.05}]"),
       2,
       {"bad.yaml:9:"}},
      {"no rate", experiment("lr: 0.1\n", ""), 2, {"lr"}},
      {"several at once", experiment("epochs: 2", "epochs: 0") + "bach: 3\n", 2, {"bad.yaml:10:", "bad.yaml:13:", "bach"}},
      {"second document", experiment() + "---\na: 1\n", 2, {"bad.yaml:13:"}},
      {"alias", experiment("epochs: 2", "epochs: &e 2"), 2, {"bad.yaml:10:"}},
      {"missing data file", experiment("ionosphere.csv", "nowhere.csv"), 2, {"nowhere.csv"}},
      {"missing model file", experiment("mlp-34-34-1.onnx", "nowhere.onnx"), 2, {"nowhere.onnx"}},
      {"pattern that matches nothing", experiment() + "params: {\"fc9.*\": {lr_scale: 2}}\n", 2, {"bad.yaml:13:", "fc9.*", "fc1.weight"}},
      {"target column out of range", experiment("column: -1", "column: 40"), 2, {"40", "35"}},
      {"class missing from the list", experiment("classes: [b, g]", "classes: [b, x]"), 3, {"'g'", "line 1"}},
      {"batch larger than the data", experiment("batch: 28", "batch: {size: 1000, last: drop}"), 3, {"bad.yaml:11:", "1000", "235", "last: keep"}},
      {"regression metric on classes", experiment("accuracy, auc", "rmse"), 2, {"bad.yaml:7:", "rmse"}},
      {"three classes for a binary loss", experiment("classes: [b, g]", "classes: [b, g, x]"), 3, {"needs 2 classes", "has 3 (b, g, x)"}},
      {"scores do not fit the loss", experiment("loss: binary_crossentropy", "loss: categorical_crossentropy"), 2, {"Sigmoid", "binary_crossentropy"}},
  };
  Workplace place;
  for (const Bad& bad : table) {
    INFO(bad.what);
    place.write("bad.yaml", bad.yaml);
    refused(place, "run bad.yaml", bad.code, bad.says);
  }
}

TEST_CASE("a bad table is refused with row and column", "[cli][bad]") {
  struct Row { const char* what; std::string csv; int code; std::vector<std::string> says; };
  const std::vector<Row> table = {
      {"empty", "", 2, {"bad.csv"}},
      {"header only", "a,b,c\n", 2, {"bad.csv"}},
      {"ragged row", numbers_csv("1,2,3\n"), 2, {"line 41", "3", "35"}},
      {"text in a number column", numbers_csv(row_with("oops")), 3, {"line 41", "oops"}},
      {"missing cell", numbers_csv(row_with("?")), 3, {"line 41"}},
      {"inf cell", numbers_csv(row_with("inf")), 3, {"line 41", "inf"}},
      {"unknown class", numbers_csv(row_with("1", "q")), 2, {"line 41", "'q'"}},
      {"wrong feature count", "1,2,b\n3,4,g\n5,6,b\n7,8,g\n9,1,b\n2,3,g\n", 3, {"34", "2"}},
      {"NUL bytes", numbers_csv(std::string("\0\0\0,1\n", 6)), 2, {"bad.csv"}},
  };
  Workplace place;
  for (const Row& row : table) {
    INFO(row.what);
    place.write("bad.csv", row.csv);
    std::string yaml = experiment("ionosphere.csv", "bad.csv");
    yaml.replace(yaml.find("batch: 28"), 9, "batch: 2");
    place.write("bad.yaml", yaml);
    const std::string before = place.snapshot();
    const auto ran = place.lehr("run bad.yaml");
    INFO(ran.both());
    CHECK((ran.code == 2 || ran.code == 3));
    for (const auto& part : row.says) {
      INFO("expected: " << part);
      CHECK(ran.err.find(part) != std::string::npos);
    }
    CHECK(place.snapshot() == before);
  }
}

TEST_CASE("a bad model is refused", "[cli][bad]") {
  Workplace place;
  const std::string good = place.read("mlp-34-34-1.onnx");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string bytes = good;
    REQUIRE(from.size() == to.size());
    for (auto at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + to.size())) bytes.replace(at, from.size(), to);
    return bytes;
  };
  struct Row { const char* what; std::string bytes; std::vector<std::string> says; };
  const std::vector<Row> table = {
      {"empty", "", {"bad.onnx"}},
      {"truncated", good.substr(0, good.size() / 2), {"bad.onnx"}},
      {"random", std::string(3000, '\xA7') + good.substr(7), {"bad.onnx"}},
      {"unknown operator", with("Relu", "Ralu"), {"Ralu", "Relu"}},
      {"undefined input", with("/fc1/Gemm_output_0\x12\x12", "/fc9/Gemm_output_0\x12\x12"), {"/fc9/Gemm_output_0"}},
      {"dims that overflow", with(std::string("\x08\x22\x08\x22\x10\x01", 6), std::string("\x08\x22\x10\x22\x10\x01", 6)), {"bad.onnx"}},
  };
  place.write("bad.yaml", experiment("mlp-34-34-1.onnx", "bad.onnx"));
  for (const Row& row : table) {
    INFO(row.what);
    place.write("bad.onnx", row.bytes);
    const auto ran = place.lehr("run bad.yaml");
    INFO(ran.both());
    CHECK((ran.code == 2 || ran.code == 3));
    for (const auto& part : row.says) CHECK(ran.err.find(part) != std::string::npos);
    CHECK_FALSE(place.exists("runs"));
    CHECK(place.lehr("inspect bad.onnx").code < 128);
  }
  std::ofstream(place.path("bad.onnx"), std::ios::trunc).close();
  std::filesystem::resize_file(place.path("bad.onnx"), std::uintmax_t{1} << 31);
  const auto sparse = place.lehr("run bad.yaml");
  INFO(sparse.both());
  CHECK((sparse.code == 2 || sparse.code == 3));
}

TEST_CASE("folders that are in the way or cannot be written", "[cli][bad]") {
  Workplace place;
  place.write("good.yaml", experiment());
  std::filesystem::create_directories(place.path("runs/good"));
  place.write("runs/good/mine.txt", "mine");
  refused(place, "run good.yaml", 2, {"runs/good", "--out"});
  refused(place, "run good.yaml --force", 2, {"runs/good", "not made by a run"});
  refused(place, "run good.yaml --out ionosphere.csv", 2, {"ionosphere.csv"});
  refused(place, "run good.yaml --out ionosphere.csv/x", 1, {"ionosphere.csv"});
  // A disk that is full: no file may grow beyond 2 blocks.
  const auto ran = place.lehr("run good.yaml --out full", "trap '' XFSZ; ulimit -f 2;");
  INFO(ran.both());
  CHECK(ran.code == 1);
  CHECK(ran.err.find("cannot write") != std::string::npos);
  CHECK(place.read("runs/good/mine.txt") == "mine");
}

TEST_CASE("a run that diverges stops with the step and the tensor, and keeps the last good state", "[cli][bad]") {
  Workplace place;
  std::string yaml = experiment("lr: 0.1", "lr: 1e30");
  yaml.replace(yaml.find("repeat: {seeds: 2}"), 18, "repeat: {seeds: 1}");
  place.write("bad.yaml", yaml);
  const auto ran = place.lehr("run bad.yaml");
  INFO(ran.both());
  CHECK(ran.code == 4);
  CHECK(ran.err.find("step") != std::string::npos);
  CHECK(ran.err.find("not finite") != std::string::npos);
  CHECK(place.status("runs/bad/seed-0").find("diverged") != std::string::npos);
}

TEST_CASE("bad command lines", "[cli][bad]") {
  Workplace place;
  refused(place, "rum", 2, {"'rum'", "run"});
  refused(place, "run", 2, {"file"});
  refused(place, "run nothing.yaml", 2, {"nothing.yaml"});
  refused(place, "run --jobs 0 x.yaml", 2, {"jobs"});
  refused(place, "run --sedes 3 x.yaml", 2, {"--sedes"});
  place.write("good.yaml", experiment());
  refused(place, "run good.yaml --only nothing", 2, {"nothing"});
  refused(place, "run good.yaml --set epochs=x", 2, {"epochs"});
  refused(place, "explain lrr", 2, {"lr"});
  refused(place, "predict mlp-34-34-1.onnx ionosphere.csv", 2, {"preprocess"});
}
