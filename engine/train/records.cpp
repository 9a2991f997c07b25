#include "engine/train/records.h"

namespace lehr {

const char* name(Outcome outcome) {
  switch (outcome) {
    case Outcome::done: return "done";
    case Outcome::diverged: return "diverged";
    case Outcome::failed: return "failed";
    case Outcome::interrupted: return "interrupted";
    case Outcome::cut: return "cut";
  }
  return "?";
}

}  // namespace lehr
