#pragma once
#include <filesystem>
#include <set>
#include <string>

#include "base/file.h"
#include "experiments/spec/experiment.h"
#include "tests/spec/vocabulary.h"
#include "tests/support/catch.h"

inline std::filesystem::path data_file(const std::string& name) { return std::filesystem::path(LEHR_SOURCE_DIR) / "tests/spec/data" / name; }

// A folder of the test's own, gone when it ends.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lehr-spec-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    lehr::write_file_lazily(path_ / name, text);
    return path_ / name;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The message reading a text leads to, "" if it is read.
inline std::string message(const Folder& folder, const std::string& text, const lehr::spec::Overrides& overrides = {}) {
  const auto file = folder.write("bad.yaml", text);
  try {
    lehr::spec::read_study(file, test_vocabulary(), overrides);
    return "";
  } catch (const lehr::Error& error) {
    CHECK(error.code() == lehr::Exit::usage);
    std::string out = error.what();
    const std::string prefix = folder.path().string() + "/";
    for (std::size_t at; (at = out.find(prefix)) != std::string::npos;) out.erase(at, prefix.size());
    return out;
  }
}

// The smallest file that can be read, and the same with lines added.
inline const std::string minimal = "model: m.onnx\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n";
