#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lehr {

// Starts with gzip's magic bytes 1f 8b.
bool is_gzip(std::string_view content);
// The uncompressed bytes of every member, one after another (RFC 1952). Error on damage, truncation, trailing bytes or more than `limit`.
std::string gunzip(std::string_view content, std::uintmax_t limit);

// The same as a stream in memory that does not grow. What unpacks to over 256 MiB and to over 400 times its size is refused: deflate reaches 1032 on one
// repeated byte, no table of numbers does.
class GzipReader {
 public:
  using Pull = std::function<std::size_t(std::span<char>)>;  // packed bytes; 0 at their end
  explicit GzipReader(Pull pull);
  ~GzipReader();
  std::size_t read(std::span<char> out);  // 0 at the end

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lehr
