#include "base/file.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>

#include "base/error.h"
#include "tests/support/catch.h"

using namespace lehr;
namespace fs = std::filesystem;

namespace {
// An empty folder, gone with its contents at the end.
struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "lehr-file-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  std::size_t entries() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator())); }
};

// Files may not grow beyond so many bytes: what a full disk looks like to a writer.
struct SmallFiles {
  rlimit before{};
  void (*handler)(int);
  explicit SmallFiles(rlim_t bytes) : handler(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{bytes, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallFiles() {
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
  }
};

struct Failure { std::string what; Exit code = Exit::ok; };
template <class Body>
Failure failure(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return {error.what(), error.code()};
  }
  return {};
}
bool says(const Failure& f, const std::string& part) { return f.what.find(part) != std::string::npos; }
}  // namespace

TEST_CASE("files are written whole", "[base]") {
  const Folder folder;
  const fs::path file = folder.path / "a.txt";
  const std::string binary{"\0\n\xff" "end", 6};
  for (const auto write : {write_file, write_file_lazily})
    for (const std::string& content : {std::string("first"), std::string(), binary, std::string(3000000, 'x')}) {
      write(file, content);
      CHECK(read_file(file) == content);
      CHECK(folder.entries() == 1);  // nothing temporary stays behind
    }
}

TEST_CASE("a write that fails leaves the old content and nothing else", "[base]") {
  const Folder folder;
  const fs::path file = folder.path / "a.txt";
  write_file(file, "old");
  for (const auto write : {write_file, write_file_lazily}) {
    Failure full;
    {
      const SmallFiles limit(1000);
      full = failure([&] { write(file, std::string(100000, 'x')); });
    }
    CHECK(says(full, "cannot write " + quote(file.string())));
    CHECK(full.code == Exit::failed);
    CHECK(read_file(file) == "old");
    CHECK(folder.entries() == 1);

    CHECK(failure([&] { write(folder.path / "missing" / "b.txt", "new"); }).code == Exit::failed);
    CHECK(says(failure([&] { write(file / "b.txt", "new"); }), "Not a directory"));
    fs::create_directory(folder.path / "sub");
    CHECK(says(failure([&] { write(folder.path / "sub", "new"); }), "cannot write"));
    CHECK(fs::is_directory(folder.path / "sub"));
    CHECK(folder.entries() == 2);
    fs::remove(folder.path / "sub");
    CHECK(read_file(file) == "old");
  }
}

TEST_CASE("what cannot be read is refused by name", "[base]") {
  const Folder folder;
  const fs::path file = folder.path / "a\x1b.txt";
  CHECK(says(failure([&] { read_file(file); }), "a\\x1b.txt': No such file"));
  CHECK(failure([&] { read_file(file); }).code == Exit::usage);
  write_file(file, "12345");
  CHECK(read_file(file, 5) == "12345");
  CHECK(says(failure([&] { read_file(file, 4); }), "has 5 bytes, the limit is 4"));
  CHECK(says(failure([&] { read_file(folder.path); }), "Is a directory"));
  fs::resize_file(file, std::uintmax_t{1} << 41);  // sparse: refused before anything is allocated
  CHECK(says(failure([&] { read_file(file); }), "the limit is"));
  const fs::path pipe = folder.path / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);  // nobody writes: opening must not wait
  CHECK(says(failure([&] { read_file(pipe); }), "it is not a regular file"));
  CHECK(says(failure([&] { read_file("/dev/zero"); }), "it is not a regular file"));
}

TEST_CASE("a fingerprint is the same of any parts, and as its definition says", "[base]") {
  std::string content;
  for (int i = 0; i < 700; ++i) content += static_cast<char>(i * i * 31 + i / 3);
  const auto bit_by_bit = [](std::string_view bytes) {
    std::uint64_t crc = 0;
    for (const char c : bytes) {
      crc ^= static_cast<std::uint64_t>(static_cast<unsigned char>(c)) << 56;
      for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc >> 63) * 0x42F0E1EBA9EA3693);
    }
    std::string out;
    for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[(crc >> shift) & 15];
    return out;
  };
  for (std::size_t size = 0; size <= content.size(); ++size) {
    const std::string_view bytes = std::string_view(content).substr(0, size);
    CHECK(fingerprint(bytes) == bit_by_bit(bytes));
    Fingerprint parts;
    for (std::size_t at = 0, step = 1; at < size; at += step, step = 3 * step % 257) parts.add(bytes.substr(at, step));
    CHECK(parts.text() == bit_by_bit(bytes));
  }
}

TEST_CASE("fingerprints are CRC-64/ECMA-182", "[base]") {
  CHECK(fingerprint("123456789") == "6c40df5f0b497347");  // the check value of the catalogue of CRCs
  CHECK(fingerprint("") == "0000000000000000");
  CHECK(fingerprint(std::string(1, '\0') + "a") != fingerprint("a" + std::string(1, '\0')));
}

TEST_CASE("lines are appended at the end, whoever else wrote", "[base]") {
  const Folder folder;
  const fs::path file = folder.path / "log";
  write_file(file, "one\n");
  {
    Appender first(file), second(file);
    first.write("two\n");
    second.write("three\n");
    first.write("four\n");
  }
  CHECK(read_file(file) == "one\ntwo\nthree\nfour\n");
  CHECK(failure([&] { Appender(folder.path / "missing" / "log"); }).code == Exit::failed);
  CHECK(says(failure([&] { Appender("/dev/full").write("x"); }), "No space left"));
}
