#pragma once
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lehr {

// The losses. A new one is an enumerator with its row here, and its operator in engine/ops/loss.cpp.
// graph: the tensor itself is the loss.
enum class LossKind { binary_cross_entropy, cross_entropy, mse, mae, huber, graph };
// What the scores a loss is attached to are.
enum class Form { logits, probabilities, log_probabilities };
// What a row of the target is: 0 or 1 (f32), a class index (i64), numbers (f32), nothing.
enum class TargetKind { binary, classes, values, none };
// Fields of LossSpec that only some losses take.
enum class LossOption { class_weights, ignore_index, label_smoothing, one_hot, delta };
inline constexpr LossOption loss_options[] = {LossOption::class_weights, LossOption::ignore_index, LossOption::label_smoothing, LossOption::one_hot,
                                              LossOption::delta};

struct LossSpec {
  LossKind kind = LossKind::mse;
  std::string output;                        // graph output it concerns; empty: the only one that fits
  std::string target = "target";             // stem of the graph input's name the targets arrive in; unused by `graph`
  std::optional<Form> scores;                // what the output is, where the caller says so: logits or probabilities
  float weight = 1;                          // the total is the sum of weight x loss
  float delta = 1;                           // above 0
  float label_smoothing = 0;                 // [0,1)
  std::optional<std::int64_t> ignore_index;  // of class indices
  std::vector<float> class_weights;          // empty: all 1
  bool balanced = false;                     // the class weights follow from the training rows: rows / (classes x rows of the class)
  bool one_hot = false;                      // targets f32 [.., C] instead of class indices i64 [..]
  bool weighted = false;                     // the loss takes a weight for each row of the batch, as one more graph input f32 [batch]
  auto operator<=>(const LossSpec&) const = default;
};

template <class E>
struct EnumSet {
  unsigned bits = 0;
  constexpr EnumSet(std::initializer_list<E> list) {
    for (const E e : list) bits |= 1u << static_cast<unsigned>(e);
  }
  constexpr bool has(E e) const { return (bits >> static_cast<unsigned>(e) & 1u) != 0; }
};

struct LossRow {
  LossKind kind;
  const char* name;  // as experiment files spell it
  const char* op;    // of domain lehr; "": none
  TargetKind target;
  EnumSet<Form> forms;  // the scores it can be attached to
  EnumSet<LossOption> options;
  const char* doc;
  bool classifies() const { return target == TargetKind::binary || target == TargetKind::classes; }
};

inline constexpr LossRow loss_rows[] = {
    {LossKind::binary_cross_entropy, "binary_crossentropy", "BinaryCrossEntropy", TargetKind::binary, {Form::logits, Form::probabilities},
     {LossOption::class_weights},
     "mean of -y log p - (1-y) log(1-p), taken from the logits; two classes, the second is 1"},
    {LossKind::cross_entropy, "categorical_crossentropy", "SoftmaxCrossEntropy", TargetKind::classes,
     {Form::logits, Form::probabilities, Form::log_probabilities},
     {LossOption::class_weights, LossOption::ignore_index, LossOption::label_smoothing, LossOption::one_hot},
     "mean of -log p of the row's class, taken from the logits"},
    {LossKind::mse, "mse", "MeanSquaredError", TargetKind::values, {Form::logits}, {}, "mean of (y - t)^2"},
    {LossKind::mae, "mae", "MeanAbsoluteError", TargetKind::values, {Form::logits}, {}, "mean of |y - t|"},
    {LossKind::huber, "huber", "Huber", TargetKind::values, {Form::logits}, {LossOption::delta},
     "mean of (y-t)^2/2 where |y-t| <= delta, else delta (|y-t| - delta/2)"},
    {LossKind::graph, "graph", "", TargetKind::none, {Form::logits}, {}, "the mean of the tensor"},
};

const LossRow& loss_row(LossKind kind);
const LossRow* find_loss(std::string_view name);  // of those an experiment may name; nullptr: unknown
const char* name(LossKind kind);
const char* name(Form form);
const char* name(LossOption option);  // as experiment files spell it

// Does the loss itself multiply by class_weights, for it needs them one by one, rather than be fed a weight a row?
bool weights_by_loss(const LossSpec& spec);

// A loss of y * scale, measured, as one of y; absent where it is no multiple of that.
std::optional<double> in_own_unit(LossKind kind, double value, double scale);

// Error where an option has a value it cannot have, or the loss does not take it.
void check(const LossSpec& spec);

}  // namespace lehr
