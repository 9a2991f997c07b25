#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "engine/data/array_names.h"
#include "engine/data/options.h"
#include "engine/optim/clip.h"
#include "experiments/axes/axes.h"
#include "experiments/spec/vocabulary.h"
#include "graph/graph.h"
#include "graph/passes/losses.h"
#include "schedules/feedback.h"
#include "schedules/span.h"

namespace lehr::spec {

// Where a key stands, in characters from 1; line 0: a default (file "") or the command line (file "--set").
struct Where {
  std::string file;
  int line = 0, column = 0;
};
// The places of all keys of a file, with its text.
class Places;

// What the engine needs as it is, a spec holds as the engine's own type; values are compared by what they say, schedules by their text.
struct MlpSpec {
  std::vector<std::int64_t> hidden;  // widths of the hidden layers
  enum class Activation { relu, leaky_relu, elu, selu, softplus, softsign, sigmoid, tanh } activation = Activation::relu;
  enum class Norm { none, batch, layer } norm = Norm::none;  // between a hidden layer and its activation
  double dropout = 0;                                        // behind each activation
  auto operator<=>(const MlpSpec&) const = default;
};
struct HeadSpec {
  std::int64_t outputs = 0;
  bool freeze_rest = false;
  auto operator<=>(const HeadSpec&) const = default;
};
struct ModelSpec {
  std::filesystem::path file;         // empty where mlp makes the network
  std::string file_as_written;
  std::optional<MlpSpec> mlp = {};
  std::optional<HeadSpec> head = {};  // a fresh last layer
  std::filesystem::path weights = {};  // other values to start from: a run, a .safetensors or an .onnx file; empty: none
  std::string weights_as_written = {};
  std::vector<std::pair<std::string, std::string>> init;  // pattern -> initializer, a later one wins; "*" for `init: glorot_uniform`; empty: the file's weights
  std::vector<std::string> untie;                         // patterns over stored tensors: each use gets one of its own
  std::optional<std::int64_t> batch_axis;                 // the dimension of the rows in all inputs; absent: found
  bool batch_statistics = true;                           // BatchNormalization on the batch's statistics while training
  enum class Variance { population, unbiased };
  std::optional<Variance> running_variance = {};          // what BatchNormalization's running variance moves by; absent: population
  enum class Inputs { scaled, raw };
  Inputs export_inputs = Inputs::scaled;                  // what the written file takes: what the network saw, or the table's columns
  // For messages: the file, or model.mlp.
  std::string title() const { return mlp ? "model.mlp" : printable(file.string()); }
  std::string written() const { return mlp ? "model.mlp" : printable(file_as_written); }
  auto operator<=>(const ModelSpec&) const = default;
};
struct DataSpec {
  std::filesystem::path file;  // of the table; empty where `arrays` are given
  std::string file_as_written;
  std::filesystem::path test_file = {};  // a table whose rows are the test rows; empty: `split` says which are
  std::string test_file_as_written = {};
  CsvOptions csv;
  TableSpec table;  // as the file says it: `classify` follows from the loss and the target, `integer_inputs` from the model
  SplitOptions split;
  ArraysSpec arrays = {};
  bool validates() const { return split.validates() || split.fold || !arrays.validation.inputs.empty(); }
  bool tests() const { return split.tests() || (split.fold && split.validates()) || !test_file.empty() || !arrays.test.inputs.empty(); }
  auto operator<=>(const DataSpec&) const = default;
};
struct OptimizerSpec {
  std::string type = "sgd";
  std::map<std::string, std::string> options;  // form, nesterov, …
  std::map<std::string, Controlled> hypers;    // all the type takes, defaults included
  bool operator==(const OptimizerSpec&) const = default;
};
struct ParamRule {  // in file order; a later rule wins
  std::string pattern;
  bool freeze = false;
  std::optional<Role> role;  // parameter or constant, whatever the file, the operator and the values say
  std::optional<double> lr_scale;
  std::map<std::string, Controlled> hypers;
  bool operator==(const ParamRule&) const = default;
};
struct AverageSpec {
  std::string type;
  std::map<std::string, std::string> options;
  std::map<std::string, double> numbers;
  std::map<std::string, Span> moments;  // start, every, overwrite_every, where given
  bool operator==(const AverageSpec&) const = default;
};
struct EarlyStopSpec {
  std::string on = "val_loss";
  bool restores = true;    // the best weights
  bool lightning = false;  // its form, not that of Keras
  Span patience = {};
  double min_delta = 0;
  std::optional<Span> start = {};
  bool operator==(const EarlyStopSpec&) const = default;
};
struct DivergenceSpec {
  bool skip = false;
  std::int64_t times = 0;  // 0: stop
  double lr_scale = 0.5;
  auto operator<=>(const DivergenceSpec&) const = default;
};
struct ExpectationSpec {  // of the mean over the seeds of a variant
  std::string quantity, sign;  // val_accuracy, one of >=, >, <=, <
  double bound = 0;
  bool operator==(const ExpectationSpec&) const = default;
};
// How points of a sweep are looked for.
struct SearchSpec {
  bool halving = false;    // else all points that are drawn are trained to their end
  std::int64_t trials = 0;  // points of each variant; 0: the whole grid
  std::uint64_t seed = 0;
  std::optional<Span> from = {};  // halving: the first look; absent: so that the last one leaves about `factor` points
  double factor = 3;              // one of so many points goes on at each look, and so many times longer
};
struct BatchSpec {
  std::int64_t size = 32;            // where it changes: the first one
  std::optional<Schedule> schedule;  // where it changes
  bool keep_last = true;             // the short last batch trains too
  bool shuffle = true;
  auto operator<=>(const BatchSpec&) const = default;
};

// One trial's experiment, everything resolved: plain values, no parser type.
struct Experiment {
  std::filesystem::path path;  // the file it came from
  std::string name;            // file stem unless `name:`
  ModelSpec model;
  DataSpec data;
  LossSpec loss;  // its output is that of `model.output`
  std::vector<std::string> metrics;
  double threshold = 0.5;        // see Scored
  std::string threshold_metric;  // chosen on the validation rows by this one; "": it is `threshold`
  OptimizerSpec optimizer;  // its lr and that of params with lr_scale already in
  double lr_scale = 1;
  std::vector<ParamRule> params;
  std::int64_t epochs = 1;
  BatchSpec batch;
  std::int64_t accumulate = 1;
  std::map<std::string, Controlled> quantities;  // by key, where given: clip.norm, clip.value, clip.tensor_norm, clip.rms, clip.adaptive, dropout, loss.weight
  ClipForm clip_form = ClipForm::torch;
  double clip_epsilon = 1e-3;
  std::optional<AverageSpec> average;
  std::int64_t evaluate_every = 1;  // epochs
  std::optional<EarlyStopSpec> early_stop;
  DivergenceSpec on_divergence;
  std::int64_t max_steps = 0;       // 0: no limit
  std::optional<double> time_limit; // seconds, of the whole run
  std::vector<ExpectationSpec> expect;
  struct Checkpoint {
    double seconds = 30;       // from one state to the next
    std::optional<Span> span;  // instead of seconds
    std::vector<std::string> keep = {};  // last, best, best val_…; empty: by the number of trials
    std::string best_by = {};            // val_loss or val_ with a metric; "": the first metric, else val_loss
  } checkpoint;
  enum class KeepModels { automatic, all, best, chosen, none } keep_models = KeepModels::automatic;
  std::uint64_t seed = 0;  // of the file; a trial has its own
  std::int64_t fold_repeats = 1;  // of data.split.fold, which says which one only in a trial's own experiment
  std::string fold_only;          // the name of one fold; empty: all
  int threads = 0;  // 0: chosen
  std::shared_ptr<const Places> places;
  // Where a dotted key was given ("optimizer.lr", "params.*.bias"), or the nearest mapping around it.
  Where where(const std::string& key) const;
  // file:line:column: sentence / the source line / a caret line: for what shows only with the data, the model or the clock.
  std::string located(const std::string& key, const std::string& sentence) const;
};

// One level on each axis of a study.
struct Trial {
  std::string id;                            // "time/lr_scale=0.3/seed-07"
  Levels levels;                               // on Study::axes
  std::uint64_t seed = 0;
  std::shared_ptr<const Experiment> shared;  // by trials that differ in nothing but their seed
  std::shared_ptr<const std::string> text;   // the resolved file without its last line
  std::string hash;                          // fingerprint of the resolved text with file names relative to the experiment
  const Experiment& experiment() const { return *shared; }
  // YAML, complete, runnable alone: file names are absolute.
  std::string resolved() const { return cat(*text, "seed: ", seed, "\n"); }
};

struct Study {
  std::filesystem::path path;
  std::string name, text;     // verbatim file
  Axes axes;
  std::optional<SearchSpec> search;
  std::string against;        // compare.against, the first variant unless given
  std::string select;         // compare.select, the first metric's val_ or val_loss unless given
  std::vector<Trial> trials;  // in order of levels
  std::vector<std::string> warnings;
};

struct Overrides {
  std::vector<std::string> set = {};  // "a.b=c"
  std::optional<std::int64_t> seeds = {};
  std::optional<std::string> only = {};  // the first parts of trial ids: "time", "time/lr_scale=0.3"
  std::optional<std::string> text = {};  // in place of what the file holds
};

// Reads, merges, checks. Throws one Error whose text holds every problem found (up to 20), each as
//   file:line:column: sentence / the source line / a caret line
Study read_study(const std::filesystem::path& file, const Vocabulary& vocabulary, const Overrides& overrides = {});

// Problems that show only on the run's clock, for every scheduled quantity; text is rendered as above.
struct ScheduleProblem {
  bool error = false;
  std::string key, text;
};
std::vector<ScheduleProblem> check_schedules(const Experiment& experiment, const Clock& clock, const Vocabulary& vocabulary);

// Every key of one variant (overrides.only, else the first) at its first point with where its value came from: "file:line", "default",
// "variant time", "sweep", "--set".
struct ResolvedKey {
  std::string key, value, origin;
};
std::vector<ResolvedKey> resolve_keys(const std::filesystem::path& file, const Vocabulary& vocabulary, const Overrides& overrides = {});

// The keys of a resolved experiment (Trial::resolved) with their values, dotted.
std::vector<std::pair<std::string, std::string>> resolved_keys(const std::string& yaml);

std::string json_schema(const Vocabulary& vocabulary);
// doc, type, default, range, allowed values and children of a key ("data.split", "lr.cosine", "optimizer.momentum"); Error with the nearest.
std::string explain(const std::string& key, const Vocabulary& vocabulary);
// docs/experiment.md
std::string markdown_reference(const Vocabulary& vocabulary);

}  // namespace lehr::spec
