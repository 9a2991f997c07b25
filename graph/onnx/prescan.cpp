#include "graph/onnx/prescan.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/error.h"

namespace lehr::onnx {

namespace {
// clang-format off
enum Kind : std::uint8_t {
  leaf, varints, model, graph, node, attribute, tensor, sparse, value_info, type, tensor_type, shape, holder, map_type, function, training, entry, kinds
};
constexpr std::array<const char*, kinds> titles = {
    "a field", "a list of integers", "the model", "a graph", "a node", "an attribute", "a tensor", "a sparse tensor", "a value's description",
    "a type", "a tensor type", "a shape", "a type", "a map type", "a function", "a training graph", "an entry"};

struct Child { Kind parent; std::uint8_t field; Kind child; };
// Which length-delimited fields hold messages or packed integers (field numbers of onnx.proto); all others are leaves.
constexpr Child children[] = {
    {model, 7, graph}, {model, 8, entry}, {model, 14, entry}, {model, 20, training}, {model, 25, function}, {model, 26, entry},
    {graph, 1, node}, {graph, 5, tensor}, {graph, 11, value_info}, {graph, 12, value_info}, {graph, 13, value_info}, {graph, 14, entry},
    {graph, 15, sparse}, {graph, 16, entry},
    {node, 5, attribute}, {node, 9, entry}, {node, 10, entry},
    {attribute, 5, tensor}, {attribute, 6, graph}, {attribute, 8, varints}, {attribute, 10, tensor}, {attribute, 11, graph}, {attribute, 14, type},
    {attribute, 15, type}, {attribute, 22, sparse}, {attribute, 23, sparse},
    {tensor, 1, varints}, {tensor, 3, entry}, {tensor, 5, varints}, {tensor, 7, varints}, {tensor, 11, varints}, {tensor, 13, entry}, {tensor, 16, entry},
    {sparse, 1, tensor}, {sparse, 2, tensor}, {sparse, 3, varints},
    {value_info, 2, type}, {value_info, 4, entry},
    {type, 1, tensor_type}, {type, 4, holder}, {type, 5, map_type}, {type, 8, tensor_type}, {type, 9, holder},
    {tensor_type, 2, shape}, {shape, 1, entry}, {holder, 1, type}, {map_type, 2, type},
    {function, 7, node}, {function, 9, entry}, {function, 11, attribute}, {function, 12, value_info}, {function, 14, entry},
    {training, 1, graph}, {training, 2, graph}, {training, 3, entry}, {training, 4, entry}};
// clang-format on
constexpr int fields = 32;
constexpr auto child_of = [] {
  std::array<std::array<Kind, fields>, kinds> table{};
  for (const Child& c : children) table[c.parent][c.field] = c.child;
  return table;
}();

constexpr int max_subgraphs = 16, max_type_depth = 32;
constexpr std::uint64_t max_nodes = 250'000;
// What a parsed message, string or number takes at least, in bytes.
constexpr std::uint64_t message_cost = 200, string_cost = 48, number_cost = 16;

// The bytes at hand, which may be the beginning of a file only, end here.
struct OutOfSight {};

class Scanner {
 public:
  Scanner(std::string_view bytes, std::uint64_t max_extra) : bytes_(bytes), max_extra_(max_extra) {}
  void message(Kind kind, std::size_t end, int graphs, int types) {
    if (graphs > max_subgraphs) throw Error("graphs are nested deeper than ", max_subgraphs, " levels at byte ", at_);
    if (types > max_type_depth) throw Error("types are nested deeper than ", max_type_depth, " levels at byte ", at_);
    while (at_ < end) field(kind, end, graphs, types);
  }

 private:
  void field(Kind kind, std::size_t end, int graphs, int types) {
    const std::size_t start = at_;
    const std::uint64_t tag = varint(kind, end), number = tag >> 3;
    if (number == 0 || number > 536'870'911)
      throw Error("byte ", start, " cannot begin a field of ", titles[kind], ": this is not an ONNX model, or it is damaged");
    switch (tag & 7) {
      case 0:
        varint(kind, end);
        charge(number_cost);
        break;
      case 1:
        skip(8, kind, end);
        charge(number_cost);
        break;
      case 5:
        skip(4, kind, end);
        charge(number_cost);
        break;
      case 2: {
        const std::uint64_t length = varint(kind, end);
        if (length > end - at_)
          throw Error("the file is cut off or damaged: at byte ", start, " a field of ", titles[kind], " announces ", length, " bytes, ", end - at_,
                      " are left");
        delimited(number < fields ? child_of[kind][number] : leaf, at_ + length, graphs, types);
        break;
      }
      default:
        throw Error("byte ", start, " holds wire type ", tag & 7, ", which ONNX does not use: this is not an ONNX model, or it is damaged");
    }
  }

