#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace lehr {

// Starts with gzip's magic bytes 1f 8b.
bool is_gzip(std::string_view content);

// Compressed bytes read piece by piece, with memory for a window only: gzip (every member, RFC 1952) or a bare deflate stream (RFC 1951).
class InflateStream {
 public:
  enum class Form { gzip, deflate };
  // Up to to.size() further packed bytes; 0 at their end.
  using Pull = std::function<std::size_t(std::span<char> to)>;
  InflateStream(Pull pull, Form form);
  InflateStream(std::string_view packed, Form form);  // refers to it
  ~InflateStream();
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;

  // Fills `out` as far as there are bytes; fewer only at the end. Error on damage, early ends and bytes behind the end.
  std::size_t read(std::span<char> out);
  std::uintmax_t taken() const;  // packed bytes read so far
  // No packed bytes give more than this: deflate packs 1032 to 1 at best.
  static double most(std::size_t packed) { return 1032.0 * static_cast<double>(packed) + 1032; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lehr
