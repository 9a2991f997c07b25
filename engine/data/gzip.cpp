#include "engine/data/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "base/error.h"

namespace lehr {

bool is_gzip(std::string_view content) { return content.substr(0, 2) == "\x1f\x8b"; }

struct GzipReader::State {
  explicit State(Pull p) : pull(std::move(p)), packed(std::size_t{1} << 16) {
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) throw Error("zlib cannot be started").code(Exit::failed);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { inflateEnd(&stream); }

  // At least `count` packed bytes at hand unless they end.
  void want(std::size_t count) {
    if (stream.avail_in >= count) return;
    std::copy_n(reinterpret_cast<const char*>(stream.next_in), stream.avail_in, packed.data());
    std::size_t held = stream.avail_in;
    while (held < count) {
      const std::size_t n = pull(std::span(packed).subspan(held));
      if (n == 0) break;
      held += n;
    }
    stream.next_in = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_in = static_cast<uInt>(held);
  }

  z_stream stream{};
  Pull pull;
  std::vector<char> packed;
  std::uintmax_t in = 0, out = 0;
  bool between = false, done = false;  // between two members
};

GzipReader::GzipReader(Pull pull) : state_(std::make_unique<State>(std::move(pull))) {}
GzipReader::~GzipReader() = default;

std::size_t GzipReader::read(std::span<char> out) {
  constexpr std::uintmax_t free = std::uintmax_t{256} << 20, ratio = 400;
  State& s = *state_;
  z_stream& z = s.stream;
  const std::size_t wanted = std::min<std::size_t>(out.size(), std::numeric_limits<uInt>::max());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(wanted);
  while (!s.done && z.avail_out > 0) {
    s.want(2);
    if (s.between) {
      const std::string_view rest(reinterpret_cast<const char*>(z.next_in), z.avail_in);
      if (rest.empty()) { s.done = true; break; }
      if (!is_gzip(rest)) {
        std::uintmax_t left = rest.size();
        for (std::size_t n; (n = s.pull(s.packed)) > 0;) left += n;
        throw Error("the gzip data is followed by ", left, " other bytes");
      }
      inflateReset(&z);
      s.between = false;
    }
    const uInt in = z.avail_in, room = z.avail_out;
    const int status = inflate(&z, Z_NO_FLUSH);
    s.in += in - z.avail_in, s.out += room - z.avail_out;
    if (status == Z_STREAM_END) s.between = true;
    else if (status != Z_OK && status != Z_BUF_ERROR) throw Error("the gzip data is damaged near byte ", s.in);
    else if (in == z.avail_in && room == z.avail_out) throw Error("the gzip data ends early, after ", s.in, " bytes");
    if (s.out > free && s.out / ratio > s.in)
      throw Error("it unpacks to more than ", ratio, " times its ", s.in, " bytes so far: no table does that; unpack it first if it is one");
  }
  return wanted - z.avail_out;
}

std::string gunzip(std::string_view content, std::uintmax_t limit) {
  std::size_t at = 0;
  GzipReader reader([&](std::span<char> to) {
    const std::size_t n = content.substr(at).copy(to.data(), to.size());
    at += n;
    return n;
  });
  std::string out;
  for (;;) {
    const std::size_t done = out.size();
    out.resize(done + std::max<std::size_t>(std::size_t{1} << 16, std::min<std::size_t>(done / 2, std::size_t{64} << 20)));
    const std::size_t n = reader.read({out.data() + done, out.size() - done});
    out.resize(done + n);
    if (out.size() > limit) throw Error("it unpacks to more than ", limit, " bytes, the limit");
    if (n == 0) return out;
  }
}

}  // namespace lehr
