// What `inspect` says of a model, and that the experiment it suggests is one.
#include <filesystem>
#include <regex>

#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::test;
namespace fs = std::filesystem;

namespace {
const fs::path sources = LEHR_SOURCE_DIR;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

// The suggested experiment, "" if there is none.
std::string start_of(const std::string& text) {
  const std::string mark = " A start:\n\n";
  const auto at = text.find(mark);
  return at == std::string::npos ? "" : text.substr(at + mark.size());
}

// A table of the columns and classes the first line of a start tells: "# a row of data.csv: 4 numbers; last the target, one of 3 classes".
std::string table_for(const std::string& start) {
  std::smatch m;
  const std::string first = split(start, '\n').front();
  REQUIRE(std::regex_match(first, m, std::regex("# a row of data.csv: (.*); last the target, (a number|one of (\\d+) classes(: (.*))?)")));
  const std::string columns = m[1];
  const int classes = m[3].matched ? std::stoi(m[3]) : 0;
  std::vector<std::string> labels;
  if (m[5].matched)
    for (const std::string& label : split(m[5].str(), ',')) labels.emplace_back(trim(label));
  if (!m[5].matched)
    for (int i = 0; i < classes; ++i) labels.push_back(cat(i));
  std::smatch number;
  std::string out;
  std::size_t width = 0;
  if (std::regex_match(columns, number, std::regex("(\\d+) (whole )?numbers?"))) {
    width = std::stoul(number[1]);
  } else {
    for (const std::string& name : split(columns, ',')) out += std::string(trim(name)) + ",", ++width;
    out += "the_target\n";
  }
  for (int row = 0; row < std::max(60, 3 * classes); ++row) {
    for (std::size_t i = 0; i < width; ++i) out += (static_cast<std::size_t>(row) + i) % 2 ? "1," : "0,";
    out += classes ? labels.at(static_cast<std::size_t>(row) % labels.size()) + "\n" : cat(row, ".5\n");
  }
  return out;
}

// All that belongs to a model of the corpus, into the place.
void bring(const Workplace& place, const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename() != "case.json") fs::copy(entry.path(), place.path(entry.path().filename().string()), fs::copy_options::overwrite_existing);
}
}  // namespace

TEST_CASE("the experiment inspect suggests is valid for every model it says trains", "[cli]") {
  const Workplace place;
  int starts = 0, without = 0;
  for (const auto& entry : fs::directory_iterator(sources / "tests/corpus/data")) {
    if (!entry.is_directory()) continue;
    INFO(entry.path().filename().string());
    bring(place, entry.path());
    const Ran inspected = place.lehr("inspect model.onnx");
    CHECK((inspected.code == 0) == (count(inspected.out, "\ntrains: ") == 1));
    const std::string start = start_of(inspected.out);
    if (start.empty()) {
      if (inspected.code != 0) continue;
      CHECK(count(inspected.out, " No start: ") == 1);
      ++without;
      continue;
    }
    place.write("start.yaml", start);
    place.write("data.csv", table_for(start));
    const Ran validated = place.lehr("validate start.yaml");
    INFO(start << validated.both());
    CHECK(validated.code == 0);
    ++starts;
  }
  CHECK(starts > 100);
  CHECK(without < 60);
}

