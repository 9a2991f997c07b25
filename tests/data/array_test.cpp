#include "tests/data/array_files.h"

using namespace lehr;
using namespace lehr::test;

namespace {
using Values = std::vector<double>;
std::string little(std::uint64_t value, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i) & 255);
  return out;
}
std::string safetensors(const std::string& header, const std::string& values) { return little(header.size(), 8) + header + values; }
}  // namespace

TEST_CASE("files of numpy give numpy's types, shapes and values", "[arrays]") {
  struct Row {
    const char* name;
    Dtype dtype;
    Values values;
  };
  const Values plus = {0.5, 1.5, 2.5, 3.5, 100.5, 127.5}, plain = {0, 1, 2, 3, 100, 127}, minus = {0, -1, -2, -3, -100, -127};
  const Row rows[] = {{"f2", Dtype::f16, plus},
                      {"f4", Dtype::f32, plus},
                      {"f8", Dtype::f64, plus},
                      {"i1", Dtype::i8, minus},
                      {"i2", Dtype::i16, minus},
                      {"i4", Dtype::i32, minus},
                      {"i8", Dtype::i64, minus},
                      {"u1", Dtype::u8, plain},
                      {"u2", Dtype::u16, plain},
                      {"u4", Dtype::u32, plain},
                      {"b1", Dtype::boolean, {0, 1, 0, 1, 1, 0}},
                      {"big_f4", Dtype::f32, plain},
                      {"big_f8", Dtype::f64, plain},
                      {"big_i2", Dtype::i16, plain},
                      {"big_i8", Dtype::i64, plain},
                      {"version2", Dtype::i32, plain},
                      {"version3", Dtype::i32, plain}};
  for (const Row& row : rows) {
    INFO(row.name);
    const ArrayData array = read_array(numpy_file(cat(row.name, ".npy")));
    CHECK(array.dtype == row.dtype);
    CHECK(array.shape == Shape{2, 3});
    CHECK(values_of(array) == row.values);
    CHECK(array.source == cat(row.name, ".npy"));
  }
  CHECK(values_of(read_array(numpy_file("one.npy"))) == Values{1.5, -2.5, 3.25});
  CHECK(read_array(numpy_file("one.npy")).shape == Shape{3});
  CHECK(values_of(read_array(numpy_file("scalar.npy"))) == Values{3.5});
  CHECK(read_array(numpy_file("empty.npy")).shape == Shape{0, 4});
}

TEST_CASE("an archive of numpy has its arrays by name", "[arrays]") {
  const ArrayData images = read_array(numpy_file("stored.npz:images"));
  CHECK(images.shape == Shape{2, 1, 3});
  CHECK(images.dtype == Dtype::u8);
  CHECK(values_of(images) == Values{0, 1, 2, 3, 100, 127});
  CHECK(images.source == "stored.npz:images");
  CHECK(values_of(read_array(numpy_file("stored.npz:labels"))) == Values{1, 0});
  const Values many = values_of(read_array(numpy_file("deflated.npz:images")));
  REQUIRE(many.size() == 200);
  for (std::size_t i = 0; i < many.size(); ++i) CHECK(many[i] == static_cast<double>(i));
  CHECK(values_of(read_array(numpy_file("deflated.npz:labels"))).back() == 1);
  const auto names = arrays_in(numpy_file("stored.npz"));
  REQUIRE(names.size() == 2);
  CHECK(names[0].filename() == "stored.npz:images");
  CHECK_THAT(error_of([] { read_array(numpy_file("stored.npz")); }), contains("it holds 2 arrays, name one as 'stored.npz:images': images, labels"));
  CHECK_THAT(error_of([] { read_array(numpy_file("stored.npz:image")); }), contains("it has no array 'image', did you mean 'images'?"));
}

TEST_CASE("IDX files, packed too", "[arrays]") {
  const ArrayFolder folder;
  const auto bytes = folder.write("a-idx2-ubyte", idx_file(8, {2, 3}, std::string("\x00\x01\x02\x03\x64\xff", 6)));
  CHECK(values_of(read_array(bytes)) == Values{0, 1, 2, 3, 100, 255});
  CHECK(read_array(bytes).shape == Shape{2, 3});
  CHECK(values_of(read_array(folder.write("s", idx_file(0x0B, {2}, std::string("\xff\xfe\x01\x00", 4))))) == Values{-2, 256});
  CHECK(values_of(read_array(folder.write("i", idx_file(0x0C, {1}, std::string("\x00\x00\x01\x00", 4))))) == Values{256});
  CHECK(values_of(read_array(folder.write("f", idx_file(0x0D, {1}, std::string("\x3f\xc0\x00\x00", 4))))) == Values{1.5});
  CHECK(values_of(read_array(folder.write("d", idx_file(0x0E, {1}, std::string("\xbf\xf8\x00\x00\x00\x00\x00\x00", 8))))) == Values{-1.5});
  std::string values;
  for (int i = 0; i < 5000; ++i) values += static_cast<char>(i * 7);
  const ArrayData unpacked = read_array(folder.write("a.gz", packed(idx_file(8, {50, 10, 10}, values))));
  CHECK(unpacked.shape == Shape{50, 10, 10});
  CHECK(unpacked.bytes == values);
  CHECK(read_array(folder.write("two.gz", packed(idx_file(8, {5000}, "")) + packed(values))).bytes == values);  // members follow one another
  CHECK(values_of(read_array(folder.write("n.npy.gz", packed(read_file(numpy_file("f8.npy")))))) == Values{0.5, 1.5, 2.5, 3.5, 100.5, 127.5});
}

TEST_CASE("tensors of a safetensors file", "[arrays]") {
  const ArrayFolder folder;
  const auto path = folder.write("a.safetensors",
                                 safetensors(R"({"x":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]},"y":{"dtype":"I64","shape":[2],"data_offsets":[4,20]}})",
                                             std::string("\x01\x02\x03\x04", 4) + little(7, 8) + little(9, 8)));
  CHECK(values_of(read_array(path.string() + ":x")) == Values{1, 2, 3, 4});
  CHECK(values_of(read_array(path.string() + ":y")) == Values{7, 9});  // lies at no multiple of 8
  CHECK_THAT(error_of([&] { read_array(path.string() + ":z"); }), contains("it has no array 'z'"));
}

TEST_CASE("what is written as .npy is read", "[arrays]") {
  const ArrayFolder folder;
  for (const Shape& shape : {Shape{6}, Shape{2, 3}, Shape{1, 2, 3}, Shape{}, Shape{0, 3}}) {
    const ArrayData array = read_array(folder.npy("a.npy", Dtype::f32, shape, std::vector<float>(static_cast<std::size_t>(elements(shape)), 2.5f)));
    CHECK(array.shape == shape);
    CHECK(values_of(array) == Values(static_cast<std::size_t>(elements(shape)), 2.5));
    CHECK(npy::header(Dtype::f32, shape).size() % 64 == 0);
  }
}
