#include "tests/cli/program.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

using namespace lehr;
using lehr::onnx::ModelProto;
using test::experiment;
using test::Workplace;

namespace {
// The tutorial's model with metadata, a doc string and a field this version of the format does not know.
std::string adorned(const std::string& bytes) {
  ModelProto m;
  REQUIRE(m.ParseFromString(bytes));
  m.set_doc_string("kept as it is");
  auto& entry = *m.add_metadata_props();
  entry.set_key("owner");
  entry.set_value("somebody");
  return m.SerializeAsString() + std::string("\xf8\x3f\x2a", 3);  // field 1023, varint 42
}

// Without what a training adds to the metadata: the names of the classes.
ModelProto without_classes(const std::string& bytes) {
  ModelProto m;
  REQUIRE(m.ParseFromString(bytes));
  auto& entries = *m.mutable_metadata_props();
  for (int i = entries.size(); i-- > 0;)
    if (entries[i].key() == "lehr.classes") entries.DeleteSubrange(i, 1);
  return m;
}

std::string without_values(const std::string& bytes) {
  ModelProto m = without_classes(bytes);
  for (auto& t : *m.mutable_graph()->mutable_initializer()) t.clear_raw_data();
  return m.SerializeAsString();
}

std::string trained(const Workplace& place, const std::string& yaml) {
  place.write("short.yaml", yaml);
  const auto ran = place.lehr("run short.yaml --force --seeds 1");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  return place.read("runs/short/models/seed-0.onnx");
}
}  // namespace

TEST_CASE("training changes the weights of the file and nothing else", "[cli]") {
  Workplace place;
  const std::string before = adorned(place.read("mlp-34-34-1.onnx"));
  place.write("mlp-34-34-1.onnx", before);
  const std::string after = trained(place, experiment());
  CHECK(after != before);
  CHECK(without_classes(after).SerializeAsString().size() == without_classes(before).SerializeAsString().size());
  CHECK(without_values(after) == without_values(before));
  CHECK(place.read("mlp-34-34-1.onnx") == before);
}

TEST_CASE("what is frozen or has no rate keeps its bytes", "[cli]") {
  Workplace place;
  const std::string before = adorned(place.read("mlp-34-34-1.onnx"));
  place.write("mlp-34-34-1.onnx", before);
  ModelProto with_classes = without_classes(before);
  auto& entry = *with_classes.add_metadata_props();
  entry.set_key("lehr.classes");
  entry.set_value("[\"b\", \"g\"]");
  const std::string before_with_classes = with_classes.SerializeAsString();
  const std::string kept = experiment("init: glorot_uniform", "batch_statistics: true");
  CHECK(trained(place, kept + "params: {\"fc1.*\": {freeze: true}, \"fc2.*\": {lr_scale: 0}}\n") == before_with_classes);
  // With fc1 frozen its bytes stay while those of fc2 move.
  ModelProto was, is;
  REQUIRE(was.ParseFromString(before));
  REQUIRE(is.ParseFromString(trained(place, kept + "params: {\"fc1.*\": {freeze: true}}\n")));
  for (int i = 0; i < was.graph().initializer_size(); ++i) {
    const auto& name = was.graph().initializer(i).name();
    INFO(name);
    CHECK((was.graph().initializer(i).raw_data() == is.graph().initializer(i).raw_data()) == name.starts_with("fc1."));
  }
}

TEST_CASE("nothing left to train is an error", "[cli][bad]") {
  Workplace place;
  place.write("bad.yaml", experiment() + "params: {\"*\": {freeze: true}}\n");
  const auto ran = place.lehr("run bad.yaml");
  INFO(ran.both());
  CHECK(ran.code == 3);
  CHECK(ran.err.find("no trainable weight") != std::string::npos);
  CHECK_FALSE(place.exists("runs"));
}
