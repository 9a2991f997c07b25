#include "engine/train/agreed.h"

#include <array>
#include <utility>
#include <vector>

#include "base/file.h"

namespace lehr {

AgreedObserver::AgreedObserver(Collective& collective, Observer* own) : collective_(collective), own_(own), keeps_(any(own && own->keeps_states())) {}

bool AgreedObserver::any(bool mine) {
  double votes = mine ? 1 : 0;
  collective_.sum(std::span(&votes, 1));
  return votes > 0;
}

void AgreedObserver::updated(std::int64_t step, double loss) {
  std::array<double, 3> votes{};
  if (own_) {
    own_->updated(step, loss);
    votes = {own_->enough(step, loss) ? 1.0 : 0.0, own_->stopping() ? 1.0 : 0.0, own_->keeps_states() && own_->wants_state(step + 1, 0) ? 1.0 : 0.0};
  }
  collective_.sum(std::span<double>(votes));
  enough_ = votes[0] > 0, stopping_ = votes[1] > 0, wanted_ |= votes[2] > 0;
}

bool AgreedObserver::enough(std::int64_t step, double loss) {
  if (const auto agreed = std::exchange(enough_, std::nullopt)) return *agreed;
  return any(own_ && own_->enough(step, loss));
}

void AgreedObserver::epoch(const EpochRecord& record) {
  if (own_) own_->epoch(record);
}

bool AgreedObserver::stopping() {
  if (const auto agreed = std::exchange(stopping_, std::nullopt)) return *agreed;
  return any(own_ && own_->stopping());
}

bool AgreedObserver::wants_state(std::int64_t step, std::int64_t epochs) {
  if (epochs > 0) wanted_ |= any(own_ && own_->keeps_states() && own_->wants_state(step, epochs));
  return std::exchange(wanted_, false);
}

void AgreedObserver::state(Saved saved) {
  if (own_ && own_->keeps_states()) own_->state(std::move(saved));
}

void check_alike(Collective& collective, std::initializer_list<std::span<const std::byte>> held, const std::string& what) {
  Fingerprint print;
  for (const auto bytes : held) print.add({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  constexpr std::size_t parts = 4;  // of 16 bits, which a double holds
  const auto rank = static_cast<std::size_t>(collective.rank());
  std::vector<double> all(parts * static_cast<std::size_t>(collective.processes()), 0.0);
  for (std::size_t k = 0; k < parts; ++k) all[rank * parts + k] = static_cast<double>(print.value() >> (16 * k) & 0xffff);
  collective.sum(std::span<double>(all));
  for (std::size_t at = parts; at < all.size(); ++at)
    if (all[at] != all[at % parts]) throw Error(what, " are not those of process 0 in process ", at / parts, ": every process must hold the same");
}

}  // namespace lehr
