#include "experiments/run/predict.h"

#include <CLI/CLI.hpp>
#include <limits>
#include <memory>

#include "base/file.h"
#include "engine/data/array.h"
#include "engine/data/npy.h"
#include "engine/data/problems.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/prepared.h"
#include "experiments/cli/print.h"
#include "experiments/report/summary.h"
#include "experiments/run/arrays.h"

namespace lehr::cli {

namespace {
struct Options {
  std::string model, data, preprocess, out, scores;
  bool strict = false;
};

std::optional<Form> said(const Options& o) {
  if (o.scores.empty()) return std::nullopt;
  return o.scores == "logits" ? Form::logits : Form::probabilities;
}

Dataset of_table(const Preprocess& pre, const Options& o, UnfitRows& unfit) {
  if (is_array_file(o.data)) throw Error(quote(o.data), " is an array, the model was trained on a table").code(Exit::mismatch);
  CsvOptions csv;
  csv.header = pre.header;
  csv.missing = pre.missing;
  csv.text = text_columns(pre, false);
  return apply(pre, read_csv(o.data, csv), false, o.strict ? nullptr : &unfit);
}

// float32, [rows, width], or [rows] where there is one value a row: of classes their probabilities. NaN where a row has no answer.
std::string as_npy(run::Predictions result, std::int64_t rows, const UnfitRows& unfit) {
  const Shape shape = result.width == 1 ? Shape{rows} : Shape{rows, result.width};
  for (std::size_t i = 0; unfit.count > 0 && i < result.values.size(); ++i)
    if (unfit.rows[i / static_cast<std::size_t>(result.width)]) result.values[i] = std::numeric_limits<float>::quiet_NaN();
  return npy::header(Dtype::f32, shape).append(reinterpret_cast<const char*>(result.values.data()), result.values.size() * sizeof(float));
}

void execute(const Options& o) {
  const auto model = onnx::read_model(o.model);  // says itself which file
  const auto prepared = find_preprocess(o.model, model, o.preprocess);
  if (!prepared) throw Error("no preprocess.json beside ", quote(o.model), " or in the folder above: name it with --preprocess");
  const Preprocess& pre = prepared->preprocess;
  UnfitRows unfit;
  const Dataset data = pre.arrays.empty() ? of_table(pre, o, unfit) : run::arrays_to_predict(pre, o.data);
  const auto result = within(printable(o.model), [&] { return lehr::run::predict(model, data, said(o)); });
  if (!result.note.empty()) note(result.note);
  std::vector<std::string> head;
  const bool named = result.winners.empty() && pre.targets.size() > 1 && pre.targets.size() == result.columns.size();
  for (std::size_t i = 0; i < result.columns.size(); ++i) head.push_back(report::csv_cell(named ? pre.targets[i].name : result.columns[i]));
  std::string out = join(head, ",") + "\n";
  // A line without an answer: empty cells, of a single column in quotes, for an empty line is no line.
  const std::string unanswered = result.columns.size() == 1 ? "\"\"" : std::string(result.columns.size() - 1, ',');
  for (std::int64_t row = 0; row < data.rows; ++row) {
    if (unfit.count > 0 && unfit.rows[static_cast<std::size_t>(row)]) {
      out += unanswered + "\n";
      continue;
    }
    std::string line =
        result.winners.empty() ? std::string() : report::csv_cell(data.classes[static_cast<std::size_t>(result.winners[static_cast<std::size_t>(row)])]);
    for (std::int64_t i = 0; i < result.width; ++i) line += (line.empty() ? "" : ",") + number(result.values[static_cast<std::size_t>(row * result.width + i)]);
    out += line + "\n";
  }
  const bool npy = lower(std::filesystem::path(o.out).extension().string()) == ".npy";
  if (npy)
    write_file(o.out, as_npy(result, data.rows, unfit));
  else if (o.out.empty())
    print(out);
  else
    write_file(o.out, out);
  if (unfit.count > 0)
    throw Error(quote(data.source), ": ", grouped(unfit.count), " of ", grouped(data.rows), data.rows == 1 ? " row has" : " rows have", " no answer, ",
                "preprocessing cannot take ", unfit.count == 1 ? "it:\n" : "them:\n", unfit.text,
                unfit.count > static_cast<std::int64_t>(Problems::shown) ? "\n…" : "")
        .code(Exit::mismatch);
}
}  // namespace

void add_predict(CLI::App& app, Context&) {
  auto* command = app.add_subcommand("predict", "What a trained model says about the rows of a table or an array");
  auto o = std::make_shared<Options>();
  command->add_option("model", o->model, "an ONNX file: runs/NAME/models/seed-0.onnx")->required();
  command->add_option("data", o->data, "a table with its columns, or an array")->required();
  command->add_option("--preprocess", o->preprocess, "a preprocess.json (default: the one of the run)")->type_name("FILE");
  command->add_option("--scores", o->scores, "what the output is, where its nodes do not tell")
      ->check(CLI::IsMember({"logits", "probabilities"}));
  command->add_flag("--strict", o->strict, "no answers at all where a row does not fit");
  command->add_option("--out", o->out, "a CSV or .npy file")->type_name("FILE");
  command->callback([o] { execute(*o); });
}

}  // namespace lehr::cli
