#include "engine/data/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace lehr {

namespace {
struct Inflater {
  z_stream stream{};
  Inflater() {
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) throw Error("zlib cannot be started").code(Exit::failed);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream); }
};

uInt at_most(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}
}  // namespace

bool is_gzip(std::string_view content) { return content.substr(0, 2) == "\x1f\x8b"; }

std::string gunzip(std::string_view content, std::uintmax_t limit) {
  Inflater z;
  std::string out(static_cast<std::size_t>(std::min<std::uintmax_t>(limit, content.size() * 4 + 64)), '\0');
  std::size_t done = 0, read = 0;
  for (;;) {
    if (done == out.size()) {
      if (done >= limit) throw Error("it unpacks to more than ", limit, " bytes, the limit");
      out.resize(static_cast<std::size_t>(std::min<std::uintmax_t>(limit, std::uintmax_t{2} * done + 64)));
    }
    z.stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data() + read));
    z.stream.avail_in = at_most(content.size() - read);
    z.stream.next_out = reinterpret_cast<Bytef*>(out.data() + done);
    z.stream.avail_out = at_most(out.size() - done);
    const uInt in = z.stream.avail_in, room = z.stream.avail_out;
    const int status = inflate(&z.stream, Z_NO_FLUSH);
    read += in - z.stream.avail_in;
    done += room - z.stream.avail_out;
    if (status == Z_STREAM_END) {
      if (read == content.size()) break;
      if (!is_gzip(content.substr(read))) throw Error("the gzip data is followed by ", content.size() - read, " other bytes");
      inflateReset(&z.stream);
    } else if (status == Z_BUF_ERROR || (status == Z_OK && read == content.size() && z.stream.avail_out > 0)) {
      throw Error("the gzip data ends early, after ", read, " bytes");
    } else if (status != Z_OK) {
      throw Error("the gzip data is damaged near byte ", read);
    }
  }
  out.resize(done);
  return out;
}

}  // namespace lehr
