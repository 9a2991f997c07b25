#include <cstdlib>

#include "base/file.h"
#include "experiments/run/vocabulary.h"
#include "experiments/spec/experiment.h"
#include "tests/support/catch.h"

using namespace lehr;

TEST_CASE("docs/experiment.md is what the table of keys says") {
  const auto path = std::filesystem::path(LEHR_SOURCE_DIR) / "docs/experiment.md";
  if (std::getenv("LEHR_WRITE_DOCS")) write_file(path, spec::markdown_reference(run::vocabulary()));
  const std::string page = read_file(path);
  const bool current = page == spec::markdown_reference(run::vocabulary());
  INFO("LEHR_WRITE_DOCS=1 lehr_tests \"docs/experiment.md*\" writes it");
  CHECK(current);
}
