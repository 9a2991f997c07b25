#include "engine/data/npy.h"

#include <optional>

#include "base/error.h"

namespace lehr::npy {

namespace {
constexpr std::string_view magic("\x93NUMPY", 6);
constexpr std::size_t longest = std::size_t{1} << 20;

std::size_t byte_at(std::string_view bytes, std::size_t i) { return static_cast<unsigned char>(bytes[i]); }
// Where the dictionary begins: version 1 tells its length in 2 bytes, 2 and 3 in 4.
std::size_t dictionary(std::string_view first) { return byte_at(first, 6) == 1 ? 10 : 12; }

// The Python literals such a header holds.
class Literals {
 public:
  explicit Literals(std::string_view text) : text_(text) {}

  bool take(char c) {
    blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void need(char c) {
    if (!take(c)) throw Error("its header is no dictionary of numpy: ", quote(std::string(1, c)), " was expected at byte ", at_, " of ", quote(shown()));
  }
  std::string text() {
    blanks();
    const char mark = at_ < text_.size() ? text_[at_] : '\0';
    const std::size_t end = mark == '\'' || mark == '"' ? text_.find(mark, at_ + 1) : std::string_view::npos;
    if (end == std::string_view::npos) throw Error("its header is no dictionary of numpy: a text was expected at byte ", at_, " of ", quote(shown()));
    const std::string out(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return out;
  }
  bool boolean() {
    blanks();
    for (const auto& [word, value] : {std::pair{std::string_view("True"), true}, std::pair{std::string_view("False"), false}})
      if (text_.substr(at_).starts_with(word)) return at_ += word.size(), value;
    throw Error("its header is no dictionary of numpy: True or False was expected at byte ", at_, " of ", quote(shown()));
  }
  std::int64_t dimension() {
    blanks();
    const bool negative = at_ < text_.size() && text_[at_] == '-';
    if (negative) ++at_;
    const std::size_t begin = at_;
    std::int64_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (value > (std::int64_t{1} << 47)) throw Error("a dimension of its shape is larger than 2^47: ", quote(shown()));
      value = value * 10 + (text_[at_] - '0');
    }
    if (at_ == begin) throw Error("its header is no dictionary of numpy: a dimension was expected at byte ", at_, " of ", quote(shown()));
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // as Python 2 wrote long numbers
    return negative ? -value : value;
  }
  bool next_is(char c) {
    blanks();
    return at_ < text_.size() && text_[at_] == c;
  }
  bool ended() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\0')) ++at_;
    return at_ == text_.size();
  }
  std::string shown() const { return std::string(text_.substr(0, text_.find_last_not_of(" \n") + 1).substr(0, 200)); }

