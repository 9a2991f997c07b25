#pragma once
#include <stdexcept>
#include <string>
#include <utility>

#include "base/text.h"

namespace lehr {

// Exit codes of the program; an Error carries the one it leads to.
enum class Exit { ok = 0, failed = 1, usage = 2, mismatch = 3, diverged = 4, some_failed = 5, expectation = 6 };

// The only exception. Its text is a sentence with the numbers in it; frames saying where are added while it climbs:
//   A is [32,34] but B is [30,16]: inner sizes 34 and 30 differ / in Gemm node 'fc1' / in model.onnx
class Error : public std::runtime_error {
 public:
  template <class... Parts>
  explicit Error(const Parts&... parts) : std::runtime_error(""), text_(cat(parts...)), first_(text_.size()) {}
  void in(const std::string& frame) { text_ += "\n  in " + frame; }
  Error&& code(Exit code) && { return code_ = code, std::move(*this); }
  Exit code() const { return code_; }
  const char* what() const noexcept override { return text_.c_str(); }
  // The sentence without its frames.
  std::string sentence() const { return text_.substr(0, first_); }

 private:
  std::string text_;
  std::size_t first_ = 0;
  Exit code_ = Exit::usage;
};

// Runs body; an Error that leaves it gains the frame. `frame` is text or a callable that makes it (only on failure).
template <class Frame, class Body>
decltype(auto) within(Frame&& frame, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (Error& error) {
    if constexpr (std::is_invocable_v<Frame>) error.in(frame());
    else error.in(std::string(frame));
    throw;
  }
}

}  // namespace lehr
