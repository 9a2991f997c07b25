#include "base/text.h"
#include "tests/field/field.h"
#include "tests/support/catch.h"

using namespace lehr;
using field::Case;

namespace {
// MLPClassifiers of scikit-learn, exported by skl2onnx; the labels are theirs (classes_), the loss is their log_loss on the table beside them.
struct Labelled {
  const char* file;
  const char* classes;  // in the order of the outputs
  const char* turned;   // the same in another
  double loss;
};
constexpr Labelled labelled[] = {
    {"skl_ints", "2, 5, 10", "10, 2, 5", 0.07367672026157379},              // ArrayFeatureExtractor; as text 10 comes first, as in the table
    {"skl_ints_zipmap", "2, 5, 10", "5, 2, 10", 0.18881298258187376},       // ZipMap, integers
    {"skl_strings_zipmap", "high, low, mid", "low, mid, high", 0.0817866071408775},  // ZipMap, strings
    {"skl_strings_array", "C, a, b", "a, b, C", 0.14982061088085175},       // capitals first
    {"skl_binary", "no, yes", "yes, no", 0.1553943157196045},               // Sigmoid, Concat of 1-p and p
    {"skl_binary_ints_zipmap", "-1, 1", "1, -1", 0.09414088254826165},
};

std::string yaml(const Labelled& l, const char* classes) {
  const bool binary = std::string(l.file).starts_with("skl_binary");
  return cat("model: ", l.file, ".onnx\ndata: {file: ", l.file, ".csv, target: {column: y", classes ? cat(", classes: [", classes, "]") : std::string(),
             "}}\nloss: ", binary ? "binary_crossentropy" : "categorical_crossentropy",
             "\nmetrics: [accuracy]\noptimizer: {type: sgd}\nlr: 0\nepochs: 1\nbatch: {size: 45, shuffle: false}\n");
}
}  // namespace

TEST_CASE("classes left out are those of the model's label list, in its order", "[field]") {
  const Case place("labels");
  for (const Labelled& l : labelled) {
    INFO(l.file);
    for (const char* classes : {l.classes, static_cast<const char*>(nullptr)}) {
      place.write("e.yaml", yaml(l, classes));
      const auto ran = place.lehr("run e.yaml --force --out out");
      INFO((classes ? classes : "left out") << '\n' << ran.both());
      CHECK(ran.code == 0);
      if (ran.code == 0) CHECK(place.epochs("loss").front() == Approx(l.loss).margin(2e-6));
    }
  }
}

TEST_CASE("classes in another order than the model's label list are refused with both", "[field][bad]") {
  const Case place("labels");
  for (const Labelled& l : labelled) {
    place.write("e.yaml", yaml(l, l.turned));
    const auto ran = place.lehr("run e.yaml --out out");
    INFO(l.file << '\n' << ran.both());
    CHECK(ran.code != 0);
    CHECK(field::contains(ran.err, l.classes));
    CHECK(field::contains(ran.err, l.turned));
  }
}
