#pragma once
#include <deque>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "experiments/spec/node.h"

namespace lehr::spec {

// The texts an experiment was read from: files and --set arguments. Addresses are stable.
class Sources {
 public:
  struct Source {
    std::string name;              // as messages show it
    std::filesystem::path folder;  // that relative paths start from
    std::string text;
    std::vector<std::string_view> lines;  // without line ends
    bool argument = false;                // a --set argument: no line numbers
  };
  int add(std::string name, std::filesystem::path folder, std::string text, bool argument = false);
  const Source& at(int index) const { return sources_[static_cast<std::size_t>(index)]; }
  int label(std::string text);
  const std::string& label_text(int index) const { return labels_[static_cast<std::size_t>(index)]; }

  // "file:line:column", "file" where there is no line, "--set" for an argument, "" for a default.
  std::string place(const At& at) const;
  // "file:line", "default", "variant time", "--set"
  std::string origin(const At& at) const;
  // place: sentence / source line / caret line
  std::string render(const At& at, std::string_view sentence) const;

 private:
  std::deque<Source> sources_;
  std::vector<std::string> labels_;
};

// Everything wrong with a file, collected: the first 20 errors are kept, repeats are dropped.
class Problems {
 public:
  explicit Problems(const Sources& sources) : sources_(sources) {}
  template <class... Parts>
  void error(const At& at, const Parts&... parts) {
    add(errors_, at, cat(parts...));
  }
  template <class... Parts>
  void warning(const At& at, const Parts&... parts) {
    add(warnings_, at, "warning: " + cat(parts...));
  }
  bool any() const { return !errors_.empty(); }
  std::size_t count() const { return errors_.size() + dropped_; }
  bool full() const { return errors_.size() >= limit; }
  // Throws all errors as one Error, in file order; returns where there are none.
  void raise() const;
  std::vector<std::string> warnings() const;

  static constexpr std::size_t limit = 20;

 private:
  struct Problem {
    At at;
    std::string text;
  };
  void add(std::vector<Problem>& list, const At& at, const std::string& sentence);
  const Sources& sources_;
  std::vector<Problem> errors_, warnings_;
  std::set<std::string> seen_;
  std::size_t dropped_ = 0;
};

// Bytes of the UTF-8 sequence at the start of text; 0 if it is broken.
std::size_t utf8_length(std::string_view text);

}  // namespace lehr::spec