  void delimited(Kind child, std::size_t end, int graphs, int types) {
    if (child == leaf) {
      charge(string_cost);
    } else if (child == varints) {
      if (end > bytes_.size()) throw OutOfSight();
      charge(string_cost +
             8 * static_cast<std::uint64_t>(std::count_if(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), bytes_.begin() + static_cast<std::ptrdiff_t>(end),
                                                          [](char c) { return (c & 0x80) == 0; })));
    } else {
      charge(message_cost);
      if (child == node && ++nodes_ > max_nodes) throw Error("the model has more than ", grouped(max_nodes), " nodes");
      message(child, end, graphs + (child == graph), types + (child == type));
    }
    at_ = end;
  }

  std::uint64_t varint(Kind kind, std::size_t end) {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at_ >= end) throw Error("the file is cut off or damaged: ", titles[kind], " ends inside a number at byte ", at_);
      if (at_ >= bytes_.size()) throw OutOfSight();
      const auto byte = static_cast<std::uint8_t>(bytes_[at_++]);
      if (shift < 64) value |= std::uint64_t{byte & 0x7Fu} << shift;
      if (!(byte & 0x80)) return value;
    }
    throw Error("a number at byte ", at_, " in ", titles[kind], " has more than 10 bytes: this is not an ONNX model, or it is damaged");
  }

  void skip(std::size_t count, Kind kind, std::size_t end) {
    if (count > end - at_) throw Error("the file is cut off or damaged: ", titles[kind], " ends inside a number at byte ", at_);
    at_ += count;
  }

  void charge(std::uint64_t cost) {
    if ((extra_ += cost) > max_extra_)
      throw Error("reading the model would take more than ", max_extra_ >> 20, " MiB beyond its ", grouped(static_cast<long long>(bytes_.size())),
                  " bytes: it is made of very many tiny parts");
  }

  std::string_view bytes_;
  std::uint64_t max_extra_;
  std::size_t at_ = 0;
  std::uint64_t nodes_ = 0, extra_ = 0;
};

struct Magic {
  std::size_t at;
  std::string_view bytes;
  const char* what;
};
using namespace std::string_view_literals;
constexpr Magic magics[] = {{0, "\x1f\x8b"sv, "is compressed with gzip: unpack it first"},
                            {0, "BZh"sv, "is compressed with bzip2: unpack it first"},
                            {0,
                             "\xfd"
                             "7zXZ"sv,
                             "is compressed with xz: unpack it first"},
                            {0, "\x28\xb5\x2f\xfd"sv, "is compressed with zstd: unpack it first"},
                            {0, "PK\x03\x04"sv, "is a zip archive (a PyTorch .pt file, a .keras file?): export the model to ONNX"},
                            {0, "\x89HDF"sv, "is an HDF5 file (a Keras .h5 file?): export the model to ONNX"},
                            {0, "\x93NUMPY"sv, "is a numpy array"},
                            {0, "\x80\x02"sv, "is a Python pickle (a PyTorch .pt file?): export the model to ONNX"},
                            {0, "\x80\x04"sv, "is a Python pickle: export the model to ONNX"},
                            {0, "\x80\x05"sv, "is a Python pickle: export the model to ONNX"},
                            {0, "version https://git-lfs"sv, "is a Git LFS pointer, not the model: fetch it with 'git lfs pull'"},
                            {4, "TFL3"sv, "is a TensorFlow Lite model: export the model to ONNX"},
                            {4, "ORTM"sv, "is in the private format of ONNX Runtime: keep the .onnx file"}};
}  // namespace

void recognise(std::string_view head) {
  if (head.empty()) throw Error("the file is empty");
  for (const Magic& magic : magics)
    if (head.size() >= magic.at && head.substr(magic.at).starts_with(magic.bytes)) throw Error("the file ", magic.what);
  if (head.size() > 8 && head.substr(7).starts_with("\0{"sv)) throw Error("the file is in safetensors format: weights without a graph");
  const auto text = [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t'; };
  if (head.size() > 16 && std::ranges::all_of(head, text)) throw Error("the file is text, not an ONNX model in protobuf form");
  if (head[0] == 0) throw Error("the file begins with a zero byte: this is not an ONNX model");
}

void prescan(std::string_view bytes, std::uint64_t max_extra) {
  recognise(bytes.substr(0, 4096));
  Scanner(bytes, max_extra).message(model, bytes.size(), 0, 0);
}

void prescan_head(std::string_view head, std::uint64_t size) {
  recognise(head.substr(0, 4096));
  try {
    Scanner(head, max_extra_bytes).message(model, size, 0, 0);
  } catch (const OutOfSight&) {
  }
}

}  // namespace lehr::onnx
