// Headers that lie, files that are cut or damaged: each is refused with its sentence, before anything of the size it says is allocated.
#include "tests/data/array_files.h"

using namespace lehr;
using namespace lehr::test;

namespace {
std::string npy_of(const std::string& dictionary, const std::string& values, char version = 1) {
  std::string out = std::string("\x93NUMPY", 6) + version + '\0' + static_cast<char>(dictionary.size() & 255) + static_cast<char>(dictionary.size() >> 8);
  if (version > 1) out += std::string(2, '\0');
  return out + dictionary + values;
}
std::string shaped(const std::string& shape, const std::string& values, const std::string& type = "<f4", const std::string& order = "False") {
  return npy_of(cat("{'descr': '", type, "', 'fortran_order': ", order, ", 'shape': ", shape, ", }\n"), values);
}
std::string set(std::string bytes, std::size_t at, const std::string& by) { return bytes.replace(at, by.size(), by); }
std::string safetensors(const std::string& header, const std::string& values) {
  std::string size(8, '\0');
  size[0] = static_cast<char>(header.size());
  return size + header + values;
}
}  // namespace

TEST_CASE("an array whose file lies is refused with a sentence", "[arrays]") {
  const std::string f4 = read_file(numpy_file("f4.npy")), stored = read_file(numpy_file("stored.npz")), deflated = read_file(numpy_file("deflated.npz"));
  const std::string data(24, 'x');
  const std::size_t directory = stored.rfind(std::string("PK\x01\x02", 4)), end = stored.rfind(std::string("PK\x05\x06", 4));
  const std::size_t first = stored.find(std::string("PK\x01\x02", 4));
  const std::size_t packed_at = deflated.find("images.npy") + 10 + 20;
  struct Row {
    const char* what;
    std::string bytes, says;
    const char* name = "a.npy";
  };
  const Row rows[] = {
      {"nothing", "", "it is empty"},
      {"text", "1,2,3\n", "it is no array: .npy, .npz, IDX and .safetensors are read"},
      {"cut in the magic", f4.substr(0, 8), "its .npy header ends early, after 8 bytes"},
      {"cut in the header", f4.substr(0, 40), "its header takes 128 bytes, the file has 40"},
      {"cut in the values", f4.substr(0, f4.size() - 1), "its header says float32[2,3], which takes 24 bytes; behind it there are 23"},
      {"bytes behind the values", f4 + "x", "which takes 24 bytes; behind it there are 25"},
      {"version 9", set(f4, 6, "\x09"), "its .npy format is version 9"},
      {"a header longer than the file", npy_of("{}", "", 2).replace(8, 4, std::string("\xff\xff\x0f\x00", 4)), "its header takes"},
      {"a header of 4 GB", npy_of("{}", "", 2).replace(8, 4, std::string("\xff\xff\xff\xff", 4)), "its .npy header says it is 4294967295 bytes long"},
      {"a negative dimension", shaped("(-1, 3)", data), "shape [-1,3] has the negative dimension -1"},
      {"a product beyond 2^64", shaped("(4294967296, 4294967296, 4294967296)", data), "has more than 2^47 elements"},
      {"a product that wraps to what is there", shaped("(2147483648, 2147483648, 4, 3, 2)", data), "has more than 2^47 elements"},
      {"a dimension of 30 digits", shaped("(111111111111111111111111111111,)", data), "a dimension of its shape is larger than 2^47"},
      {"a billion rows", shaped("(1000000000, 1000)", data), "which takes 4,000,000,000,000 bytes; behind it there are 24"},
      {"17 dimensions", shaped("(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 6)", data), "more than 16 dimensions"},
      {"Fortran order", shaped("(2, 3)", data, "<f4", "True"),
       "Fortran order (columns first), which is not read: save it as numpy.save(…, numpy.ascontiguousarray(x))"},
      {"objects", shaped("(3,)", data, "|O"), "holds Python objects (a pickle), which are not read"},
      {"complex", shaped("(3,)", data, "<c8"), "holds complex numbers"},
      {"texts", shaped("(3,)", data, "<U2"), "holds texts"},
      {"byte strings", shaped("(3,)", data, "|S8"), "holds byte strings"},
      {"dates", shaped("(3,)", data, "<M8[s]"), "holds dates"},
      {"float128", shaped("(3,)", data, "<f16"), "its type '<f16' is not read"},
      {"a structured type", npy_of("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }", data), "its type is structured"},
      {"no shape", npy_of("{'descr': '<f4', 'fortran_order': False, }", data), "no dictionary of descr, fortran_order and shape"},
      {"shape twice", npy_of("{'descr': '<f4', 'shape': (6,), 'fortran_order': False, 'shape': (6,), }", data), "holds 'shape' twice"},
      {"code", npy_of("{'descr': exit(1), 'fortran_order': False, 'shape': (6,), }", data), "its header is no dictionary of numpy"},
      {"no end", npy_of("{'descr': '<f4", data), "its header is no dictionary of numpy"},
      {"rubbish behind", npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), } + 1", data), "no dictionary of descr"},
      {"IDX cut in its header", std::string("\0\0\x08\x03\0\0", 6), "its header takes 16 bytes, the file has 6"},
      {"IDX of 17 dimensions", std::string("\0\0\x08\x11", 4) + std::string(80, '\1'), "its IDX header says 17 dimensions"},
      {"IDX of 2^96 values", idx_file(8, {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, data), "has more than 2^47 elements"},
      {"IDX cut", idx_file(8, {100, 100}, data), "its header says uint8[100,100], which takes 10,000 bytes; behind it there are 24"},
      {"gzip cut", packed(idx_file(8, {24}, data)).substr(0, 20), "the gzip data ends early"},
      {"gzip damaged", set(packed(idx_file(8, {5000}, std::string(5000, 'x'))), 14, "\xff\xff\xff"), "data"},
      {"gzip said to hold 2^40", packed(idx_file(8, {1 << 20, 1 << 20}, data)), "packed bytes cannot give so many"},
      {"gzip of fewer", packed(idx_file(8, {100}, data)), "which takes 100 bytes; behind it there are 24"},
      {"gzip of more", packed(idx_file(8, {10}, data)), "which takes 10 bytes; unpacked there are more"},
      {"gzip of a text", packed("hello, hello"), "it is no array"},
      {"zip without its directory", stored.substr(0, 200), "its directory is missing"},
      {"zip of a directory beyond the end", set(stored, end + 16, "\xff\xff\xff\x7f"), "its ZIP directory points to bytes 2147483647"},
      {"zip of 65,535 members", set(stored, end + 10, "\xff\xff"), "ZIP directory"},
      {"zip: a member beyond the end", set(stored, directory + 42, "\xff\xff\xff\x7f"), "points to bytes 2147483647"},
      {"zip: encrypted", set(stored, first + 8, "\x01"), "it is encrypted\n  in member 'images.npy'"},
      {"zip: another method", set(stored, first + 10, "\x0e"), "it is packed by method 14, which is not read"},
      {"zip: another size", set(stored, first + 24, "\x05"), "it is stored in"},
      {"zip: deflated bytes damaged", set(deflated, packed_at + 100, "\x55\x55\x55\x55"), "its", "d.npz:images"},
      {"zip of PyTorch", set(stored, first + 46, "a/data.pkl"), "a file of PyTorch (a pickle)"},
      {"zip: no such directory entry", set(stored, first, "XXXX"), "its ZIP directory is damaged"},
      {"safetensors: a header longer than the file", std::string("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10),
       "a header of 9223372036854775807 bytes in a file of 10", "a.safetensors"},
      {"safetensors: bytes outside", safetensors(R"({"x":{"dtype":"F32","shape":[6],"data_offsets":[0,240]}})", data), "it lies in bytes 0 to 240 of 24",
       "a.safetensors"},
      {"safetensors: a product that overflows", safetensors(R"({"x":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,24]}})", data),
       "more than 2^47", "a.safetensors"},
      {"safetensors: negative", safetensors(R"({"x":{"dtype":"F32","shape":[-6],"data_offsets":[0,24]}})", data), "negative dimension", "a.safetensors"},
  };
  const ArrayFolder folder;
  for (const Row& row : rows) {
    INFO(row.what);
    const std::string file = std::string(row.name).substr(0, std::string(row.name).find(':'));
    folder.write(file, row.bytes);
    const std::string said = error_of([&] { read_array(folder.path(row.name)); });
    CHECK_THAT(said, contains(row.says));
    CHECK_THAT(said, contains(file));
  }
  CHECK_THAT(error_of([&] { read_array(folder.path("missing.npy")); }), contains("No such file"));
  CHECK_THAT(error_of([&] { read_array(folder.path("")); }), contains("Is a directory"));
  CHECK_THAT(error_of([&] { read_array("/dev/zero"); }), contains("it is not a regular file"));
}

TEST_CASE("every file with a byte changed or cut off is read or refused, never more", "[arrays]") {
  const ArrayFolder folder;
  const auto survive = [&](const std::string& name, const std::string& bytes, const std::string& member) {
    folder.write(name, bytes);
    error_of([&] {
      for (const auto& each : arrays_in(folder.path(name))) values_of(read_array(each));
      values_of(read_array(folder.path(name).string() + member));
    });
  };
  std::uint32_t state = 1;
  const auto random = [&state](std::size_t below) { return (state = state * 1664525 + 1013904223) / 7 % below; };
  for (const auto& [name, member] : {std::pair{"f4.npy", ""}, std::pair{"stored.npz", ":images"}, std::pair{"deflated.npz", ":images"}}) {
    const std::string whole = read_file(numpy_file(name));
    for (std::size_t cut = 0; cut < whole.size(); cut += 7) survive(name, whole.substr(0, cut), member);
    for (int i = 0; i < 400; ++i) {
      std::string bytes = whole;
      for (std::size_t n = 1 + random(3); n-- > 0;) bytes[random(bytes.size())] = static_cast<char>(random(256));
      survive(name, bytes, member);
    }
  }
  SUCCEED();
}
