#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "engine/data/csv.h"
#include "engine/data/csv_source.h"
#include "tests/support/catch.h"

using namespace lehr;

namespace {
std::string zipped(const std::string& content) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
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

std::string unpacked(const std::string& content, std::uintmax_t limit, bool keep = true) {
  csv::Source source(std::string_view(content), limit);
  std::string out, part(std::size_t{1} << 18, '\0');
  while (const std::size_t n = source.read(part))
    if (keep) out.append(part, 0, n);
  return out;
}

std::string error_of(const std::string& content, std::uintmax_t limit = 1 << 20) {
  try {
    unpacked(content, limit, false);
  } catch (const Error& error) { return error.what(); }
  return "no error";
}
}  // namespace

TEST_CASE("a gzip file is the table it holds", "[gzip]") {
  const std::string path = LEHR_SOURCE_DIR "/experiments/ionosphere/ionosphere.csv";
  const std::string content = read_file(path);
  const auto packed = std::filesystem::temp_directory_path() / cat("lehr-gzip-test-", std::rand(), ".csv.gz");
  std::ofstream(packed, std::ios::binary) << zipped(content);
  const CsvTable a = read_csv(path), b = read_csv(packed), c = parse_csv(zipped(content), "x");
  std::filesystem::remove(packed);
  REQUIRE(a.columns.size() == b.columns.size());
  CHECK(a.lines == b.lines);
  CHECK(a.bytes == b.bytes);
  for (std::size_t i = 0; i < a.columns.size(); ++i) {
    CHECK(a.columns[i].numbers == b.columns[i].numbers);
    CHECK(a.columns[i].codes == b.columns[i].codes);
    CHECK(a.columns[i].texts == b.columns[i].texts);
    CHECK(a.columns[i].numbers == c.columns[i].numbers);
  }
}

TEST_CASE("members follow one another", "[gzip]") {
  CHECK(unpacked(zipped("1,2\n") + zipped("3,4\n"), 100) == "1,2\n3,4\n");
  CHECK(unpacked(zipped(""), 100).empty());
}

TEST_CASE("damaged gzip data is refused", "[gzip]") {
  std::string content;
  for (int i = 0; content.size() < 5005; ++i) content += cat(i * 7919 % 1000, ',');
  content.resize(5005);
  const std::string good = zipped(content);
  CHECK(is_gzip(good));
  CHECK_FALSE(is_gzip("1,2"));
  CHECK(error_of(good.substr(0, good.size() - 3)).find("ends early") != std::string::npos);
  CHECK(error_of(good.substr(0, 2)).find("ends early") != std::string::npos);
  CHECK(error_of(good + "tail").find("followed by 4 other bytes") != std::string::npos);
  CHECK(error_of(good, 5004) == "it unpacks to more than 5004 bytes, the limit");
  CHECK(error_of(good, 5005) == "no error");
  for (std::size_t i = 10; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x55);
    INFO("byte " << i << " of " << good.size());
    CHECK(error_of(bad) != "no error");
  }
}

TEST_CASE("a small file that unpacks to much stops at the limit", "[gzip]") {
  const std::string bomb = zipped(std::string(50 << 20, '\0'));
  CHECK(bomb.size() < 100'000);
  CHECK(error_of(bomb, 1 << 20).find("more than 1048576 bytes") != std::string::npos);
  const std::string member = zipped(std::string(16 << 20, '\0'));
  std::string members;
  for (int i = 0; i < 20; ++i) members += member;
  CHECK(error_of(members, std::uintmax_t{1} << 30).find("it unpacks to more than 400 times its ") == 0);
}
