#include "engine/data/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "engine/data/gzip.h"

namespace lehr {

struct InflateStream::Impl {
  z_stream stream{};
  std::string_view packed;
  std::size_t read = 0;
  Form form;
  bool ended = false;

  Impl(std::string_view p, Form f) : packed(p), form(f) {
    if (inflateInit2(&stream, form == Form::gzip ? 16 + MAX_WBITS : -MAX_WBITS) != Z_OK) throw Error("zlib cannot be started").code(Exit::failed);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { inflateEnd(&stream); }

  const char* what() const { return form == Form::gzip ? "gzip" : "deflated"; }
  // Behind the end of one member another may follow.
  void end() {
    ended = read == packed.size();
    if (ended) return;
    if (form != Form::gzip || !is_gzip(packed.substr(read))) throw Error("the ", what(), " data is followed by ", packed.size() - read, " other bytes");
    inflateReset(&stream);
  }
};

InflateStream::InflateStream(std::string_view packed, Form form) : impl_(std::make_unique<Impl>(packed, form)) {}
InflateStream::~InflateStream() = default;

std::size_t InflateStream::read(std::span<std::byte> out) {
  const auto at_most = [](std::size_t size) { return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max())); };
  Impl& z = *impl_;
  std::size_t done = 0;
  while (done < out.size() && !z.ended) {
    z.stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(z.packed.data() + z.read));
    z.stream.avail_in = at_most(z.packed.size() - z.read);
    z.stream.next_out = reinterpret_cast<Bytef*>(out.data() + done);
    z.stream.avail_out = at_most(out.size() - done);
    const uInt in = z.stream.avail_in, room = z.stream.avail_out;
    const int status = inflate(&z.stream, Z_NO_FLUSH);
    const uInt taken = in - z.stream.avail_in, given = room - z.stream.avail_out;
    z.read += taken, done += given;
    if (status == Z_STREAM_END)
      z.end();
    else if (status == Z_BUF_ERROR || (status == Z_OK && taken == 0 && given == 0))
      throw Error("the ", z.what(), " data ends early, after ", z.read, " bytes");
    else if (status != Z_OK)
      throw Error("the ", z.what(), " data is damaged near byte ", z.read);
  }
  return done;
}

}  // namespace lehr
