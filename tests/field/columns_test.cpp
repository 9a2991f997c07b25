// Columns and targets as people brought them.
#include "base/text.h"
#include "tests/field/field.h"
#include "tests/support/catch.h"

using namespace lehr;
using field::Case;
using field::contains;

TEST_CASE("a rare category in the rows held out refuses no split", "[field]") {
  const Case place("rare_category_random_splits");
  CHECK(contains(place.run("exp.yaml").out, "8 splits = 8 runs"));
  for (int seed = 0; seed < 8; ++seed) CHECK(contains(place.read(place.exists("out/models/preprocess.json") ? "out/models/preprocess.json" : cat("out/models/seed-", seed, ".preprocess.json")), "[\"Bonn\", \"Oslo\", \"Rom\", \"Wien\"]"));
  // As an embedding's codes, and with a name for each row.
  place.write("code.yaml", "model: {mlp: {hidden: [3]}}\ndata: {file: table.csv, target: y, columns: {city: {as: category}, a: {as: category}}, "
                           "split: {validation: 50%}}\nloss: mse\nlr: 0.01\nepochs: 1\nrepeat: {seeds: 4, vary: [split]}\n");
  CHECK(contains(place.run("code.yaml", "code").err, "model.mlp: 44-3-1"));
}

TEST_CASE("what a missing name becomes is said", "[field]") {
  const Case place("missing_category_filled");
  for (const char* file : {"exp_mean", "exp_zero"}) {
    const auto ran = place.run(cat(file, ".yaml"), file);
    CHECK(contains(ran.err, "column 'city': 4 missing names count as 'Bonn'"));
    CHECK(contains(place.read(cat(file, "/models/preprocess.json")), "\"categories\": [\"Bonn\", \"Oslo\"], \"fill\": \"Bonn\""));
  }
  CHECK(contains(place.lehr("explain data.impute").out, "mean of the training rows; of names the most frequent"));
  place.write("own.yaml", "extends: exp_mean.yaml\ndata: {columns: {city: {impute: {value: Oslo}}}}\n");
  CHECK(contains(place.run("own.yaml", "own").err, "4 missing names count as 'Oslo'"));
}

TEST_CASE("an embedding with fewer rows than its column has names is refused before training", "[field]") {
  const Case place("embedding_too_small");
  const auto ran = place.lehr("run exp_small.yaml --out out");
  CHECK(ran.code == 3);
  CHECK(contains(ran.err, "column 'city' has 3 names, but 'E', which Gather node of 'e' looks it up in, has 2 rows"));
  CHECK_FALSE(place.exists("out"));
  // The same of whole numbers as they are.
  place.write("table.csv", "city,a,y\n0,1,0\n1,2,1\n0,3,0\n-2,4,1\n");
  place.write("whole.yaml", "extends: exp_small.yaml\ndata: {categorical: null}\nbatch: {size: 4}\n");
  place.run("whole.yaml", "whole");
  place.write("table.csv", "city,a,y\n0,1,0\n1,2,1\n7,3,0\n1,4,1\n");
  const auto beyond = place.lehr("run whole.yaml --out beyond");
  CHECK(beyond.code == 3);
  CHECK(contains(beyond.err, "column 'city' holds 7, but 'E'"));
  place.write("named.yaml", "extends: exp_small.yaml\ndata: {categorical: null, inputs: {num: [a], city: null, cty: [city]}}\n");
  const auto named = place.lehr("run named.yaml --out named");
  CHECK(named.code == 3);
  CHECK(contains(named.err, "the model has no input 'cty', did you mean 'city'?"));
  CHECK(contains(named.err, "the model's input 'city' gets no columns"));
}

