#include "base/file.h"
#include "experiments/run/vocabulary.h"
#include "experiments/spec/experiment.h"
#include "tests/support/catch.h"

using namespace lehr;

TEST_CASE("docs/experiment.md is what the table of keys says") {
  const std::string page = read_file(std::filesystem::path(LEHR_SOURCE_DIR) / "docs/experiment.md");
  const bool current = page == spec::markdown_reference(run::vocabulary());
  INFO("write the output of markdown_reference(run::vocabulary()) to docs/experiment.md");
  CHECK(current);
}
