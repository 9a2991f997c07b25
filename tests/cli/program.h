#pragma once
#include <filesystem>
#include <string>

namespace lehr::test {

struct Ran {
  int code = -1;            // 128 + signal where one ended it
  std::string out, err;
  std::string both() const { return out + err; }
};

// A temporary folder with the tutorial's table and model in it, removed at the end.
class Workplace {
 public:
  Workplace();
  ~Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  void write(const std::string& name, const std::string& content) const;
  std::string read(const std::string& name) const;
  bool exists(const std::string& name) const { return std::filesystem::exists(folder_ / name); }
  // Runs the program inside the folder; `arguments` is shell text. `before` goes in front of the program: "ulimit -f 1;".
  Ran lehr(const std::string& arguments, const std::string& before = {}) const;
  // Of a trial named by its run's folder and its own name, "runs/short/small/seed-1": its lines of metrics.csv without the first column; what the store says became of
  // it, as JSON; its own experiment.
  std::string metrics(const std::string& trial) const;
  std::string status(const std::string& trial) const;
  std::string config(const std::string& trial) const;
  // Names and contents of everything in the folder, to see that nothing changed.
  std::string snapshot() const;

 private:
  std::filesystem::path folder_;
};

// A short experiment on them: 2 epochs, 2 seeds, one variant; `replace` swaps one text for another.
std::string experiment(const std::string& from = {}, const std::string& to = {});

// A Python with onnxruntime and onnx, in an environment made once beside the build; "" and `why` where that is impossible or not asked for.
std::string interop_python(std::string& why);

}  // namespace lehr::test
