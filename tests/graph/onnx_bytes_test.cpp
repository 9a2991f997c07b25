// Files that are no ONNX model, and bytes made to hurt a parser.
#include <fstream>
#include <functional>

#include "base/file.h"
#include "graph/onnx/prescan.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

namespace lehr {
using namespace onnx_models;

namespace {
std::string varint(std::uint64_t n) {
  std::string out;
  for (; n >= 128; n >>= 7) out += static_cast<char>(n | 128);
  return out + static_cast<char>(n);
}
std::string field(int number, const std::string& content) { return varint(static_cast<std::uint64_t>(number) << 3 | 2) + varint(content.size()) + content; }
std::string repeated(const std::string& part, std::size_t count) {
  std::string out;
  out.reserve(part.size() * count);
  for (std::size_t i = 0; i < count; ++i) out += part;
  return out;
}
std::string nested(int depth, const std::function<std::string(std::string)>& wrap) {
  std::string out;
  for (int i = 0; i < depth; ++i) out = wrap(out);
  return out;
}
}  // namespace

TEST_CASE("files of other kinds are recognised", "[onnx]") {
  using namespace std::string_literals;
  const std::string tail(64, '\1');
  const struct {
    std::string content, part;
  } rows[] = {{"", "empty"},
              {"\x1f\x8b\x08"s + tail, "gzip"},
              {"BZh9"s + tail, "bzip2"},
              {"\xfd"
               "7zXZ\0"s +
                   tail,
               "xz"},
              {"\x28\xb5\x2f\xfd"s + tail, "zstd"},
              {"PK\x03\x04"s + tail, "zip archive"},
              {"\x89HDF\r\n"s + tail, "HDF5"},
              {"\x93NUMPY"s + tail, "numpy"},
              {"\x80\x02}q"s + tail, "pickle"},
              {"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"},
              {"\x1c\0\0\0TFL3"s + tail, "TensorFlow Lite"},
              {"\x10\0\0\0\0\0\0\0{\"a\":{}}"s, "safetensors"},
              {"<!DOCTYPE html><html><body>404</body></html>", "text"},
              {"model: {file: x.onnx}\n# an experiment\n", "text"},
              {std::string(1000, '\0'), "zero byte"},
              {"\x08"s, "ends inside a number"},
              {"\x08\x08"s, "no graph"},
              {"\x3a\x80\x80\x80\x80\x08\x0a"s, "cut off"},
              {"\x3b"s + tail, "wire type 3"},
              {repeated("\xff", 20), "more than 10 bytes"},
              {field(7, field(5, field(1, "\xff"))), "protobuf refuses"}};
  for (const auto& row : rows) {
    INFO(row.part);
    const std::string text = failure(row.content);
    INFO(text);
    CHECK(text.find(row.part) != std::string::npos);
  }
}

TEST_CASE("noise is refused", "[onnx]") {
  std::string noise;
  std::uint64_t state = 1;
  for (int i = 0; i < 1 << 15; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    noise += static_cast<char>(state >> 56);
  }
  for (int i = 0; i < 64; ++i) CHECK_FALSE(failure(noise.substr(static_cast<std::size_t>(i) * 400)).empty());
}

TEST_CASE("amplification is stopped before parsing", "[onnx]") {
  const std::string node = field(1, ""), many_nodes = field(7, repeated(node, 250'001));
  CHECK_THROWS_AS(onnx::prescan(many_nodes), Error);
  CHECK_NOTHROW(onnx::prescan(field(7, repeated(node, 250'000))));
  // The limit, at a 512th of its size: 2^20 bytes of memory.
  struct Row {
    const char* what;
    std::string part;
    std::uint64_t cost;
    std::function<std::string(std::string)> wrap;
  };
  const Row rows[] = {{"attributes", field(5, ""), 200, [](const std::string& s) { return field(7, field(1, s)); }},
                      {"names", field(1, ""), 48, [](const std::string& s) { return field(7, field(1, s)); }},
                      {"unknown fields", field(99, ""), 48, [](const std::string& s) { return field(7, s); }},
                      {"packed dimensions", "\1", 8, [](const std::string& s) { return field(7, field(5, field(1, s))); }},
                      {"unpacked dimensions", "\x08\1", 16, [](const std::string& s) { return field(7, field(5, s)); }}};
  for (const Row& row : rows) {
    INFO(row.what);
    const std::size_t most = (1u << 20) / row.cost;
    CHECK_NOTHROW(onnx::prescan(row.wrap(repeated(row.part, most - 100)), 1u << 20));
    CHECK_THROWS_AS(onnx::prescan(row.wrap(repeated(row.part, most + 1)), 1u << 20), Error);
  }
  CHECK(onnx::max_extra_bytes == 1u << 29);
}

TEST_CASE("nesting is limited", "[onnx]") {
  const auto graphs = [](const std::string& inner) { return field(1, field(5, field(6, inner))); };
  CHECK_NOTHROW(onnx::prescan(field(7, nested(15, graphs))));
  CHECK_THROWS_AS(onnx::prescan(field(7, nested(16, graphs))), Error);
  CHECK(failure(field(7, nested(200, graphs))).find("nested deeper than 16") != std::string::npos);
  const auto types = [](const std::string& inner) { return field(4, field(1, inner)); };
  CHECK(failure(field(7, field(11, field(2, nested(5000, types))))).find("nested deeper than 32") != std::string::npos);
}

TEST_CASE("a huge sparse file is refused unread", "[onnx]") {
  const Folder folder;
  for (const std::string& head : {std::string(), bytes(mlp())})
    for (const std::uintmax_t size : {(std::uintmax_t{1} << 31), (std::uintmax_t{1} << 40), (std::uintmax_t{1} << 31) - 4096}) {
      write_file_lazily(folder / "model.onnx", head);
      std::error_code code;
      std::filesystem::resize_file(folder / "model.onnx", size, code);
      if (code) continue;  // a file system without such files
      CHECK_THROWS_AS(onnx::read_model(folder / "model.onnx"), Error);
    }
}

TEST_CASE("the beginning of a file is judged as far as it goes", "[onnx]") {
  const std::string good = bytes(mlp());
  for (std::size_t length = 1; length <= good.size(); ++length) CHECK_NOTHROW(onnx::prescan_head(good.substr(0, length), good.size()));
  CHECK_THROWS_AS(onnx::prescan_head(good.substr(0, good.size()), good.size() - 1), Error);
  CHECK_THROWS_AS(onnx::prescan_head(good + std::string(10, '\0'), good.size() + 10), Error);
}

TEST_CASE("paths that are no model files", "[onnx]") {
  const Folder folder;
  const auto text = [&](const std::filesystem::path& path) {
    try {
      onnx::read_model(path);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(text(folder / "none.onnx").find("none.onnx") != std::string::npos);
  CHECK(text(folder.path()).find("folder") != std::string::npos);
  CHECK(text("/dev/zero").find("not a regular file") != std::string::npos);
  write_file_lazily(folder / "good.onnx", bytes(mlp()));
  CHECK(text(folder / "good.onnx").empty());
  write_file_lazily(folder / "bad\x1b[2J.onnx", bytes(mlp()).substr(3));
  CHECK(text(folder / "bad\x1b[2J.onnx").find('\x1b') == std::string::npos);
}

// Every cut and every flipped bit of a model ends in an Error or in a model that passes the checks.
TEST_CASE("damaged models never do worse than an Error", "[onnx]") {
  onnx::ModelProto rich = mlp();
  auto& graph = *rich.mutable_graph();
  *graph.add_initializer() = [] {
    auto t = empty_tensor("half", {2}, onnx::TensorProto::FLOAT16);
    t.add_int32_data(0x3C00);
    t.add_int32_data(0x7C00);
    return t;
  }();
  *graph.add_initializer() = external("ext", {2}, {{"location", "w.bin"}, {"offset", "4"}, {"length", "8"}});
  *graph.add_node() = constant("c", tensor("", {3}, {1, 2, 3}));
  *graph.add_node() = node("F", {"y"}, {"z"}, "call", "d");
  import_opset(rich, "d", 1);
  auto& f = *rich.add_functions();
  f.set_name("F");
  f.set_domain("d");
  f.add_input("a");
  f.add_output("b");
  f.add_opset_import()->set_version(17);
  *f.add_node() = node("Tanh", {"a"}, {"b"});
  const Folder folder;
  write_file_lazily(folder / "w.bin", std::string(16, '\1'));
  const std::string good = bytes(rich);
  REQUIRE(failure(good, folder.path()).empty());
  for (std::size_t length = 0; length < good.size(); ++length) failure(good.substr(0, length), folder.path());
  std::size_t refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      refused += !failure(bad, folder.path()).empty();
    }
  CHECK(refused > good.size());
}

}  // namespace lehr
