#include "engine/data/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "base/error.h"

namespace lehr {

bool is_gzip(std::string_view content) { return content.substr(0, 2) == "\x1f\x8b"; }

struct InflateStream::Impl {
  z_stream stream{};
  Pull pull;
  Form form;
  std::vector<char> packed;
  std::uintmax_t taken = 0;
  bool between = false, ended = false;  // between: behind the end of a member

  Impl(Pull p, Form f) : pull(std::move(p)), form(f), packed(std::size_t{1} << 16) {
    if (inflateInit2(&stream, form == Form::gzip ? 16 + MAX_WBITS : -MAX_WBITS) != Z_OK) throw Error("zlib cannot be started").code(Exit::failed);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { inflateEnd(&stream); }

  const char* what() const { return form == Form::gzip ? "gzip" : "deflated"; }
  // At least `count` packed bytes at hand unless they end.
  void want(std::size_t count) {
    if (stream.avail_in >= count) return;
    std::copy_n(reinterpret_cast<const char*>(stream.next_in), stream.avail_in, packed.data());
    std::size_t held = stream.avail_in;
    for (std::size_t n = 1; held < count && n > 0; held += n) n = pull(std::span(packed).subspan(held));
    stream.next_in = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_in = static_cast<uInt>(held);
  }
  // Behind the end of a gzip member another may follow.
  void next_member() {
    if (!between) return;
    const std::string_view rest(reinterpret_cast<const char*>(stream.next_in), stream.avail_in);
    ended = rest.empty();
    if (ended) return;
    if (form != Form::gzip || !is_gzip(rest)) {
      std::uintmax_t left = rest.size();
      for (std::size_t n = 0; (n = pull(packed)) > 0;) left += n;
      throw Error("the ", what(), " data is followed by ", left, " other bytes");
    }
    inflateReset(&stream);
    between = false;
  }
};

InflateStream::InflateStream(Pull pull, Form form) : impl_(std::make_unique<Impl>(std::move(pull), form)) {}
InflateStream::InflateStream(std::string_view packed, Form form)
    : InflateStream(
          [packed](std::span<char> to) mutable {
            const std::size_t n = packed.copy(to.data(), to.size());
            packed.remove_prefix(n);
            return n;
          },
          form) {}
InflateStream::~InflateStream() = default;

std::uintmax_t InflateStream::taken() const { return impl_->taken; }

std::size_t InflateStream::read(std::span<char> out) {
  Impl& z = *impl_;
  std::size_t done = 0;
  while (done < out.size()) {
    z.want(2);
    z.next_member();
    if (z.ended) break;
    z.stream.next_out = reinterpret_cast<Bytef*>(out.data() + done);
    z.stream.avail_out = static_cast<uInt>(std::min<std::size_t>(out.size() - done, std::numeric_limits<uInt>::max()));
    const uInt in = z.stream.avail_in, room = z.stream.avail_out;
    const int status = inflate(&z.stream, Z_NO_FLUSH);
    const uInt taken = in - z.stream.avail_in, given = room - z.stream.avail_out;
    z.taken += taken, done += given;
    if (status == Z_STREAM_END)
      z.between = true;
    else if (status != Z_OK && status != Z_BUF_ERROR)
      throw Error("the ", z.what(), " data is damaged near byte ", z.taken);
    else if (taken == 0 && given == 0)
      throw Error("the ", z.what(), " data ends early, after ", z.taken, " bytes");
  }
  return done;
}

}  // namespace lehr
