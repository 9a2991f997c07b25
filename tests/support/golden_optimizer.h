#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/optim/clip.h"
#include "engine/optim/optimizer.h"

namespace lehr::test {

// LEHR_GOLDEN's folder where it is set, else the repository's own small one.
inline std::filesystem::path golden(const std::string& file) {
  const char* folder = std::getenv("LEHR_GOLDEN");
  return (folder && *folder ? std::filesystem::path(folder) : std::filesystem::path(LEHR_SOURCE_DIR) / "tests/golden") / "optimizers" / file;
}
inline nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream in(path);
  return in ? nlohmann::json::parse(in) : nlohmann::json();
}

// What a library does to gradients before its optimizer sees them.
struct GoldenClip {
  std::optional<double> value, tensor_norm, norm, rms, adaptive;
  ClipForm form = ClipForm::optax;  // of norm
  Norm kind = Norm::l2;             // of norm
  bool apart = false;               // norm is that of each tensor alone
  double epsilon = 1e-3;            // of adaptive
};

// An optimizer of a library in our words.
struct Translated {
  std::string name;  // empty: not offered, `why` tells
  OptimizerOptions options;
  std::map<std::string, double> hypers;  // given ones
  std::string why;
  // What libraries do around an optimizer and the trainer or the experiment's schedules do here.
  GoldenClip clip;
  int accumulate = 1;                                                                // an update from the mean of so many gradients
  bool maximize = false;                                                             // the gradient's sign
  std::function<double(int n, double lr)> rate = [](int, double lr) { return lr; };  // at update n = 0, 1, … from the run's lr
  std::function<double(int n)> decay;                                                // weight_decay at update n, where it is not constant
};
// Each argument of the run's class becomes an option, a hyperparameter or one of the above, or changes no number; any other is refused by name.
Translated translate(const nlohmann::json& run);

// A clipping function of a library by its arguments; Error naming an argument that is not known.
GoldenClip golden_clip(const std::string& class_name, const nlohmann::json& args);

}  // namespace lehr::test
