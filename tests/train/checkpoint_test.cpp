#include "engine/train/checkpoint.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

using namespace lehr;

TEST_CASE("a trial's state is a safetensors file", "[train]") {
  Graph graph;
  const std::vector<float> w{1, 2, 3, 4, 5, 6}, b{7};
  const auto add = [&](const std::string& name, Shape shape, const std::vector<float>& values) {
    graph.add(Value{name, Role::parameter, {}, std::make_shared<Tensor>(std::move(shape), std::span<const float>(values)), {}});
  };
  add("w", {2, 3}, w);
  add("b\"", {1}, b);
  const Weights weights(graph);
  TrialState state;
  state.slot_names = {"velocity"};
  state.slots.assign(weights.values().size(), 0.5f);
  state.counters = {{"step", 450}};
  const std::string file = safetensors(weights, state);
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  CHECK(length % 8 == 0);
  const auto header = nlohmann::json::parse(file.substr(8, length));
  const auto values = [&](const std::string& name) {
    const auto& offsets = header.at(name).at("data_offsets");
    std::vector<float> out((offsets[1].get<std::size_t>() - offsets[0].get<std::size_t>()) / 4);
    std::memcpy(out.data(), file.data() + 8 + length + offsets[0].get<std::size_t>(), out.size() * 4);
    return out;
  };
  CHECK(header.at("__metadata__").at("step") == "450");
  CHECK(header.at("w").at("shape") == nlohmann::json({2, 3}));
  CHECK(header.at("w").at("dtype") == "F32");
  CHECK(values("w") == w);
  CHECK(values("b\"") == b);
  CHECK(values("optimizer.velocity.w") == std::vector<float>(6, 0.5f));
  CHECK(file.size() == 8 + length + (6 + 1) * 2 * sizeof(float));
}
