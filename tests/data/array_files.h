#pragma once
#include <zlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "engine/data/array.h"
#include "engine/data/npy.h"
#include "engine/data/stored.h"
#include "tests/support/catch.h"
#include "tests/support/errors.h"

namespace lehr::test {

// A folder of arrays, removed at the end.
class ArrayFolder {
 public:
  ArrayFolder() : path_(std::filesystem::temp_directory_path() / cat("lehr-arrays-", ::getpid(), "-", count_++)) { std::filesystem::create_directories(path_); }
  ~ArrayFolder() { std::filesystem::remove_all(path_); }
  ArrayFolder(const ArrayFolder&) = delete;
  ArrayFolder& operator=(const ArrayFolder&) = delete;
  std::filesystem::path write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path_ / name;
  }
  template <class T>
  std::filesystem::path npy(const std::string& name, Dtype dtype, const Shape& shape, const std::vector<T>& values) const {
    return write(name, npy::header(dtype, shape).append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)));
  }
  std::filesystem::path path(const std::string& name) const { return path_ / name; }

 private:
  static inline std::atomic<int> count_ = 0;
  std::filesystem::path path_;
};

inline std::filesystem::path numpy_file(const std::string& name) { return std::filesystem::path(LEHR_SOURCE_DIR "/tests/data/arrays") / name; }

// Every value of an array, in row-major order.
inline std::vector<double> values_of(const ArrayData& array) {
  const std::int64_t rows = array.shape.empty() ? 1 : array.shape[0];
  if (elements(array.shape) == 0) return {};
  Stored stored(array.dtype, elements(array.shape) / rows);
  stored.add({array.owner, reinterpret_cast<const std::byte*>(array.bytes.data()), rows});
  std::vector<double> out;
  for (std::int64_t i = 0; i < elements(array.shape); ++i) out.push_back(stored.raw(static_cast<std::size_t>(i)));
  return out;
}

// In gzip's form (windowBits 31) or as a bare deflate stream (-15).
inline std::string packed(const std::string& content, int bits = 31) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&z, content.size()) + 32, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  z.avail_in = static_cast<uInt>(content.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

// An IDX file: type, dimensions, bytes of values.
inline std::string idx_file(char type, const std::vector<std::uint32_t>& dims, const std::string& values) {
  std::string out{'\0', '\0', type, static_cast<char>(dims.size())};
  for (const std::uint32_t dim : dims)
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(dim >> shift & 255);
  return out + values;
}

}  // namespace lehr::test
