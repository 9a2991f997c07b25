#pragma once
#include "experiments/spec/experiment.h"

// The names the tests' files may use: what an assembled program hands in.
inline lehr::spec::Vocabulary test_vocabulary() {
  using V = lehr::spec::Vocabulary;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const V::Hyper lr{"lr", 0, true, 0, infinity, "Learning rate."}, decay{"weight_decay", 0, false, 0, infinity, "L2 penalty, added to the gradient."};
  V v;
  v.optimizers["sgd"] = {"Gradient descent with momentum.",
                         {{"form", {"torch", "keras"}}, {"nesterov", {"false", "true"}}},
                         {lr, {"momentum", 0, false, 0, 1, "Part of the last step that is kept."}, decay}};
  v.optimizers["adam"] = {"Adam.",
                          {},
                          {lr,
                           {"beta1", 0.9, false, 0, 1, "Decay of the mean."},
                           {"beta2", 0.999, false, 0, 1, "Decay of the square."},
                           {"epsilon", 1e-8, false, 0, 1, "Keeps the root from 0."},
                           decay}};
  v.metrics = {{"accuracy", "Part of the rows that are right."},
               {"top_k", "The class is among the k highest scores."},
               {"auc", "Area under the ROC curve."},
               {"mae", "Mean absolute error."}};
  v.losses["binary_crossentropy"] = {"Cross-entropy of one logit.", {"label_smoothing"}};
  v.losses["categorical_crossentropy"] = {"Cross-entropy of softmax.", {"class_weights", "ignore_index", "label_smoothing"}};
  v.losses["mse"] = {"Mean squared error.", {}};
  v.losses["mae"] = {"Mean absolute error.", {}};
  v.losses["huber"] = {"Squared below delta, linear above.", {"delta"}};
  v.initializers = {{"glorot_uniform", {"Uniform, variance 2 / (fan in + fan out).", 0, 0}},
                    {"he_normal", {"Normal, variance 2 / fan in.", 0, 0}},
                    {"normal", {"normal(s): deviation s, 0.05 without.", 0, 1}},
                    {"uniform", {"uniform(a) or uniform(a, b).", 0, 2}},
                    {"zeros", {"All 0.", 0, 0}}};
  return v;
}