 private:
  void blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  std::string_view text_;
  std::size_t at_ = 0;
};

struct TypeRow {
  std::string_view name;
  Dtype dtype;
};
constexpr TypeRow types[] = {{"f2", Dtype::f16}, {"f4", Dtype::f32}, {"f8", Dtype::f64}, {"i1", Dtype::i8},  {"i2", Dtype::i16},    {"i4", Dtype::i32},
                             {"i8", Dtype::i64}, {"u1", Dtype::u8},  {"u2", Dtype::u16}, {"u4", Dtype::u32}, {"u8", Dtype::u64},
                             {"b1", Dtype::boolean}};
// What is not read, by the letter of its kind, and what helps.
constexpr std::pair<char, std::string_view> refused[] = {
    {'O', "holds Python objects (a pickle), which are not read: save it as numbers, numpy.save(…, x.astype('float32'))"},
    {'c', "holds complex numbers, which are not read: save real and imaginary part as two columns"},
    {'V', "has a structured or raw type, which is not read: save each field as an array of its own"},
    {'S', "holds byte strings, which are not read: save numbers, as numpy.unique(x, return_inverse=True) gives them"},
    {'a', "holds byte strings, which are not read: save numbers, as numpy.unique(x, return_inverse=True) gives them"},
    {'U', "holds texts, which are not read: save numbers, as numpy.unique(x, return_inverse=True) gives them"},
    {'M', "holds dates, which are not read: save them as numbers"},
    {'m', "holds time spans, which are not read: save them as numbers"}};

ArrayHeader of_type(const std::string& descr) {
  const std::string_view name = std::string_view(descr).substr(descr.find_first_of("<>|=") == 0 ? 1 : 0);
  for (const TypeRow& row : types)
    if (row.name == name) {
      ArrayHeader out;
      out.dtype = row.dtype, out.big_endian = descr[0] == '>' && bytes(row.dtype) > 1;
      return out;
    }
  for (const auto& [letter, why] : refused)
    if (name.starts_with(letter)) throw Error("its type ", quote(descr), " ", why);
  throw Error("its type ", quote(descr), " is not read, which are float16, float32, float64, int8 to int64, uint8 to uint64 and bool");
}

Shape tuple(Literals& in) {
  Shape out;
  in.need('(');
  while (!in.take(')')) {
    if (out.size() == most_dimensions) throw Error("its shape has more than ", most_dimensions, " dimensions: ", quote(in.shown()));
    out.push_back(in.dimension());
    if (in.take(')')) break;
    in.need(',');
  }
  return out;
}
}  // namespace

bool starts(std::string_view bytes) { return bytes.starts_with(magic); }

std::size_t header_bytes(std::string_view first) {
  if (!starts(first) || first.size() < prefix) throw Error("its .npy header ends early, after ", first.size(), " bytes");
  const std::size_t version = byte_at(first, 6);
  if (version < 1 || version > 3) throw Error("its .npy format is version ", version, ", which is not read; versions 1 to 3 are");
  std::size_t length = byte_at(first, 8) | byte_at(first, 9) << 8;
  if (version > 1) length |= byte_at(first, 10) << 16 | byte_at(first, 11) << 24;
  if (length > longest) throw Error("its .npy header says it is ", length, " bytes long, more than ", longest);
  return dictionary(first) + length;
}

ArrayHeader parse_header(std::string_view header) {
  Literals in(header.substr(dictionary(header)));
  std::optional<ArrayHeader> out;
  std::optional<bool> fortran;
  std::optional<Shape> shape;
  in.need('{');
  while (!in.take('}')) {
    const std::string key = in.text();
    in.need(':');
    if (key == "descr" && !out) {
      if (in.next_is('[') || in.next_is('('))
        throw Error("its type is structured (", quote(in.shown()), "), which is not read: save each field as an array of its own");
      out = of_type(in.text());
    } else if (key == "fortran_order" && !fortran) {
      fortran = in.boolean();
    } else if (key == "shape" && !shape) {
      shape = tuple(in);
    } else {
      throw Error("its header holds ", quote(key), out || fortran || shape ? " twice or besides what" : ", which is not what",
                  " numpy writes: ", quote(in.shown()));
    }
    if (in.take('}')) break;
    in.need(',');
  }
  if (!out || !fortran || !shape || !in.ended()) throw Error("its header is no dictionary of descr, fortran_order and shape: ", quote(in.shown()));
  if (*fortran && shape->size() > 1)
    throw Error("its values are in Fortran order (columns first), which is not read: save it as numpy.save(…, numpy.ascontiguousarray(x))");
  out->shape = std::move(*shape), out->begin = header.size();
  return *out;
}

std::string header(Dtype dtype, const Shape& shape) {
  std::string_view type = "f4";
  for (const TypeRow& row : types)
    if (row.dtype == dtype) type = row.name;
  std::vector<std::string> dims;
  for (const std::int64_t dim : shape) dims.push_back(cat(dim));
  std::string dictionary = cat("{'descr': '<", type, "', 'fortran_order': False, 'shape': (", join(dims, ", "), shape.size() == 1 ? ",), }" : "), }");
  constexpr std::size_t aligned = 64, before = 10;
  dictionary += std::string((aligned - (before + dictionary.size() + 1) % aligned) % aligned, ' ') + "\n";
  std::string out(magic);
  for (const std::size_t byte : {std::size_t{1}, std::size_t{0}, dictionary.size() & 255, dictionary.size() >> 8}) out += static_cast<char>(byte);
  return out + dictionary;
}

}  // namespace lehr::npy
