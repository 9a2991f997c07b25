#include "tests/cli/program.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "experiments/store/run_folder.h"
#include "tests/support/catch.h"

namespace lehr::test {

namespace fs = std::filesystem;

Workplace::Workplace() {
  std::string form = (fs::temp_directory_path() / "lehr-test-XXXXXX").string();
  REQUIRE(::mkdtemp(form.data()) != nullptr);
  folder_ = form;
  for (const char* file : {"ionosphere.csv", "mlp-34-34-1.onnx"}) fs::copy_file(fs::path(LEHR_SOURCE_DIR) / "experiments/ionosphere" / file, folder_ / file);
}
Workplace::~Workplace() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void Workplace::write(const std::string& name, const std::string& content) const { write_file_lazily(folder_ / name, content); }
std::string Workplace::read(const std::string& name) const { return read_file(folder_ / name); }

Ran Workplace::lehr(const std::string& arguments, const std::string& before) const {
  const fs::path out = fs::path(folder_.string() + ".out"), err = fs::path(folder_.string() + ".err");
  const std::string command =
      cat("cd '", folder_.string(), "' && { ", before, " '", LEHR_BINARY, "' ", arguments, "; } >'", out.string(), "' 2>'", err.string(), "' </dev/null");
  const int status = std::system(command.c_str());
  Ran ran{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(out), read_file(err)};
  fs::remove(out);
  fs::remove(err);
  return ran;
}

namespace {
// The folder of the run, and the trial's name in it.
std::pair<fs::path, std::string> run_of(const fs::path& trial) {
  fs::path run = trial;
  while (run.has_relative_path() && !fs::exists(run / "run.db") && !fs::exists(run / "metrics.csv")) run = run.parent_path();
  INFO("no run holds " << trial.string());
  REQUIRE(run.has_relative_path());
  return {run, trial.lexically_relative(run).generic_string()};
}
store::StoredTrial stored(const fs::path& trial) {
  const auto [run, name] = run_of(trial);
  for (auto& one : store::read_run(run).trials())
    if (one.name == name) return one;
  throw Error("no trial ", quote(name));
}
}  // namespace

std::string Workplace::metrics(const std::string& trial) const {
  const auto [run, name] = run_of(folder_ / trial);
  std::string out;
  for (const auto& line : split(read_file(run / "metrics.csv"), '\n')) {
    const auto comma = line.find(',');
    if (out.empty() || line.substr(0, comma) == name) out += std::string(line.substr(comma + 1)) + "\n";
  }
  return out;
}

std::string Workplace::status(const std::string& trial) const {
  const store::StoredTrial one = stored(folder_ / trial);
  nlohmann::ordered_json out{{"status", one.status}, {"epochs", one.epochs}};
  if (one.result) {
    out["best_epoch"] = one.result->best_epoch;
    if (!one.result->message.empty()) out["message"] = one.result->message;
    if (one.result->threshold) out["threshold"] = *one.result->threshold;
    if (!one.result->notes.empty()) out["notes"] = one.result->notes;
  }
  return out.dump(2);
}

std::string Workplace::config(const std::string& trial) const { return stored(folder_ / trial).config; }

std::string Workplace::snapshot() const {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    std::error_code error;
    const bool huge = entry.is_regular_file() && entry.file_size(error) > (1u << 24);
    all[entry.path().string()] = entry.is_regular_file() && !huge ? fingerprint(read_file(entry.path())) : "";
  }
  std::string text;
  for (const auto& [name, hash] : all) text += name + " " + hash + "\n";
  return text;
}

std::string experiment(const std::string& from, const std::string& to) {
  std::string text =
      "model: {file: mlp-34-34-1.onnx, init: glorot_uniform}\n"
      "data:\n"
      "  file: ionosphere.csv\n"
      "  target: {column: -1, classes: [b, g]}\n"
      "  split: {validation: 33%, take: tail}\n"
      "loss: binary_crossentropy\n"
      "metrics: [accuracy, auc]\n"
      "optimizer: {type: sgd, momentum: 0.8, form: keras}\n"
      "lr: 0.1\n"
      "epochs: 2\n"
      "batch: 28\n"
      "repeat: {seeds: 2}\n";
  if (!from.empty()) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string interop_python(std::string& why) {
  const auto shell = [](const std::string& command) { return std::system(command.c_str()); };
  if (!std::getenv("LEHR_INTEROP")) return why = "set LEHR_INTEROP=1 to let it install onnxruntime and onnx from the package index", "";
  const fs::path venv = fs::path(LEHR_BINARY).parent_path() / "interop";
  const std::string interpreter = (venv / "bin/python").string();
  if (!fs::exists(venv / "ready")) {
    if (shell("python3 -m venv --clear '" + venv.string() + "' >/dev/null 2>&1") != 0) return why = "python3 -m venv does not work here", "";
    if (shell("'" + interpreter + "' -m pip install --quiet --disable-pip-version-check onnxruntime onnx >/dev/null 2>&1") != 0)
      return why = "pip cannot install onnxruntime and onnx here", "";
    shell("touch '" + (venv / "ready").string() + "'");
  }
  return interpreter;
}

}  // namespace lehr::test
