#pragma once
#include <string>
#include <vector>

#include "base/error.h"

namespace lehr {

// Collects what is wrong with one file, so that everything is said at once: the first 20 sentences and how many more there were.
class Problems {
 public:
  static constexpr std::size_t shown = 20;
  // `sentence()` is made only where it will be shown.
  template <std::invocable Sentence>
  void add(const Sentence& sentence) {
    if (++count_ <= shown) sentences_.push_back(sentence());
  }
  template <class... Parts>
  void add(const Parts&... parts) {
    add([&] { return cat(parts...); });
  }
  // What another found, behind what is here.
  void add(const Problems& more) {
    for (const std::string& sentence : more.sentences_)
      if (sentences_.size() < shown) sentences_.push_back(sentence);
    count_ += more.count_;
  }
  std::size_t count() const { return count_; }
  // Throws one Error if there is anything to say.
  void raise(Exit code = Exit::usage) const {
    if (count_ == 0) return;
    throw Error(join(sentences_, "\n"),
                count_ > shown ? cat("\n… and ", grouped(static_cast<long long>(count_ - shown)), " more") : std::string()).code(code);
  }

 private:
  std::size_t count_ = 0;
  std::vector<std::string> sentences_;
};

}  // namespace lehr
