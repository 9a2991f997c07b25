#pragma once
#include <string>
#include <vector>

#include "base/error.h"

namespace lehr::onnx {

// Collects what is wrong with a file, so that one Error tells all of it (the first 20 in full).
class Problems {
 public:
  static constexpr std::size_t shown = 20, most = 1000;  // with most of them reading ends
  template <class... Parts>
  void add(const Parts&... parts) {
    if (++count_ <= shown) lines_.push_back(cat(parts...));
    if (count_ == most) raise();
  }
  // Runs body; the sentence of an Error becomes a problem, with `where` in front.
  template <class Body>
  void guard(const std::string& where, Body&& body) {
    attempt(where + ": ", body);
  }
  template <class Body>
  void guard(Body&& body) {
    attempt("", body);
  }
  std::size_t count() const { return count_; }
  void raise() const {
    if (count_ == 1) throw Error(lines_.front());
    if (count_ == 0) return;
    std::string text = cat("the model has ", count_ < most ? "" : "at least ", count_, " problems:");
    for (const std::string& line : lines_) text += "\n  - " + line;
    if (count_ > shown) text += cat("\n  and ", count_ < most ? "" : "at least ", count_ - shown, " more");
    throw Error(text);
  }

 private:
  template <class Body>
  void attempt(const std::string& prefix, Body& body) {
    try {
      body();
    } catch (const Error& error) {
      if (count_ >= most) throw;
      add(prefix, error.sentence());
    }
  }

  std::vector<std::string> lines_;
  std::size_t count_ = 0;
};

}  // namespace lehr::onnx
