#include "experiments/run/arrays.h"

#include <algorithm>

#include "base/file.h"
#include "engine/data/array.h"
#include "engine/data/array_set.h"
#include "experiments/run/fit_check.h"
#include "experiments/run/weigh.h"

namespace lehr::run {

namespace {
ArrayUse use_of(const DataKey& key) {
  const TableSpec& table = key.data.table;
  ArrayUse out;
  out.scale = table.every.scale.value_or(ColumnRule::Scale::none), out.divide = table.every.divide;
  out.target_standard = table.target_standard;
  out.target_inputs = table.target_inputs;
  out.ignore = table.ignore;
  out.classify = table.classify, out.classes = table.classes;
  if (key.labels) out.own_classes = key.labels->names;
  out.integer_inputs = table.integer_inputs;
  return out;
}

// Of all files, each once.
std::string fingerprint_of(const ArraysSpec& arrays) {
  std::vector<std::filesystem::path> files;
  const auto add = [&](const std::filesystem::path& named) {
    const auto file = array_name(named).file;
    if (!named.empty() && std::ranges::find(files, file) == files.end()) files.push_back(file);
  };
  for (const ArrayNames* part : {&arrays.all, &arrays.validation, &arrays.test}) {
    for (const auto& [input, path] : part->inputs) add(path);
    add(part->target);
    add(part->row_weight);
  }
  std::string all;
  for (const auto& file : files) all += fingerprint_file(file);
  return files.size() == 1 ? all : fingerprint(all);
}

Shape squeezed(Shape shape) {
  std::erase(shape, 1);
  return shape;
}
}  // namespace

std::shared_ptr<const DataParts> make_arrays(const DataKey& key) {
  auto out = std::make_shared<DataParts>();
  PreparedArrays prepared = prepare_arrays(key.data.arrays, use_of(key), key.data.split);
  out->data = std::move(prepared.data);
  out->split = std::move(prepared.split);
  if (key.ignored) out->ignored = ignore_class(out->data, *key.ignored);
  out->preprocess.classes = out->data.classes;
  out->preprocess.arrays = std::move(prepared.plans);
  out->preprocess.target_scaling = out->data.target_scaling;
  out->notes = std::move(prepared.notes);
  std::ranges::move(class_notes(out->data, out->split.train, key.ignored), std::back_inserter(out->notes));
  out->fingerprint = fingerprint_of(key.data.arrays);
  return out;
}

std::vector<std::string> check_array_shapes(const TrainGraph& model, const Dataset& data) {
  std::vector<std::string> out;
  std::vector<const Value*> inputs;
  for (const ValueId id : model.graph.inputs)
    if (const std::string& name = model.graph.value(id).name; name != model.target && name != model.weights) inputs.push_back(&model.graph.value(id));
  for (const Value* input : inputs) {
    const auto field = inputs.size() == 1 && data.features.size() == 1 ? data.features.begin() : std::ranges::find(data.features, input->name, &Field::name);
    if (field == data.features.end() || field->stored.empty() || !input->type || !input->type->dims || input->type->dims->empty()) continue;
    Shape taken;
    for (std::size_t i = 1; i < input->type->dims->size(); ++i) taken.push_back((*input->type->dims)[i].size);
    const Shape have = squeezed(field->row), wanted = squeezed(taken);
    const bool open = std::ranges::any_of(wanted, [](std::int64_t d) { return d < 0; });
    if (open || have == wanted || elements(have) != elements(wanted)) continue;  // other numbers of values are told where the plan is made
    const std::string what = cat("the rows of ", field->name.empty() ? "the array" : quote(field->name), " (", printable(data.source), ") are ", field->row,
                                 ", input ", quote(input->name), " takes ", taken);
    if (have.size() > 1 && wanted.size() > 1)
      throw Error(what, ": as many values in other dimensions, which are not guessed; save it as the model takes it (numpy.transpose or reshape)")
          .code(Exit::mismatch);
    out.push_back(cat(what, ": they are taken ", wanted.size() == 1 ? "flat, the last dimension fastest" : "as if folded so, the last dimension fastest"));
  }
  return out;
}

Dataset prepared_by(const Preprocess& preprocess, const DataParts& data) {
  const bool of_arrays = !preprocess.arrays.empty(), arrays = !data.preprocess.arrays.empty();
  if (of_arrays != arrays)
    throw Error("the model was trained on ", of_arrays ? "arrays" : "a table", ", ", printable(data.data.source), " is ", arrays ? "an array" : "a table")
        .code(Exit::mismatch);
  if (!arrays) return apply(preprocess, data.table);
  if (preprocess.classes != data.data.classes)
    throw Error("the model was trained on the classes ", join(preprocess.classes, ", "), ", those of ", printable(data.data.source), " are ",
                join(data.data.classes, ", "))
        .code(Exit::mismatch);
  return apply_arrays(preprocess.arrays, preprocess.target_scaling, data.data);
}

Dataset arrays_to_predict(const Preprocess& preprocess, const std::filesystem::path& named) {
  std::map<std::string, std::filesystem::path> inputs;
  if (preprocess.arrays.size() == 1)
    inputs[preprocess.arrays.front().input] = named;
  else
    for (const ArrayPlan& plan : preprocess.arrays) inputs[plan.input] = named.string() + ":" + plan.input;
  Dataset out = apply_arrays(preprocess.arrays, inputs);
  out.classes = preprocess.classes;
  return out;
}

}  // namespace lehr::run
