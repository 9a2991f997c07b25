#include "base/familiar.h"

#include "base/readable.h"
#include "tests/support/catch.h"

using namespace lehr;

TEST_CASE("a name is found as other programs write it") {
  const std::vector<std::string> losses{"binary_crossentropy", "categorical_crossentropy", "huber", "mse"},
      schedules{"cosine", "torch.StepLR", "keras.CosineDecay"};
  const struct {
    Named as;
    const char *name, *ours;
  } rows[] = {
      {Named::loss, "cross_entropy", "categorical_crossentropy"},
      {Named::loss, "torch.nn.CrossEntropyLoss", "categorical_crossentropy"},
      {Named::loss, "BinaryCrossentropy", "binary_crossentropy"},
      {Named::loss, "bce", "binary_crossentropy"},
      {Named::loss, "smooth_l1_los", "huber"},
      {Named::loss, "mean_absolute_error", ""},  // nothing among those known
      {Named::loss, "", ""},
      {Named::schedule, "StepLR", "torch.StepLR"},
      {Named::schedule, "optax.StepLR", "torch.StepLR"},
      {Named::schedule, "StepLr", "torch.StepLR"},
      {Named::schedule, "CosineDecay", "keras.CosineDecay"},
      {Named::schedule, "cosine_annealing", "cosine"},
      {Named::schedule, "cosin", "cosine"},
      {Named::other, "hubr", "huber"},
      {Named::other, "smooth_l1", ""},
  };
  for (const auto& row : rows) {
    INFO(row.name);
    CHECK(meant(row.as, row.name, row.as == Named::schedule ? schedules : losses) == row.ours);
  }
  const std::vector<std::string> none;
  CHECK(meant(Named::key, "learning_rate", none) == "lr");
  CHECK(meant(Named::key, "drop_last", none) == "batch.last: drop");
  CHECK(meant(Named::key, std::string(1000, 'x'), none).empty());
  CHECK(did_you_mean(Named::loss, "l2", losses) == ", did you mean 'mse'?");
  CHECK(did_you_mean(Named::loss, "zzzzz", losses).empty());
}

TEST_CASE("numbers as a person writes them") {
  const struct {
    double value;
    const char* text;
  } rows[] = {{(0.7 + 0.4) * 100, "110"}, {0.1 + 0.2, "0.3"}, {0.01, "0.01"}, {1e-5, "0.00001"}, {1e-7, "1e-7"}, {1.5e-30, "1.5e-30"}, {1e30, "1e30"}, {0, "0"},
              {-2.5, "-2.5"}, {1550083467346370, "1550083467346370"}, {1e9, "1000000000"}, {1.0 / 3, "0.333333333333"}, {-1e-9, "-1e-9"}};
  for (const auto& row : rows) CHECK(readable(row.value) == row.text);
}
