// What a damaged or made-up archive may do: be refused, before anything is allocated for what is not there.
#include "base/archive.h"

#include <cmath>
#include <limits>

#include "base/text.h"
#include "tests/support/catch.h"

using namespace lehr;

namespace {
int made = 0;
struct Counted {
  std::int64_t value = 0;
  Counted() { ++made; }
  void fields(Archive& a) { a(value); }
};
struct All {
  bool yes = true, no = false;
  std::optional<double> some = 0.5, none;
  std::string text = "a\0b";
  std::vector<std::string> texts{"x", "", "yz"};
  std::vector<float> numbers{1, -0.0f};
  std::vector<std::vector<std::int32_t>> lists{{1}, {}, {2, 3}};
  void fields(Archive& a) { a(yes, no, some, none, text, texts, numbers, lists); }
};
std::string bytes_of(std::uint64_t count) { return {reinterpret_cast<const char*>(&count), sizeof count}; }
}  // namespace

TEST_CASE("an archive gives back what it took", "[base]") {
  All from;
  Archive out;
  out(from);
  const std::string bytes = out.take();
  All to;
  to.yes = false, to.no = true, to.some.reset(), to.none = 1, to.text.clear(), to.texts = {"1", "2", "3", "4"}, to.numbers.clear(), to.lists.clear();
  Archive in(bytes);
  in(to);
  in.end();
  CHECK((to.yes && !to.no && to.some == 0.5 && !to.none && to.text == from.text && to.texts == from.texts && to.lists == from.lists));
  CHECK((to.numbers.size() == 2 && std::signbit(to.numbers[1])));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    All cut;
    Archive early(std::string_view(bytes).substr(0, length));
    CHECK_THROWS_AS(early(cut), Error);
  }
}

TEST_CASE("a count in an archive allocates no more than the bytes behind it make", "[base]") {
  const std::string bytes = bytes_of(800) + std::string(800, '\1');  // 100 values of 8 bytes
  std::vector<Counted> values;
  made = 0;
  Archive in(bytes);
  CHECK_THROWS_AS(in(values), Error);
  CHECK(made <= 300);  // and copies as the list grows
  for (const std::uint64_t count : {std::uint64_t{1} << 63, ~std::uint64_t{0}, std::uint64_t{801}}) {
    const std::string longer = bytes_of(count) + std::string(800, '\1');
    std::vector<double> numbers;
    std::string text;
    Archive of_numbers(longer), of_text(longer), of_values(longer);
    CHECK_THROWS_AS(of_numbers(numbers), Error);
    CHECK_THROWS_AS(of_text(text), Error);
    CHECK_THROWS_AS(of_values(values), Error);
  }
}

TEST_CASE("what was counted is no negative number, and none that cannot be counted on", "[base]") {
  for (const std::int64_t value : {std::int64_t{-1}, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(), (std::int64_t{1} << 53) + 1}) {
    std::int64_t number = 0;
    const std::string bytes(reinterpret_cast<const char*>(&value), sizeof value);
    Archive in(bytes);
    CHECK_THROWS_AS(in.counted(number), Error);
  }
}

TEST_CASE("a byte that is neither true nor false is refused", "[base]") {
  bool value = false;
  std::optional<std::int64_t> number;
  const std::string bytes = "\2" + std::string(8, '\0');
  Archive in(bytes), of_number(bytes);
  CHECK_THROWS_AS(in(value), Error);
  CHECK_THROWS_AS(of_number(number), Error);
}
