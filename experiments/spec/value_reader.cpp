#include <cmath>

#include "experiments/spec/reader.h"

namespace lehr::spec {

std::string expected(const Key& key) {
  const std::string range = key.range();
  switch (key.type) {
    case Type::mapping:
      return "a mapping";
    case Type::text:
      return "a text";
    case Type::path:
      return "a file name";
    case Type::integer:
      return "a whole number" + (range.empty() ? "" : " " + range);
    case Type::number:
      return "a number" + (range.empty() ? "" : " " + range);
    case Type::boolean:
      return "true or false";
    case Type::choice:
      return "one of " + join(key.values, ", ");
    case Type::choices:
      return "a list of " + join(key.values, ", ");
    case Type::texts:
      return "a list";
    case Type::features:
      return "a list of columns, or a mapping of columns to settings";
    case Type::numbers:
      return "a list of numbers" + (range.empty() ? "" : " " + range) + (key.values.empty() ? "" : ", or " + join(key.values, ", "));
    case Type::integers:
      return "a list of whole numbers" + (range.empty() ? "" : " " + range);
    case Type::portion:
      return "a part of the rows, as 33% or 40 rows";
    case Type::span:
      return "a length of training with its unit, as 5 epochs, 300 steps or 10%";
    case Type::interval:
      return "a time or a length of training with its unit, as 30 s, 2 min, 5 epochs or 200 steps";
    case Type::rows:
      return "a whole number" + (range.empty() ? "" : " " + range) + " or a schedule";
    case Type::schedule:
      return "a number, a formula, a {type: …} mapping or a list of phases";
    case Type::init:
      return "an initializer, or a mapping of patterns to initializers";
    case Type::columns:
      return "an array, or a mapping of model inputs to lists of columns or to arrays";
    case Type::arrays:
      return "an array, or a mapping of model inputs to arrays";
    case Type::expectations:
      return "a mapping of measured quantities to bounds";
    case Type::rules:
      return "a mapping of patterns to settings";
    case Type::seeds:
      return "a number of seeds or a list of them";
    case Type::variants:
      return "a mapping of names to settings";
    case Type::sweep:
      return "a mapping of keys to lists of values";
  }
  return "";
}

std::optional<Value> ValueReader::read(const Key& key, const Node& node, Node& canonical) {
  canonical = node;
  switch (key.type) {
    case Type::integer:
      return integer(key, node, canonical);
    case Type::number:
      return real(key, node, canonical);
    case Type::boolean:
      return boolean(key, node);
    case Type::choice:
      return choice(key, node);
    case Type::path:
      return path(key, node, canonical);
    case Type::portion:
      return portion(key, node);
    case Type::texts:
    case Type::features:
    case Type::choices:
      return texts(key, node, canonical);
    case Type::numbers:
      return numbers(key, node);
    case Type::integers:
      return integers(key, node, canonical);
    case Type::schedule:
      return schedule(key, node);
    case Type::span:
    case Type::interval:
      return span(key, node);
    case Type::rows:
      return rows(key, node, canonical);
    case Type::expectations:
      return expectations(key, node);
    case Type::init:
      return init(key, node);
    case Type::columns:
    case Type::arrays:
      return inputs(key, node, canonical);
    default:
      break;
  }
  if (!scalar(key, node, false)) return std::nullopt;
  Value value;
  value.text = node.scalar;
  return value;
}

bool ValueReader::scalar(const Key& key, const Node& node, bool number) {
  if (!node.is_scalar()) {
    problems_.error(node.at, key.path, " must be ", expected(key), ", not ", kind_name(node));
    return false;
  }
  if (number && node.quoted) {
    problems_.error(node.at, key.path, " must be ", expected(key), ", not a quoted text: write it without quotes");
    return false;
  }
  return true;
}

bool ValueReader::within_range(const Key& key, const Node& node, double value) {
  if (value >= key.low && value <= key.high && !(key.above && value == key.low)) return true;
  problems_.error(node.at, key.path, " must be ", key.range(), ", not ", readable(value));
  return false;
}

// The scalar as `reader` types it; nothing, and an error, where it does not fit.
template <class T>
std::optional<T> ValueReader::typed(const Key& key, const Node& node, Read<T> (*reader)(std::string_view)) {
  if (!scalar(key, node, true)) return std::nullopt;
  Read<T> read = reader(node.scalar);
  if (read) return std::move(read.value);
  const bool may_miss = (key.type == Type::number || key.type == Type::integer) && !key.absent.empty();
  problems_.error(node.at, key.path, " must be ", expected(key), ", ", read.why, may_miss ? cat("; without the key: ", key.absent) : std::string());
  return std::nullopt;
}

std::optional<Value> ValueReader::integer(const Key& key, const Node& node, Node& canonical) {
  const auto read = typed(key, node, read_integer);
  if (!read || !within_range(key, node, static_cast<double>(*read))) return std::nullopt;
  Value value;
  value.integer = *read;
  canonical.scalar = std::to_string(*read);
  return value;
}

std::optional<Value> ValueReader::real(const Key& key, const Node& node, Node& canonical) {
  const auto read = typed(key, node, read_number);
  if (!read || !within_range(key, node, *read)) return std::nullopt;
  Value value;
  value.number = *read;
  canonical.scalar = number(*read);
  return value;
}

std::optional<Value> ValueReader::boolean(const Key& key, const Node& node) {
  const auto read = typed(key, node, read_boolean);
  if (!read) return std::nullopt;
  Value value;
  value.boolean = *read;
  return value;
}

// "acc, f1" -> accuracy, f1
static std::vector<std::string> meant_parts(const Key& key, const std::string& text) {
  std::vector<std::string> out;
  for (const auto& part : split(text, ',')) {
    const std::string one(trim(part)), ours = meant(key.named(), one, key.values);
    if (!one.empty()) out.push_back(printable(ours.empty() ? one : ours));
  }
  return out;
}

std::optional<Value> ValueReader::choice(const Key& key, const Node& node) {
  if (!scalar(key, node, false)) return std::nullopt;
  if (allowed(key.values, node.scalar) == nullptr) {
    const std::string kind = key.name() == "type" ? key.parent() : key.path == "metrics" ? "metric" : key.path;
    problems_.error(node.at, "unknown ", kind, " ", quote(node.scalar),
                    key.type == Type::choices && node.scalar.find(',') != std::string::npos
                        ? cat("; several stand in a list: [", join(meant_parts(key, node.scalar), ", "), "]")
                        : with_known(did_you_mean(key.named(), node.scalar, key.values), key.values));
    return std::nullopt;
  }
  Value value;
  value.text = node.scalar;
  return value;
}

std::optional<Value> ValueReader::path(const Key& key, const Node& node, Node& canonical) {
  if (!scalar(key, node, false)) return std::nullopt;
  if (node.scalar.empty() || node.scalar.find('\n') != std::string::npos) {
    problems_.error(node.at, key.path, " must be a file name, not ", quote(node.scalar));
    return std::nullopt;
  }
  const auto folder = node.at.source < 0 ? std::filesystem::path() : sources_.at(node.at.source).folder;
  Value value;
  value.text = node.scalar;
  value.path = (folder / node.scalar).lexically_normal();
  canonical.scalar = std::filesystem::absolute(value.path).lexically_normal().string();
  return value;
}

std::optional<Value> ValueReader::portion(const Key& key, const Node& node) {
  const auto read = typed(key, node, read_portion);
  if (!read) return std::nullopt;
  Value value;
  value.portion = *read;
  return value;
}

std::optional<Value> ValueReader::span(const Key& key, const Node& node) {
  if (!scalar(key, node, true)) return std::nullopt;
  Value value;
  try {
    if (key.type == Type::interval) value.seconds = parse_seconds(node.scalar);
    if (!value.seconds) value.span = parse_span(node.scalar);
  } catch (const Error& error) {
    problems_.error(node.at, key.path, ": ", error.sentence(), key.type == Type::interval ? ", or a time such as 30 s" : "");
    return std::nullopt;
  }
  return value;
}

std::optional<Value> ValueReader::texts(const Key& key, const Node& node, Node& canonical) {
  Node list = node;
  if (node.is_scalar()) {
    list.kind = Node::Kind::list;
    list.items = {node};
    list.scalar.clear();
  }
  if (!list.is_list()) {
    problems_.error(node.at, key.path, " must be ", expected(key), ", not ", kind_name(node));
    return std::nullopt;
  }
  Value value;
  bool fits = true;
  std::set<std::string> seen;
  for (const Node& item : list.items) {
    if (!item.is_scalar()) {
      problems_.error(item.at, "each item of ", key.path, " must be a single text, not ", kind_name(item),
                      item.is_null() ? ": write \"null\" in quotes for the word" : "");
      fits = false;
      continue;
    }
    if (key.type == Type::choices) fits = choice(key, item).has_value() && fits;
    if (!seen.insert(item.scalar).second) {
      problems_.error(item.at, key.path, " names ", quote(item.scalar), " twice");
      fits = false;
    }
    value.texts.push_back(item.scalar);
  }
  canonical = list;
  return fits ? std::optional(value) : std::nullopt;
}

template <class Each>
std::optional<Value> ValueReader::list(const Key& key, const Node& node, const Each& each) {
  if (!node.is_list()) {
    problems_.error(node.at, key.path, " must be ", expected(key), ", not ", kind_name(node), in_brackets(node));
    return std::nullopt;
  }
  Value value;
  bool fits = true;
  for (std::size_t i = 0; i < node.items.size(); ++i) fits = each(value, i) && fits;
  return fits ? std::optional(value) : std::nullopt;
}

std::optional<Value> ValueReader::numbers(const Key& key, const Node& node) {
  if (node.is_scalar() && !key.values.empty()) return choice(key, node);
  Key of = key;
  of.type = Type::number;
  return list(key, node, [&](Value& value, std::size_t i) {
    Node ignored;
    const auto read = real(of, node.items[i], ignored);
    if (read) value.numbers.push_back(read->number);
    return read.has_value();
  });
}

std::optional<Value> ValueReader::integers(const Key& key, const Node& node, Node& canonical) {
  Key of = key;
  of.type = Type::integer;
  return list(key, node, [&](Value& value, std::size_t i) {
    const auto read = integer(of, node.items[i], canonical.items[i]);
    if (read) value.integers.push_back(read->integer);
    return read.has_value();
  });
}

// quantity -> ">= 0.95"
std::optional<Value> ValueReader::expectations(const Key& key, const Node& node) {
  if (!node.is_mapping() || node.entries.empty()) {
    problems_.error(node.at, key.path, " must be ", expected(key), " such as ", key.example, ", not ", kind_name(node));
    return std::nullopt;
  }
  Value value;
  for (const Entry& entry : node.entries) {
    const auto refuse = [&](const auto&... why) {
      problems_.error(entry.value.at, key.path, ".", printable(entry.key), " must be a bound such as \">= 0.95\"", why...);
    };
    if (!entry.value.is_scalar()) {
      refuse(", not ", kind_name(entry.value));
      continue;
    }
    const std::string_view text = trim(entry.value.scalar);
    std::string sign;
    for (const char* known : {">=", "<=", ">", "<"})
      if (sign.empty() && text.starts_with(known)) sign = known;
    const auto bound = read_number(trim(text.substr(sign.size())));
    if (sign.empty()) refuse(", not ", quote(text), ": it begins with >=, >, <= or <");
    else if (!bound) refuse(", ", bound.why);
    else value.expectations.push_back({entry.key, sign, bound.value});
  }
  return value.expectations.size() == node.entries.size() ? std::optional(value) : std::nullopt;
}

std::optional<Value> ValueReader::init(const Key& key, const Node& node) {
  if (!node.is_mapping()) {
    problems_.error(node.at, key.path, " must be ", expected(key), ", not ", kind_name(node));
    return std::nullopt;
  }
  Value value;
  bool fits = true;
  for (const Entry& entry : node.entries) {
    const bool good = initializer(key, entry.value);
    if (good) value.pairs.emplace_back(entry.key, entry.value.scalar);
    fits = fits && good;
  }
  return fits ? std::optional(value) : std::nullopt;
}

// name or name(number, …)
bool ValueReader::initializer(const Key& key, const Node& node) {
  if (!scalar(key, node, false)) return false;
  const std::string_view text = trim(node.scalar);
  const auto open = text.find('(');
  const std::string name(trim(text.substr(0, open)));
  const auto& known = schema_.vocabulary().initializers;
  const auto row = known.find(name);
  if (row == known.end()) {
    problems_.error(node.at, "unknown initializer ", quote(name), with_known(did_you_mean(Named::initializer, name, key.values), key.values));
    return false;
  }
  std::vector<std::string> arguments;
  if (open != std::string_view::npos) {
    if (!text.ends_with(')')) {
      problems_.error(node.at, "the initializer ", quote(text), " lacks its closing bracket");
      return false;
    }
    arguments = split(text.substr(open + 1, text.size() - open - 2), ',');
  }
  for (const std::string& argument : arguments)
    if (const auto read = read_number(trim(argument)); !read) {
      problems_.error(node.at, "the arguments of ", name, " must be numbers, ", read.why);
      return false;
    }
  const auto count = static_cast<int>(arguments.size());
  if (count >= row->second.least && count <= row->second.most) return true;
  const auto& [doc, least, most] = row->second;
  problems_.error(node.at, name, " takes ", least == most ? cat(most) : cat(least, " to ", most), " numbers in brackets, not ", count);
  return false;
}

}  // namespace lehr::spec
