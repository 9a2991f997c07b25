#pragma once
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"

namespace lehr {

// Plain values as bytes and back: one list of fields says both what is written and what is read, so that none is forgotten on one side. Numbers keep their
// bits. A type of its own lists its
// fields in a member `void fields(Archive&)`, or in a function `void fields(Archive&, T&)` beside it.
class Archive {
 public:
  Archive() = default;                                                        // writes
  explicit Archive(std::string_view bytes) : left_(bytes), reading_(true) {}  // reads; Error where the bytes end early
  bool reading() const { return reading_; }
  std::string take() { return std::move(out_); }
  // Error where something is left to read.
  void end() const {
    if (!left_.empty()) throw Error("the saved state has ", left_.size(), left_.size() == 1 ? " byte" : " bytes", " more than it should");
  }

  // Error where what was read cannot be; nothing where it is written.
  void check(bool holds) const {
    if (reading_ && !holds) throw Error("the saved state holds numbers that cannot be");
  }

  template <class... T>
  void operator()(T&... values) {
    (one(values), ...);
  }
  // The same for numbers of things counted one by one: Error where one is negative, or so large that counting on could leave the type.
  template <std::same_as<std::int64_t>... T>
  void counted(T&... values) {
    constexpr std::int64_t most = std::int64_t{1} << 53;
    (one(values), ...);
    check(((values >= 0 && values <= most) && ...));
  }

 private:
  template <class T>
  void one(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      auto byte = static_cast<std::uint8_t>(value);
      raw(&byte, 1);
      check(byte <= 1);  // any other byte would be no bool
      value = byte == 1;
    } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) raw(&value, sizeof value);
    else if constexpr (requires { value.fields(*this); }) value.fields(*this);
    else fields(*this, value);
  }
  void one(std::string& text) {
    text.resize(count(text.size(), 1));
    raw(text.data(), text.size());
  }
  template <class T>
  void one(std::vector<T>& values) {
    if constexpr (std::is_arithmetic_v<T>) {
      values.resize(count(values.size(), sizeof(T)));
      raw(values.data(), values.size() * sizeof(T));
    } else {
      const std::size_t n = count(values.size(), 1);
      if (reading_) values.clear();
      for (std::size_t i = 0; i < n; ++i) one(reading_ ? values.emplace_back() : values[i]);  // it grows as bytes are read: a count alone allocates nothing
    }
  }
  template <class T>
  void one(std::optional<T>& value) {
    bool has = value.has_value();
    one(has);
    if (reading_) has ? void(value.emplace()) : value.reset();
    if (has) one(*value);
  }
  // How many follow, each of at least so many bytes.
  std::size_t count(std::size_t size, std::size_t bytes) {
    std::uint64_t n = size;
    one(n);
    if (reading_ && n > left_.size() / bytes) throw Error("the saved state ends early: ", n, " values are said to follow, ", left_.size(), " bytes do");
    return static_cast<std::size_t>(n);
  }
  void raw(void* value, std::size_t bytes) {
    if (!reading_) return void(out_.append(static_cast<const char*>(value), bytes));
    if (bytes > left_.size()) throw Error("the saved state ends early: ", left_.size(), " bytes are left of ", bytes);
    if (bytes > 0) std::memcpy(value, left_.data(), bytes);
    left_.remove_prefix(bytes);
  }

  std::string out_;
  std::string_view left_;
  bool reading_ = false;
};

}  // namespace lehr
