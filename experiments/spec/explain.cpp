#include "experiments/spec/explain.h"

#include <algorithm>
#include <set>

#include "experiments/spec/reader.h"

namespace lehr::spec {

std::string kind_of(const Key& key) {
  switch (key.type) {
    case Type::choice:
      return "a name";
    case Type::choices:
      return "a list of names";
    case Type::portion:
      return "a percentage or a number of rows: 33%, 40 rows";
    case Type::rows:
      return "a whole number, a formula, {type: …} or a list of phases";
    case Type::schedule:
      return "a number, a formula, {type: …} or a list of phases";
    case Type::integer:
      return "a whole number";
    case Type::number:
      return "a number";
    case Type::numbers:
      return "a list of numbers" + (key.values.empty() ? std::string() : ", or " + join(key.values, ", "));
    case Type::integers:
      return "a list of whole numbers";
    default:
      return expected(key);
  }
}

std::string default_of(const Key& key) {
  if (!key.fallback.empty()) return key.fallback;
  if (!key.instead.empty()) return cat("required, or ", key.instead);
  return key.required ? "required" : key.absent;
}

namespace {
using Rows = std::vector<std::pair<std::string, std::string>>;

std::string table(const std::string& title, const Rows& rows) {
  if (rows.empty()) return "";
  std::size_t columns = 0;
  for (const auto& [name, doc] : rows) columns = std::max(columns, width(name));
  std::string out = cat("  ", title, "\n");
  for (const auto& [name, doc] : rows) out += cat("    ", trim(cat(pad_right(name, columns), "  ", doc)), "\n");
  return out;
}

// Of the clock alone, then those that follow a metric.
std::vector<ScheduleType> all_types() {
  auto all = schedule_types();
  std::ranges::move(feedback_types(), std::back_inserter(all));
  return all;
}

Rows schedule_names() {
  Rows rows;
  for (const auto& type : all_types()) rows.emplace_back(type.name, cat(type.formula, "   (", type.origin, ")"));
  return rows;
}

std::string line(const char* name, const std::string& value) { return value.empty() ? "" : cat("  ", pad_right(name, 9), value, "\n"); }

// "(adam, sgd) Learning rate. Default: required"; types that agree on a key share the line.
std::string child_line(const Key& child, const Schema& schema) {
  std::vector<std::string> of;
  for (const Key& other : schema.keys())
    if (other.path == child.path && other.doc == child.doc && default_of(other) == default_of(child)) of.insert(of.end(), other.of.begin(), other.of.end());
  const std::string fallback = default_of(child);
  return cat(of.empty() ? "" : cat("(", join(of, ", "), ") "), child.doc, fallback.empty() ? "" : cat(" Default: ", fallback));
}

std::string describe(const Key& key, const Schema& schema) {
  if (!key.planned.empty()) return cat(key.path, "\n  Not supported yet: ", key.planned, ".\n");
  std::string out = cat(key.path, key.of.empty() ? "" : cat("  (of ", key.parent(), " type ", join(key.of, ", "), ")"), "\n  ", key.doc, "\n");
  if (!key.alias.empty()) {
    out += line("means", key.alias);
    for (const Key& other : schema.keys())
      if (other.path == key.alias)
        return out + line("range", other.range()) + line("value", kind_of(other)) + line("default", default_of(other)) +
               line("example", cat(key.path, ": ", key.example)) + table("types", schedule_names());
  }
  out += line("value", kind_of(key)) + line("default", default_of(key)) + line("range", key.range()) +
         line("example", key.example.empty() ? "" : cat(key.name(), ": ", key.example));
  Rows values, children;
  for (std::size_t i = 0; i < key.values.size(); ++i) values.emplace_back(key.values[i], i < key.docs.size() ? key.docs[i] : "");
  out += table("names", values);
  for (const std::string& path : {key.path, key.path + ".*"})
    for (const Key* child : schema.children(path))
      if (child->name() != "*") children.emplace_back(child->name(), child_line(*child, schema));
  std::set<std::pair<std::string, std::string>> seen;
  std::erase_if(children, [&](const auto& row) { return !seen.insert(row).second; });
  out += table("keys", children);
  if (key.type == Type::schedule && key.name() == "lr") out += table("types", schedule_names());
  return out + (key.type == Type::schedule && key.name() != "lr" ? line("types", "those of lr: explain lr.type lists them") : "");
}

std::string describe(const ScheduleType& type, const std::string& path) {
  Rows keys;
  for (const auto& key : type.keys)
    keys.emplace_back(key.name, cat(key.meaning, key.fallback.empty() ? " (required)" : key.fallback == "none" ? "" : cat(" Default: ", key.fallback)));
  return cat(path, ": {type: ", type.name, ", …}\n  ", type.formula, "\n", line("from", type.origin), table("keys", keys));
}

// "lr.type", "lr.cosine", "lr.cosine.cycle", "lr.every": what stands inside a schedule.
std::string inside_schedule(const std::string& path, const std::string& rest) {
  if (rest == "type") return cat(path, ".type\n", table("types", schedule_names()));
  std::string out;
  for (const auto& type : all_types()) {
    if (rest == type.name) return describe(type, path);
    for (const auto& key : type.keys)
      if (rest == key.name || rest == type.name + "." + key.name)
        out += cat(path, ".", type.name, ".", key.name, "\n  ", key.meaning, "\n", line("default", key.fallback.empty() ? "required" : key.fallback));
  }
  return out;
}

std::string overview(const Schema& schema) {
  Rows rows;
  for (const Key* key : schema.children(""))
    if (key->planned.empty()) rows.emplace_back(key->path, key->doc);
  return table("keys of an experiment", rows);
}
}  // namespace

std::string explain(const std::string& key, const Vocabulary& vocabulary) {
  const Schema schema(vocabulary);
  if (key.empty()) return overview(schema);
  std::string out;
  std::vector<std::string> known;
  for (const Key& row : schema.keys()) {
    known.push_back(row.path);
    if (row.path == key) out += describe(row, schema);
  }
  if (!out.empty()) return out;
  for (const Key& row : schema.keys())
    if ((row.type == Type::schedule || row.type == Type::rows) && key.starts_with(row.path + ".") && out.empty())
      out = inside_schedule(row.path, key.substr(row.path.size() + 1));
  if (!out.empty()) return out;
  for (const Key& row : schema.keys())
    if (row.name() == key) out += describe(row, schema);
  if (!out.empty()) return out;
  for (const auto& type : all_types()) {
    if (type.name == key) return describe(type, "lr");
    known.push_back("lr." + type.name);
  }
  if (const std::string ours = familiar_name(key); !ours.empty()) throw Error("unknown key ", quote(key), ", did you mean '", ours, "'?");
  for (const Key& row : schema.keys()) known.push_back(row.name());
  const std::string hint = did_you_mean(key, known);
  std::vector<std::string> top;
  for (const Key* row : schema.children(""))
    if (row->planned.empty()) top.push_back(row->path);
  throw Error("unknown key ", quote(key), hint.empty() ? cat("; the keys of an experiment are ", join(top, ", ")) : hint);
}

}  // namespace lehr::spec
