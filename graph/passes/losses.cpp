#include "graph/passes/losses.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace lehr {

namespace {
constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(loss_rows); ++i)
    if (static_cast<std::size_t>(loss_rows[i].kind) != i) return false;
  return true;
}
static_assert(in_order(), "each kind has its row, in the order of the enumerators");

void check_class_weights(const LossSpec& spec) {
  for (const float w : spec.class_weights)
    if (!std::isfinite(w) || w < 0) throw Error("a class weight must be a finite number that is not negative, not ", w);
}
void check_smoothing(const LossSpec& spec) {
  if (!(spec.label_smoothing >= 0 && spec.label_smoothing < 1)) throw Error("label_smoothing must lie in [0, 1), not ", spec.label_smoothing);
}
void check_ignore(const LossSpec& spec) {
  if (spec.one_hot && spec.ignore_index) throw Error("an ignore index needs targets that are class indices, not one-hot rows");
}
void check_delta(const LossSpec& spec) {
  if (!(std::isfinite(spec.delta) && spec.delta > 0)) throw Error("delta must be a finite number above 0, not ", spec.delta);
}

struct OptionRow {
  LossOption option;
  const char* name;
  bool (*given)(const LossSpec&);
  void (*check)(const LossSpec&);
};
constexpr OptionRow option_rows[] = {
    {LossOption::class_weights, "class_weights", [](const LossSpec& s) { return !s.class_weights.empty() || s.balanced; }, check_class_weights},
    {LossOption::ignore_index, "ignore_index", [](const LossSpec& s) { return s.ignore_index.has_value(); }, check_ignore},
    {LossOption::label_smoothing, "label_smoothing", [](const LossSpec& s) { return s.label_smoothing != 0; }, check_smoothing},
    {LossOption::one_hot, "one_hot", [](const LossSpec& s) { return s.one_hot; }, [](const LossSpec&) {}},
    {LossOption::delta, "delta", [](const LossSpec& s) { return s.delta != 1; }, check_delta},
};
}  // namespace

const LossRow& loss_row(LossKind kind) { return loss_rows[static_cast<std::size_t>(kind)]; }

const LossRow* find_loss(std::string_view name) {
  for (const LossRow& row : loss_rows)
    if (row.target != TargetKind::none && name == row.name) return &row;
  return nullptr;
}

const char* name(LossKind kind) { return loss_row(kind).name; }

const char* name(Form form) {
  switch (form) {
    case Form::logits:
      return "logits";
    case Form::probabilities:
      return "probabilities";
    case Form::log_probabilities:
      return "log_probabilities";
  }
  return "?";
}

const char* name(LossOption option) { return std::ranges::find(option_rows, option, &OptionRow::option)->name; }

bool weights_by_loss(const LossSpec& spec) { return loss_row(spec.kind).target == TargetKind::classes && !spec.class_weights.empty(); }

std::optional<double> in_own_unit(LossKind kind, double value, double scale) {
  if (kind == LossKind::mse) return value / (scale * scale);
  if (kind == LossKind::mae) return value / std::abs(scale);
  return std::nullopt;
}

void check(const LossSpec& spec) {
  if (!std::isfinite(spec.weight) || spec.weight < 0) throw Error("the weight of a loss must be a finite number that is not negative, not ", spec.weight);
  const LossRow& loss = loss_row(spec.kind);
  for (const OptionRow& option : option_rows) {
    if (!option.given(spec)) continue;
    option.check(spec);
    if (loss.options.has(option.option)) continue;
    std::vector<std::string> takers;
    for (const LossRow& row : loss_rows)
      if (row.options.has(option.option)) takers.push_back(row.name);
    throw Error("the loss ", loss.name, " does not take ", option.name, ", which belongs to ", join(takers, ", "));
  }
}

}  // namespace lehr
