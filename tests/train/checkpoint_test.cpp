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
  state.slots = {{"velocity.w", {2, 3}, std::vector<float>(6, 0.5f)}, {"velocity.b\"", {1}, {0.25f}}};
  state.scalars = {{"d", {1e-6, 0.1}}};
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
  CHECK(header.at("optimizer.d").at("dtype") == "F64");
  CHECK(file.size() == 8 + length + 2 * sizeof(double) + (6 + 1) * 2 * sizeof(float));

  SECTION("read back, everything is as it was") {
    std::ranges::fill(weights.values(), 0.0f);
    const TrialState back = read_safetensors(file, weights);
    CHECK(std::ranges::equal(weights.value(weights.parameters()[0]), w));
    CHECK(std::ranges::equal(weights.value(weights.parameters()[1]), b));
    CHECK(back.counters == state.counters);
    CHECK(back.scalars == state.scalars);
    REQUIRE(back.slots.size() == 2);
    CHECK(back.slots[1].name == "velocity.b\"");
    CHECK(back.slots[0].shape == Shape{2, 3});
    CHECK(back.slots[0].values == state.slots[0].values);
  }
  SECTION("what is damaged or of another model is said, not read") {
    const auto error = [&](std::string bytes) -> std::string {
      try {
        read_safetensors(bytes, weights);
      } catch (const Error& e) {
        return e.what();
      }
      return "";
    };
    const auto replaced = [&](const std::string& from, const std::string& to) {
      std::string out = file;
      REQUIRE(out.find(from) != std::string::npos);
      return out.replace(out.find(from), from.size(), to);
    };
    const auto contains = [](const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; };
    CHECK(contains(error(file.substr(0, 5)), "not a safetensors file: 5 bytes"));
    CHECK(contains(error(file.substr(0, 40)), "in a file of 40"));
    CHECK(contains(error(file.substr(0, file.size() - 1)), "its shape [1] takes 4"));
    CHECK(contains(error(replaced("\"w\":", "\"v\":")), "the saved state has no tensor 'w'"));
    CHECK(contains(error(replaced("[2,3]", "[3,2]")), "the saved tensor 'w' is float32[3,2], the model's is float32[2,3]"));
    CHECK(contains(error(replaced("[2,3]", "[2,4]")), "its shape [2,4] takes 32"));
    CHECK(contains(error(replaced("optimizer.velocity.w", "optimiser.velocity.w")), "the saved tensor 'optimiser.velocity.w' is not of this model"));
    for (std::size_t at = 0; at < file.size(); ++at) {  // any byte may change: an Error or another value, nothing worse
      std::string bytes = file;
      bytes[at] = static_cast<char>(bytes[at] ^ 0x15);
      error(bytes);
    }
  }
}