TEST_CASE("what a network makes of whole numbers is looked up, whatever stands in between", "[field]") {
  const Case place("embedding_behind_slice");
  const auto table = [&](int odd) {
    std::string out = "a,b,y\n";
    for (int i = 0; i < 30; ++i) out += cat(i, ",", i == 14 ? odd : i % 2, ",", i % 7, "\n");  // a, up to 29, is looked up nowhere
    place.write("t.csv", out);
  };
  for (const auto& [model, rows_end] : {std::pair{"slice", 2}, std::pair{"split", 2}, std::pair{"offset", 1}}) {
    INFO(model);
    place.write("e.yaml", cat("model: ", model, ".onnx\ndata: {file: t.csv, target: y}\nloss: mse\nlr: 0.01\nepochs: 1\nbatch: 8\n"));
    table(rows_end);
    place.run("e.yaml", cat(model, "_fits"));
    table(rows_end + 1);
    const auto ran = place.lehr("run e.yaml --out beyond");
    CHECK(ran.code == 3);
    CHECK(contains(ran.err, "row 15 of t.csv leads to the index 3 in 'emb', which Gather node of 'e' looks it up in, which has 3 rows"));
    CHECK_FALSE(place.exists("beyond"));
  }
  // The columns of a boolean input.
  place.write("e.yaml", "model: truths.onnx\ndata: {file: t.csv, target: y, columns: [b, b2]}\nloss: mse\nlr: 0.01\nepochs: 1\nbatch: 8\n");
  const auto truths = [&](const char* odd) {
    std::string out = "b,b2,y\n";
    for (int i = 0; i < 30; ++i) out += cat(i % 2, ",", i == 14 ? odd : i % 3 ? "0" : "1", ",", i % 7, "\n");
    place.write("t.csv", out);
  };
  truths("1");
  place.run("e.yaml", "truths");
  CHECK(place.lehr("predict truths/models/seed-0.onnx t.csv").code == 0);
  truths("2");
  for (const char* command : {"run e.yaml --out beyond", "predict truths/models/seed-0.onnx t.csv"}) {
    const auto ran = place.lehr(command);
    CHECK(ran.code == 3);
    CHECK(contains(ran.err, "takes truth values, 0 and 1 or false and true: row 15 of t.csv has 2 in its column 2"));
  }
}

TEST_CASE("a batch larger than the table is one short batch", "[field]") {
  const Case place("batch_larger_than_rows");
  const auto drop = place.lehr("run exp.yaml --out drop");
  CHECK(drop.code == 3);
  CHECK(contains(drop.err, "exp.yaml:8:25: batch 32 is larger than the 10 training rows: with last: drop no row would train"));
  for (const char* file : {"exp_default", "exp_keep"}) {
    const auto ran = place.run(cat(file, ".yaml"), file);
    CHECK(contains(ran.err, "is more than the 10 training rows: each epoch is one batch of them all"));
    const auto loss = place.epochs("loss", cat(file, "/seed-0"));
    REQUIRE(loss.size() == 2);
    CHECK(loss[0] == Approx(32.277256).epsilon(1e-6));  // torch, all rows at once
    CHECK(loss[1] == Approx(23.964767).epsilon(1e-6));
  }
}

TEST_CASE("values of the target that are no class do not count", "[field]") {
  const Case place("ignore_index_no_class");
  for (const char* file : {"exp.yaml", "exp_noclasses.yaml"}) {
    const auto ran = place.lehr(cat("run ", file, " --out out"));
    CHECK(ran.code == 2);
    CHECK(contains(ran.err, "loss.ignore_index is the position of a class, from 0: -1 is none"));
    CHECK(contains(ran.err, "data.target.ignore"));
  }
  place.write("named.yaml", "extends: exp_noclasses.yaml\ndata: {target: {ignore: [\"-1.0\"]}}\nloss: {ignore_index: null}\n");
  const auto ran = place.run("named.yaml", "named");
  CHECK(contains(ran.err, "2 rows do not count: data.target.ignore names their target"));
  CHECK(place.epochs("loss", "named/seed-0").front() == Approx(0.7657).margin(5e-5));  // torch
  place.write("none.yaml", "extends: named.yaml\ndata: {target: {ignore: [\"-100\"]}}\n");
  const auto none = place.lehr("run none.yaml --out none");
  CHECK(none.code == 3);
  CHECK(contains(none.err, "target.ignore: no row of the target has '-100'"));
}
