#pragma once
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>

#include "engine/plan/collective.h"
#include "engine/train/observer.h"

namespace lehr {

// The observers of all processes as one: each is told what happens, and where one of them stops the training or wants a state, all do. A process without one
// has a say in nothing. Every process makes the same calls in the same order.
class AgreedObserver final : public Observer {
 public:
  AgreedObserver(Collective& collective, Observer* own);
  void updated(std::int64_t step, double loss) override;  // asks for all that may be asked after an update: one sum
  bool enough(std::int64_t step, double loss) override;
  void epoch(const EpochRecord& record) override;
  bool stopping() override;
  bool wants_state(std::int64_t step, std::int64_t epochs) override;
  bool keeps_states() const override { return keeps_; }
  void state(Saved saved) override;

 private:
  bool any(bool mine);
  Collective& collective_;
  Observer* own_;
  bool keeps_;
  std::optional<bool> enough_, stopping_;  // agreed on with the last update and not asked for yet
  bool wanted_ = false;                    // a state, since the last one
};

// Error where the processes do not hold the same bytes; what: a sentence's subject for them ("the weights after epoch 3").
void check_alike(Collective& collective, std::initializer_list<std::span<const std::byte>> held, const std::string& what);

}  // namespace lehr
