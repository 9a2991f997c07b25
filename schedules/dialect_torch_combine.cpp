// torch's schedulers of schedulers. Children take over `lr` and `per`.
#include "schedules/dialect.h"

namespace lehr {
namespace {

// A milestone's own step belongs to the next child, which begins at its 0.
Curve sequential(const Args& a) {
  const auto children = a.schedules("schedulers");
  const auto milestones = a.numbers("milestones");
  require_order(a, "milestones", milestones, true);
  if (children.size() != milestones.size() + 1)
    a.fail("milestones", cat(children.size(), " schedulers need ", children.size() - 1, " milestones, but there are ", milestones.size()));
  return {[children, milestones, counter = counter_of(a)](const Moment& m) {
    const double x = count(m, counter);
    const auto index = static_cast<std::size_t>(std::upper_bound(milestones.begin(), milestones.end(), x) - milestones.begin());
    const double begin = index == 0 ? 0 : milestones[index - 1] * updates(m, counter);
    return children[index].at(Moment{m.step - begin, m.length - begin, m.run});
  }};
}

// The product of the children's factors. torch lets a child that sets the rate outright overwrite the others.
Curve chained(const Args& a) {
  const double lr = a.number("lr");
  if (lr == 0) a.fail("lr", "`lr` must not be 0: the children's factors are taken from it");
  return {[children = a.schedules("schedulers"), lr](const Moment& m) {
    double value = lr;
    for (const Schedule& child : children) value *= child.at(m) / lr;
    return value;
  }};
}
}  // namespace

std::vector<Type> torch_combining_types() {
  const Key children = list_key("schedulers", Key::Kind::schedules, "schedules; they take over lr and per");
  return {
      {"torch.SequentialLR",
       "schedulers[k] from milestones[k-1] on, each in its own time",
       "torch.optim.lr_scheduler",
       {lr_key(), children, list_key("milestones", Key::Kind::numbers, "counts, increasing", "", not_negative), per_key()},
       sequential,
       {"lr", "per"}},
      {"torch.ChainedScheduler", "lr * (a / lr) * (b / lr) * ...", "torch.optim.lr_scheduler", {lr_key(), children, per_key()}, chained, {"lr", "per"}},
  };
}

}  // namespace lehr
