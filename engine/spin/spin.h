#pragma once

namespace lehr {

// How often a thread that waits for its team looks before it sleeps. libgomp reads it from GOMP_SPINCOUNT before main(), and no call changes it later.
// Its own choice is 7.5 ms and more of looking, which a thread spends on the very processor its partner needs where others compute too. This folder is a
// shared library of one function that is linked behind libgomp: the loader runs such a library's constructor first (a test holds it).
struct SpinSetting {
  long count = 0;        // what was set; 0: the user's own GOMP_SPINCOUNT or OMP_WAIT_POLICY was left alone
  long nanoseconds = 0;  // that so many looks take, as measured
};
inline constexpr long spin_nanoseconds = 75'000;
const SpinSetting& spin_setting();
// Takes the variable out of the environment again, so that programs started from here choose for themselves. For after the start.
void forget_spin_variable();

}  // namespace lehr