TEST_CASE("inspect tells every output, and shows one that is named", "[cli]") {
  const Workplace place;
  fs::copy(sources / "tests/graph/data/heads_opset28.onnx", place.path("m.onnx"));
  const auto valid = [&](const Ran& ran) {
    const std::string start = start_of(ran.out);
    INFO(ran.both());
    REQUIRE(!start.empty());
    place.write("start.yaml", start);
    place.write("data.csv", table_for(start));
    const Ran validated = place.lehr("validate start.yaml");
    INFO(validated.both());
    CHECK(validated.code == 0);
    return start;
  };
  const Ran all = place.lehr("inspect m.onnx");
  INFO(all.both());
  CHECK(all.code == 0);
  CHECK_THAT(all.out, contains("IR 14") && contains("ai.onnx 28"));
  CHECK_THAT(all.out, contains("loss    on 'box': categorical_crossentropy attaches to 'box' (logits), tail: none; trains") &&
                          contains("loss    on 'size: cm': mse attaches to 'size: cm' (logits), tail: none; trains") &&
                          contains("loss    on 'p': categorical_crossentropy attaches to 'z' (logits), tail: Softmax; trains") &&
                          contains("--output NAME shows another one; here is 'box'"));
  CHECK_THAT(valid(all), contains("model: {file: m.onnx, output: box}"));
  CHECK_THAT(valid(place.lehr("inspect m.onnx --output 'size: cm'")), contains("model: {file: m.onnx, output: \"size: cm\"}") && contains("loss: mse"));
  CHECK_THAT(valid(place.lehr("inspect m.onnx --output p")), contains("output: p}") && contains("loss: categorical_crossentropy"));
  const Ran none = place.lehr("inspect m.onnx --output q");
  CHECK(none.code == 2);
  CHECK_THAT(none.err, contains("no output 'q'") && contains("'size: cm'"));
}

TEST_CASE("a model that takes one batch size only gets it in its start", "[cli]") {
  const Workplace place;
  fs::copy(sources / "tests/graph/data/batch_of_four.onnx", place.path("m.onnx"));
  const Ran ran = place.lehr("inspect m.onnx");
  INFO(ran.both());
  const std::string start = start_of(ran.out);
  CHECK_THAT(start, contains("validation: 4 rows") && contains("batch: {size: 4, last: drop}"));
  place.write("start.yaml", start);
  place.write("data.csv", table_for(start));
  CHECK(place.lehr("validate start.yaml").code == 0);
  CHECK(place.lehr("run start.yaml").code == 0);
}

TEST_CASE("inspect knows what passes rewrite", "[cli]") {
  const Workplace place;
  bring(place, sources / "tests/corpus/data/ortext_ts17_softmax3");
  const Ran ran = place.lehr("inspect model.onnx");
  INFO(ran.both());
  CHECK(ran.code == 0);
  CHECK(std::regex_search(ran.out, std::regex("com.microsoft.FusedGemm +1 +\\d+  rewritten")));
  CHECK(!std::regex_search(ran.out, std::regex(" no\n")));
}

TEST_CASE("file names are quoted, control bytes never printed", "[cli]") {
  const Workplace place;
  const fs::path model = sources / "tests/corpus/data/dy22_plain/model.onnx";
  fs::copy(model, place.path("m: 'x', #1.onnx"));
  fs::copy(model, place.path("m\x1b[31m.onnx"));
  const Ran quoted = place.lehr("inspect \"m: 'x', #1.onnx\"");
  INFO(quoted.both());
  CHECK_THAT(quoted.out, contains("model: {file: \"m: 'x', #1.onnx\"}"));
  place.write("start.yaml", start_of(quoted.out));
  place.write("data.csv", table_for(start_of(quoted.out)));
  CHECK(place.lehr("validate start.yaml").code == 0);
  const Ran escape = place.lehr("inspect 'm\x1b[31m.onnx'");
  CHECK(escape.code == 0);
  CHECK(escape.both().find('\x1b') == std::string::npos);
  CHECK_THAT(escape.out, contains("No start: an experiment cannot hold the name 'm\\x1b[31m.onnx'"));
}

TEST_CASE("8,192 nodes of an unknown operator are one sentence", "[cli]") {
  const Workplace place;
  fs::copy(sources / "tests/graph/data/unknown_8192.onnx", place.path("u.onnx"));
  const Ran ran = place.lehr("inspect u.onnx");
  INFO(ran.both());
  CHECK(ran.code == 3);
  CHECK(count(ran.both(), "is not supported") == 1);
  CHECK_THAT(ran.out, contains("8,192 nodes, the first is "));
}

TEST_CASE("a refused file is named once", "[cli]") {
  const Workplace place;
  fs::copy(sources / "tests/graph/data/attr_unknown.onnx", place.path("a.onnx"));
  const Ran ran = place.lehr("inspect a.onnx");
  INFO(ran.both());
  CHECK(ran.code == 2);
  CHECK_THAT(ran.err, contains("unknown attribute 'slope'"));
  CHECK(count(ran.both(), "a.onnx") == 1);
}
