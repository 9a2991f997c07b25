#pragma once
// Catch2 2 (Debian 12) and 3 (Debian 13) under one name; contains(part) is the matcher of a part of a message in both.
#include <string>

#if LEHR_CATCH >= 3
#include <catch2/catch_all.hpp>
using Catch::Approx;
namespace lehr::test {
inline auto contains(const std::string& part) { return Catch::Matchers::ContainsSubstring(part); }
}  // namespace lehr::test
#else
#define CATCH_CONFIG_ENABLE_BENCHMARKING_OFF
#ifdef LEHR_CATCH_MAIN
#define CATCH_CONFIG_RUNNER
#endif
#include <catch2/catch.hpp>
using Catch::Detail::Approx;
namespace lehr::test {
inline auto contains(const std::string& part) { return Catch::Matchers::Contains(part); }
}  // namespace lehr::test
#endif
