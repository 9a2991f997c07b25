// Array files that are cut short while they are read.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <numeric>

#include "engine/data/mapped.h"
#include "tests/data/array_files.h"

using namespace lehr;
using namespace lehr::test;

namespace {
constexpr std::int64_t rows = 100'000;

std::vector<float> counted() {
  std::vector<float> out(rows);
  std::iota(out.begin(), out.end(), 0.0f);
  return out;
}

Stored stored_of(const ArrayData& array) {
  Stored out(array.dtype, 1);
  out.add({array.owner, reinterpret_cast<const std::byte*>(array.bytes.data()), array.shape[0]});
  return out;
}
}  // namespace

TEST_CASE("a file that is cut short while it is read ends in an error that names file and byte", "[arrays][mapped]") {
  const ArrayFolder folder;
  const auto path = folder.npy("x.npy", Dtype::f32, {rows}, counted());
  const std::vector<std::int32_t> first = {1, 2}, last = {3, rows - 1};
  std::vector<float> got(2);
  {
    const Stored values = stored_of(read_array(path));
    values.gather(last, got.data());
    CHECK(got == std::vector<float>{3, rows - 1});
    std::filesystem::resize_file(path, 8192);
    values.gather(first, got.data());
    CHECK(got == std::vector<float>{1, 2});
    const std::string says = cat(quote(path.string()), " was cut short while it was read: it had 400,128 bytes, and byte 400,124 is not there any more");
    CHECK(error_of([&] { values.gather(last, got.data()); }) == says);
    CHECK(error_of([&] { values.gather(first, got.data()); }) == says);  // nothing of such a file is used any more
    CHECK(error_of([&] { values.raw(0); }) == says);
    std::vector<double> raw(2);
    CHECK(error_of([&] { values.gather_raw(last, raw.data()); }) == says);
  }
  const auto other = folder.npy("y.npy", Dtype::f32, {rows}, counted());  // another file is none the worse
  const Stored values = stored_of(read_array(other));
  values.gather(last, got.data());
  CHECK(got == std::vector<float>{3, rows - 1});
}

TEST_CASE("what is left of a mapped file is read again", "[arrays][mapped]") {
  const ArrayFolder folder;
  const Stored values = stored_of(read_array(folder.npy("x.npy", Dtype::f32, {rows}, counted())));
  const std::vector<std::int32_t> some = {0, 70'000};
  std::vector<float> got(2);
  for (int i = 0; i < 3; ++i) {
    values.gather(some, got.data());
    CHECK(got == std::vector<float>{0, 70'000});
    values.leave();
  }
  leave_mapped(&values);  // no mapped file
}

TEST_CASE("a bus error that is no mapped file's stays one", "[arrays][mapped]") {
  const ArrayFolder folder;
  read_array(folder.npy("x.npy", Dtype::f32, {rows}, counted()));
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGALRM, SIG_DFL), ::alarm(10);  // should it hang
    ::raise(SIGBUS);
    ::raise(SIGBUS);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(!(WIFEXITED(status) && WEXITSTATUS(status) == 0));
  CHECK(!(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM));
}
