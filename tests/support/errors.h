#pragma once
#include <string>

#include "base/error.h"

namespace lehr::test {

// The Error body throws, "" if none.
template <class Body>
std::string error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}
inline bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace lehr::test
