// Every operator the engine knows has its row of traits, and nothing but rows speaks of operators by name.
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "engine/ops/standard.h"
#include "graph/onnx/signatures.h"
#include "graph/traits/traits.h"
#include "tests/support/catch.h"

namespace fs = std::filesystem;

namespace lehr {

// Read and told of, but not run.
const std::set<std::string, std::less<>> not_run = {"Attention",
                                                    "Bernoulli",
                                                    "GRU",
                                                    "GlobalLpPool",
                                                    "IsInf",
                                                    "IsNaN",
                                                    "LRN",
                                                    "LSTM",
                                                    "LpPool",
                                                    "RNN",
                                                    "RandomNormal",
                                                    "RandomNormalLike",
                                                    "RandomUniform",
                                                    "RandomUniformLike",
                                                    "Resize",
                                                    "Upsample",
                                                    "ai.onnx.ml.Binarizer",
                                                    "ai.onnx.ml.CastMap",
                                                    "ai.onnx.ml.LabelEncoder",
                                                    "ai.onnx.ml.ZipMap",
                                                    "com.microsoft.Attention",
                                                    "com.microsoft.FusedConv",
                                                    "com.microsoft.FusedGemm",
                                                    "com.microsoft.FusedMatMul",
                                                    "com.microsoft.SkipLayerNormalization"};

TEST_CASE("every operator has a row of traits, and every row an operator", "[ops]") {
  for (const std::string& name : standard_ops().names()) {
    INFO(name);
    CHECK(has_traits(name));
    CHECK_FALSE(not_run.contains(name));
  }
  std::string before;
  for (const Traits& row : all_traits()) {
    INFO(row.name);
    CHECK(before < row.name);
    CHECK(!row.in.empty());
    CHECK((standard_ops().lookup(std::string(row.name)) || not_run.contains(row.name)));
    before = row.name;
  }
}

// Which versions there are, and what a node of one must look like, is the reader's row of the same name.
TEST_CASE("every row of traits has its signatures by version", "[ops]") {
  for (const Traits& row : all_traits()) {
    const std::string name(row.name);
    if (name.starts_with("lehr.") || not_run.contains(name)) continue;
    INFO(name);
    const auto versions = onnx::signatures().versions(name);
    REQUIRE(!versions.empty());
    std::size_t most = 0;
    for (const int version : versions) {
      const onnx::Signature& signature = onnx::signatures().find(name, version);
      const bool repeated = !signature.in.empty() && signature.in.back().repeated;
      most = std::max(most, repeated ? std::size_t{99} : signature.in.size());
    }
    CHECK(row.in.size() <= most);  // the last slot of a row stands for all further inputs
  }
}

TEST_CASE("no pass compares the name of an operator outside its row", "[ops]") {
  // Patterns of several nodes, which are about operators and nothing else.
  const std::set<std::string> patterns = {
      "graph/passes/fuse.cpp",  "graph/passes/normalize.cpp",  "graph/passes/microsoft.cpp",    "graph/passes/computed_statistics.cpp",
      "graph/passes/tail.cpp",  "graph/passes/tail_rules.cpp", "graph/passes/input_shapes.cpp", "graph/passes/loss.cpp",
      "graph/passes/labels.cpp",
      "engine/train/shared_loss.cpp",  // the sum that graph/passes/loss.cpp writes
      "experiments/cli/init.cpp"};  // which knows again the networks it writes
  const fs::path root = LEHR_SOURCE_DIR;
  const std::regex compared(R"re(((\.|->)op(_type\(\))?\s*[!=]=\s*"|\bis\([^)]*"[A-Z]|\bop\.(starts|ends)_with|one_of\([^"]*"[A-Z]|&Node::op))re");
  std::size_t seen = 0;
  for (const char* folder : {"graph/passes", "engine/train", "experiments/run", "experiments/report", "experiments/cli"})
    for (const auto& entry : fs::directory_iterator(root / folder)) {
      const std::string file = std::string(folder) + "/" + entry.path().filename().string();
      if (patterns.contains(file)) continue;
      ++seen;
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) {
        INFO(file << ": " << line);
        CHECK_FALSE(std::regex_search(line, compared));
      }
    }
  CHECK(seen > 80);
}

}  // namespace lehr
