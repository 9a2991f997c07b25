// Keys that only the model shows to be wrong: each with its place, all of a file at once, exit code 2.
#include <algorithm>

#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::experiment;
using test::Workplace;

namespace {
// `model` and `params` of the short experiment.
std::string with(const std::string& model, const std::string& more) {
  std::string out = experiment();
  const auto at = out.find("model:"), end = out.find('\n', at);
  return out.substr(0, at) + "model: " + model + out.substr(end) + more;
}
}  // namespace

TEST_CASE("keys that name what the model does not have are told together, with their places", "[cli][bad]") {
  const Workplace place;
  place.write("e.yaml", with("{file: mlp-34-34-1.onnx, output: prob, untie: [\"fc9*\"], init: {\"fc1.wieght\": zeros}}",
                             "params:\n  \"fc7.*\": {role: constant}\n  \"*.bais\": {freeze: true}\n  \"fc8.*\": {lr_scale: 2}\n"));
  for (const char* command : {"run", "validate", "plan"}) {
    const auto ran = place.lehr(cat(command, " e.yaml"));
    INFO(command << "\n" << ran.both());
    CHECK(ran.code == 2);
    const std::string text = ran.both();
    for (const char* part : {"the model has no output 'prob'", "pattern 'fc9*' matches no stored tensor",
                             "pattern 'fc1.wieght' matches no stored tensor, did you mean 'fc1.weight'?",
                             "pattern 'fc7.*' matches", "pattern '*.bais' matches", "pattern 'fc8.*' matches"}) {
      INFO(part);
      CHECK(text.find(part) != std::string::npos);
    }
    std::size_t places = 0;
    for (std::size_t at = 0; (at = text.find("e.yaml:", at)) != std::string::npos; ++at)
      if (std::isdigit(static_cast<unsigned char>(text[at + 7]))) ++places;
    CHECK(places == 6);
    CHECK_FALSE(place.exists("runs"));
  }
}

TEST_CASE("a pattern that matches a tensor which is no parameter has its place, too", "[cli][bad]") {
  const Workplace place;
  place.write("e.yaml", with("mlp-34-34-1.onnx", "params:\n  \"fc1.*\": {role: constant}\n  \"fc1.weight\": {freeze: true}\n"));
  const auto ran = place.lehr("validate e.yaml");
  INFO(ran.both());
  CHECK(ran.code == 2);
  CHECK(ran.out.find("the pattern 'fc1.weight' matches no parameter") != std::string::npos);
  CHECK(ran.out.find("e.yaml:") < ran.out.find("the pattern 'fc1.weight'"));
  place.write("e.yaml", with("{file: mlp-34-34-1.onnx, init: {\"fc1.*\": zeros}}", "params:\n  \"fc1.*\": {role: constant}\n  \"fc1.bias\": {lr_scale: 3}\n"));
  const auto both = place.lehr("run e.yaml");
  INFO(both.both());
  CHECK(both.code == 2);
  CHECK(both.err.find("pattern 'fc1.bias' matches no parameter") != std::string::npos);
  CHECK(both.err.find("pattern 'fc1.*' matches no parameter") != std::string::npos);
}

TEST_CASE("what is wrong in several variants is told at once", "[cli][bad]") {
  const Workplace place;
  place.write("e.yaml", experiment() + "variants:\n  a: {params: {\"fc7.*\": {freeze: true}}}\n  b: {lr: 0.1}\n  c: {model.output: z}\n");
  const auto ran = place.lehr("validate e.yaml");
  INFO(ran.both());
  CHECK(ran.code == 2);
  CHECK(ran.out.find("pattern 'fc7.*'") != std::string::npos);
  CHECK(ran.out.find("no output 'z'") != std::string::npos);
}

TEST_CASE("a sweep draws a shape once, with its scales beside it; driven momentum is not said to be left alone", "[cli]") {
  const Workplace place;
  place.write("e.yaml", experiment("lr: 0.1", "lr: {type: torch.OneCycleLR, max_lr: 0.2}") + "sweep: {lr_scale: [0.1, 0.3, 1]}\n");
  const auto ran = place.lehr("schedule e.yaml");
  INFO(ran.both());
  CHECK(ran.code == 0);
  CHECK(ran.both().find("leaves the momentum alone") == std::string::npos);
  CHECK(ran.out.find("x 1: lr_scale=0.1, x 3: lr_scale=0.3, x 10: lr_scale=1") != std::string::npos);
  CHECK(ran.out.find("x 1: lr_scale=0.1 and lr_scale=0.3 and lr_scale=1") != std::string::npos);  // the momentum
  CHECK(std::ranges::count(ran.out, '\n') == 3);
  const auto drawn = place.lehr("schedule e.yaml --svg s.svg");
  CHECK(drawn.code == 0);
  const std::string svg = place.read("s.svg");
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = svg.find("<polyline", at)) != std::string::npos; ++at) ++lines;
  CHECK(lines == 2);
  CHECK(svg.find("lr_scale=0.3") != std::string::npos);  // the legend breaks its lines
}

TEST_CASE("names with control characters reach no terminal raw", "[cli][bad]") {
  const Workplace place;
  const std::string odd = "a\x1b[31mb\nc";
  std::filesystem::create_directories(place.path(odd));
  for (const char* file : {"ionosphere.csv", "mlp-34-34-1.onnx"}) place.write(odd + "/" + file, place.read(file));
  place.write(odd + "/e.yaml", experiment());
  place.write(odd + "/o\x1b\n.yaml", experiment());
  place.write("plain.yaml", experiment());
  const std::string in = "'" + odd + "'", escape = "'\x1b[1m'";
  for (const std::string& command :
       {"validate " + in + "/e.yaml", "run " + in + "/e.yaml --seeds 1 --set epochs=1 --out " + in + "/runs", "run " + in + "/e.yaml --dry-run",
        "plan " + in + "/e.yaml",
        "data " + in + "/e.yaml", "schedule " + in + "/e.yaml --svg " + in + "/s.svg", "resolve " + in + "/e.yaml --origin", "find-lr " + in + "/e.yaml",
        "inspect " + in + "/mlp-34-34-1.onnx", "init --data " + in + "/ionosphere.csv --out " + in, "init --data ionosphere.csv --out " + in + "/deeper",
        "evaluate " + in + "/runs", "predict " + in + "/runs/models/seed-0.onnx " + in + "/ionosphere.csv --out " + in + "/p.csv",
        "run " + in + "/nowhere.yaml", "validate " + in + "/'o\x1b\n.yaml'", "run plain.yaml --set lr=" + escape,
        "explain " + escape, escape, "run --" + escape + " x",
        "data " + in, "evaluate " + in, "schedule " + in, "predict " + in + " " + in, "init --data " + in, "init --data ionosphere.csv --target " + escape}) {
    const auto ran = place.lehr(command);
    INFO(command << "\n" << ran.both());
    CHECK(ran.code < 128);
    CHECK(ran.both().find('\x1b') == std::string::npos);
  }
}
