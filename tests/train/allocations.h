#pragma once

namespace lehr::test {
// Calls of operator new in this program so far.
long allocations();
}  // namespace lehr::test
