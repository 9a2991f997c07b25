#pragma once
// Catch2 2 (Debian 12) and 3 (Debian 13) under one name.
#if LEHR_CATCH >= 3
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#define CATCH_CONFIG_ENABLE_BENCHMARKING_OFF
#ifdef LEHR_CATCH_MAIN
#define CATCH_CONFIG_RUNNER
#endif
#include <catch2/catch.hpp>
using Catch::Detail::Approx;
#endif
