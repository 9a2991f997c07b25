#pragma once

namespace lehr::test {
// Calls of operator new in this program so far, those of oneDNN's own code left out.
long allocations();
}  // namespace lehr::test
