#pragma once
#include <string>

#include "base/error.h"

namespace lehr {

// Collects what is wrong with one file, so that everything is said at once: the first 20 sentences and how many more there were.
class Problems {
 public:
  static constexpr std::size_t shown = 20;
  // `sentence()` is made only where it will be shown.
  template <std::invocable Sentence>
  void add(const Sentence& sentence) {
    if (++count_ <= shown) text_ += (text_.empty() ? "" : "\n") + std::string(sentence());
  }
  template <class... Parts>
  void add(const Parts&... parts) {
    add([&] { return cat(parts...); });
  }
  std::size_t count() const { return count_; }
  // Throws one Error if there is anything to say.
  void raise(Exit code = Exit::usage) const {
    if (count_ == 0) return;
    throw Error(text_, count_ > shown ? cat("\n… and ", grouped(static_cast<long long>(count_ - shown)), " more") : std::string()).code(code);
  }

 private:
  std::size_t count_ = 0;
  std::string text_;
};

}  // namespace lehr
