#pragma once
#include <limits>
#include <string>

#include "schedules/schedule.h"
#include "tests/schedules/examples.h"
#include "tests/support/catch.h"

namespace lehr::test {

// The text is refused with a message that has `says` in it, at that column if one is given.
inline void check_refused(const std::string& text, const std::string& says, int column = 0) {
  INFO(text);
  try {
    parse_schedule(text);
    FAIL("was accepted");
  } catch (const TermError& error) {
    INFO(error.what());
    CHECK(std::string(error.what()).find(says) != std::string::npos);
    if (column) CHECK(error.column == column);
    CHECK(error.line == 1);
  }
}

// The findings of a run as one text, errors marked.
inline std::string found(const std::string& text, double low = 0, double high = std::numeric_limits<double>::infinity(),
                         const Clock& clock = tutorial_clock()) {
  std::string out;
  for (const auto& finding : parse_schedule(text).check(clock, low, high)) out += cat(finding.error ? "error: " : "warning: ", finding.what, "\n");
  return out;
}

// `says` is among the findings; none at all if it is empty.
inline void check_found(const std::string& text, const std::string& says, double low = 0, double high = std::numeric_limits<double>::infinity()) {
  const std::string findings = found(text, low, high);
  INFO(text << "\n" << findings);
  if (says.empty())
    CHECK(findings.empty());
  else
    CHECK(findings.find(says) != std::string::npos);
}

}  // namespace lehr::test
