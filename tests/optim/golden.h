#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

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

// An optimizer of a library in our words.
struct Translated {
  std::string name;  // empty: not offered, `why` tells
  OptimizerOptions options;
  std::map<std::string, double> hypers;  // given ones
  std::string why;
  double clip_norm = 0;  // of the global norm before the optimizer, 0: none
};
Translated translate(const std::string& class_name, const nlohmann::json& args);

// The tensors of the problem under an optimizer.
class Run {
 public:
  Run(const std::string& name, const OptimizerOptions& options, const std::map<std::string, double>& hypers, std::vector<std::vector<float>> start);
  void step(const std::vector<std::vector<float>>& gradients, double lr);
  const std::vector<float>& weights(std::size_t i) const { return tensors_[i].w; }

 private:
  struct Part {
    std::vector<float> w;
    std::vector<std::vector<float>> slots;
  };
  std::unique_ptr<Optimizer> optimizer_;
  std::vector<double> hypers_;
  std::size_t lr_ = 0;
  std::vector<Part> tensors_;
  std::int64_t t_ = 0;
};

}  // namespace lehr::test
