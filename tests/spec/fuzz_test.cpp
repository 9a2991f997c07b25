#include <algorithm>

#include "base/rng.h"
#include "tests/spec/support.h"

using namespace lehr;
using namespace lehr::spec;

namespace {
// One to four edits at random places: a byte changed, removed, doubled, or a piece from elsewhere put in.
std::string mutated(std::string text, Random& random) {
  static const std::string spice = "\"'{}[]:,&*!|>#%@`-?\n \t\r~\0\x80\xff\xc3\xa9";
  static const std::vector<std::string> pieces = {"null",       "true",
                                                  "{type: ",    "[[",
                                                  "}}",         "1e400",
                                                  "-1",         ".nan",
                                                  "<<: ",       "*a",
                                                  "&a ",        "!!str ",
                                                  "---\n",      "params: {\"*\": {",
                                                  "lr: {",      "\xEF\xBB\xBF",
                                                  "optimizer.", "extends: fuzz.yaml\n"};
  for (std::uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
    if (text.empty()) return text;
    const std::size_t at = random.below(text.size());
    switch (random.below(6)) {
      case 0:
        text[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        text[at] = spice[random.below(spice.size())];
        break;
      case 2:
        text.erase(at, 1 + random.below(20));
        break;
      case 3:
        text.insert(at, text.substr(random.below(text.size()), random.below(40)));
        break;
      case 4:
        text.insert(at, pieces[random.below(pieces.size())]);
        break;
      default:
        text.resize(at);
        break;
    }
  }
  return text;
}

// Reads, and what is read must resolve to a file that reads too. Anything but an Error fails the test.
bool survives(const Folder& folder, const std::string& text, std::size_t& read) {
  const auto file = folder.write("fuzz.yaml", text);
  try {
    const Study study = read_study(file, test_vocabulary());
    ++read;
    const Study again = read_study(folder.write("again.yaml", study.trials.front().resolved()), test_vocabulary());
    return again.trials.front().resolved() == study.trials.front().resolved();
  } catch (const Error& error) {
    const std::string what = error.what();
    return !what.empty() && std::ranges::none_of(what, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7F; });
  }
}
}  // namespace

TEST_CASE("a damaged file is read or refused, never more") {
  const Folder folder;
  const std::string seed = read_file(data_file("tutorial.yaml"));
  Random random(1, Stream::search);
  std::size_t read = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string text = mutated(seed, random);
    if (survives(folder, text, read)) continue;
    INFO(text);
    CHECK(false);
  }
  CHECK(read > 100);
  CHECK(read < 2500);
}

TEST_CASE("every beginning of the tutorial's file is read or refused") {
  const Folder folder;
  const std::string seed = read_file(data_file("tutorial.yaml"));
  std::size_t read = 0;
  for (std::size_t length = 0; length < seed.size(); ++length) CHECK(survives(folder, seed.substr(0, length), read));
}

TEST_CASE("damaged --set arguments are taken or refused") {
  const Folder folder;
  const auto file = folder.write("e.yaml", minimal);
  Random random(2, Stream::search);
  for (int i = 0; i < 2000; ++i) {
    const std::string argument = mutated("optimizer.momentum={type: linear, from: 0.1, to: \"0.1 * step\"}", random);
    try {
      read_study(file, test_vocabulary(), {.set = {argument}});
    } catch (const Error& error) {
      CHECK_FALSE(std::string(error.what()).empty());
    }
  }
}
