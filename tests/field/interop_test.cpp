#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "tests/field/trainings.h"
#include "tests/support/catch.h"

using namespace lehr;
namespace fs = std::filesystem;

// Every model that trains here: the file it leaves measures in ONNX Runtime what the run reported, all rows at once and one at a time.
TEST_CASE("ONNX Runtime measures what the runs reported", "[field][interop]") {
  std::string why;
  const std::string interpreter = test::interop_python(why);
  if (interpreter.empty()) {
    std::printf("interop: skipped, %s\n", why.c_str());
    return;
  }
  const test::Workplace place;
  for (const auto& c : field::models()) {
    const auto e = field::experiment(c);
    if (!e) continue;
    const std::string name = c.name.substr(c.name.rfind('/') + 1);
    fs::create_directories(place.path(name));
    for (const char* file : {"model.onnx", "case.json"}) fs::copy_file(c.model.parent_path() / file, place.path(name) / file);
    const std::size_t held = e->target.size() / 3;
    place.write(name + "/table.csv", e->table);
    place.write(name + "/validation", cat(held));
    place.write(name + "/e.yaml", cat(e->yaml, e->classes ? "metrics: [accuracy]\n" : ""));
    const auto ran = place.lehr(cat("run ", name, "/e.yaml --quiet --out ", name, "/run --set lr=0.01 --set 'data.split={validation: ", held,
                                    " rows, take: tail}' --set batch.size=", e->target.size() - held));
    INFO(name << '\n' << ran.both());
    if (const auto kept = field::not_freed().find(c.name); kept != field::not_freed().end()) {
      CHECK(ran.code == 3);
      CHECK_THAT(ran.err, test::contains(kept->second));
    } else {
      CHECK(ran.code == 0);
    }
    if (ran.code != 0) fs::remove_all(place.path(name));
  }
  CHECK(std::system(cat("'", interpreter, "' '", LEHR_SOURCE_DIR, "/tests/field/interop.py' '", place.path("").string(), "'").c_str()) == 0);
}
