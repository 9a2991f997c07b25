#include "experiments/spec/places.h"

#include "experiments/spec/experiment.h"

namespace lehr::spec {

At Places::find(std::string key) const {
  if (key == "lr") key = "optimizer.lr";
  for (;;) {
    if (const auto it = at.find(key); it != at.end()) return it->second;
    const auto dot = key.rfind('.');
    if (dot == std::string::npos) return {};
    key.resize(dot);
  }
}

Where Experiment::where(const std::string& key) const {
  if (!places) return {};
  const At at = places->find(key);
  if (at.source < 0) return {};
  const auto& source = places->sources->at(at.source);
  return source.argument ? Where{source.name, 0, 0} : Where{source.name, at.line, at.column};
}

std::string Experiment::located(const std::string& key, const std::string& sentence) const {
  return places ? places->sources->render(places->find(key), sentence) : sentence;
}

}  // namespace lehr::spec
