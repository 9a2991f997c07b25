#include "schedules/gallery.h"

#include <cstdlib>

#include "base/file.h"
#include "schedules/feedback.h"
#include "tests/support/catch.h"

using namespace lehr;

TEST_CASE("docs/schedules.md is what the program makes of its tables", "[schedules]") {
  const std::string path = LEHR_SOURCE_DIR "/docs/schedules.md", made = schedule_gallery();
  if (std::getenv("LEHR_WRITE_DOCS")) write_file(path, made);
  const bool same = read_file(path) == made;
  INFO("LEHR_WRITE_DOCS=1 lehr_tests \"docs/schedules.md*\" writes it anew");
  CHECK(same);
  for (const auto& types : {schedule_types(), feedback_types()})
    for (const ScheduleType& type : types) {
      INFO(type.name);
      const std::size_t section = made.find("\n### " + type.name + "\n");
      REQUIRE(section != std::string::npos);
      const std::size_t next = made.find("\n### ", section + 1);
      CHECK(made.substr(section, next - section).find("```yaml") != std::string::npos);
    }
}
