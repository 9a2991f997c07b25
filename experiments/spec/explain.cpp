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
constexpr std::size_t most_shown = 8;  // types of which a mapping shows all keys

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

// types: with those a learning rate can have.
std::string describe(const Key& key, const Schema& schema, bool types_too = true) {
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
  const Key* types = key.type == Type::mapping ? schema.find(key.path + ".type") : nullptr;
  const bool many = types && types->values.size() > most_shown;
  if (many) {
    for (std::size_t i = 0; i < types->values.size(); ++i) values.emplace_back(types->values[i], i < types->docs.size() ? types->docs[i] : "");
    out += table(cat("types (explain ", types->values.front(), " lists the keys of one)"), values);
  }
  for (const std::string& path : {key.path, key.path + ".*"})
    for (const Key* child : schema.children(path))
      if (child->name() != "*" && !(many && !child->of.empty())) children.emplace_back(child->name(), child_line(*child, schema));
  std::set<std::pair<std::string, std::string>> seen;
  std::erase_if(children, [&](const auto& row) { return !seen.insert(row).second; });
  if (key.type == Type::rules) children.emplace_back("…", "every hyperparameter of the optimizer: explain params.*.lr");
  out += table("keys", children);
  const bool listed = key.name() == "lr" && types_too;
  if (key.type == Type::schedule && listed) out += table("types", schedule_names());
  return out + (key.type == Type::schedule && !listed ? line("types", "those of lr: explain lr.type lists them") : "");
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

// One value of a key: an optimizer with its keys, a metric, an initializer, a name among a few.
std::string named(const Key& key, const std::string& name, const std::string& value, const Schema& schema) {
  const auto at = static_cast<std::size_t>(std::ranges::find(key.values, value) - key.values.begin());
  std::string out = cat(key.name() == "type" ? key.parent() : key.path, ": ", key.type == Type::choices ? cat("[", name, "]") : name, "\n");
  if (at < key.docs.size() && !key.docs[at].empty()) out += cat("  ", key.docs[at], "\n");
  if (key.name() != "type") return out + line("of", cat(key.path, ": ", key.doc));
  Rows rows;
  for (const Key* child : schema.children(key.parent(), value)) {
    if (child->name() == "type") continue;
    const std::string fallback = default_of(*child), range = child->values.empty() ? child->range() : join(child->values, ", ");
    rows.emplace_back(child->name(), cat(child->doc, range.empty() ? "" : cat(" (", range, ")"), fallback.empty() ? "" : cat(" Default: ", fallback)));
  }
  return out + table("keys", rows);
}

// "params.*.lr", "params.fc1.*.weight_decay": what a rule may set.
std::string of_rule(const std::string& path, const Schema& schema) {
  const auto dot = path.rfind('.');
  if (!path.starts_with("params.") || dot < std::string_view("params.").size()) return "";
  const std::string name = path.substr(dot + 1);
  std::string out;
  if (const Key* own = schema.find("params.*." + name)) return describe(*own, schema, false);
  for (const Key& row : schema.keys())
    if (row.path == "optimizer." + name && row.type == Type::schedule && out.empty())
      out = cat(path, ": of the parameters that match ", quote(path.substr(7, dot - 7)), ", in place of\n", describe(row, schema, false));
  return out;
}

// What has a name and is no key.
const std::pair<const char*, const char*> topics[] = {
    {"phases",
     "  A list of schedules, one after another, each in its own time; `for` says how long one lasts, only the last may leave it out.\n"
     "  example  lr: [{type: linear, from: 0, to: 0.1, for: 5 epochs}, {type: cosine, from: 0.1, to: 0}]\n"
     "  keys\n    for   the length of the phase: 5 epochs, 300 steps, 10%, 50k samples\n"
     "    jump  ok: the value may jump where the phase begins, which is reported otherwise\n"},
    {"for", "  How long a phase of a schedule lasts, or the length of a schedule that ends: 5 epochs, 300 steps, 10% of the run, 50k samples.\n"
            "  example  lr: [{type: linear, from: 0, to: 0.1, for: 5 epochs}, {type: cosine, from: 0.1, to: 0}]\n"},
    {"jump", "  Of a phase in a list: jump: ok says that its value may jump where it begins.\n"
             "  example  lr: [{type: constant, value: 0.1, for: 5 epochs}, {type: constant, value: 0.01, jump: ok}]\n"},
    {"length", "  A length of training carries its unit: 5 epochs, 300 steps, 10% of the run, 50k samples.\n"},
    {"schedule", "  A number, a formula, {type: …} or a list of phases: explain lr lists the types, explain formula and explain phases the rest.\n"},
    {"patterns", "  Names of tensors: * stands for any characters, ? for one: \"*.bias\".\n"},
};

// The nearest of all names there are, else the keys of an experiment.
std::string nearest_of_all(const std::string& name, const Schema& schema) {
  std::vector<std::string> known, top;
  for (const Key& row : schema.keys()) known.push_back(row.path);
  for (const auto& type : all_types()) known.push_back("lr." + type.name);
  if (name.find('.') != std::string::npos)
    if (const std::string hint = did_you_mean(name, known); !hint.empty()) return hint;
  for (const Key* row : schema.children(""))
    if (row->planned.empty()) top.push_back(row->path);
  if (const std::string ours = meant(Named::key, name, top); !ours.empty()) return cat(", did you mean ", quote(ours), "?");
  for (const Key& row : schema.keys())
    if (row.named() != Named::other)
      if (const std::string hint = did_you_mean(row.named(), name, row.values); !hint.empty()) return hint;
  for (const Key& row : schema.keys()) {
    known.push_back(row.name());
    known.insert(known.end(), row.values.begin(), row.values.end());
  }
  for (const auto& topic : topics) known.push_back(topic.first);
  std::vector<std::string> types;
  for (const auto& type : all_types()) types.push_back(type.name);
  if (const std::string hint = did_you_mean(Named::schedule, name, types); !hint.empty()) return hint;
  if (const std::string hint = did_you_mean(name, known); !hint.empty()) return hint;
  return cat("; the keys of an experiment are ", join(top, ", "));
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
  const auto add = [&](const std::string& text) { out += out.empty() ? text : text.empty() ? "" : "\n" + text; };
  for (const Key& row : schema.keys())
    if (row.path == key) out += describe(row, schema);
  if (!out.empty()) return out;
  for (const Key& row : schema.keys())
    if ((row.type == Type::schedule || row.type == Type::rows) && key.starts_with(row.path + ".") && out.empty())
      out = inside_schedule(row.path, key.substr(row.path.size() + 1));
  if (out.empty()) out = of_rule(key, schema);
  if (!out.empty()) return out;
  for (const Key& row : schema.keys())
    if (row.name() == key) add(describe(row, schema));
  for (const auto& [name, text] : topics)
    if (key == name) add(cat(name, "\n", text));
  std::vector<const Key*> told;
  for (const Key& row : schema.keys())
    if (const std::string* value = row.planned.empty() ? allowed(row.values, key) : nullptr;
        value && std::ranges::none_of(told, [&](const Key* other) { return other->path == row.path; }))
      told.push_back(&row), add(named(row, key, *value, schema));
  for (const auto& type : all_types())
    if (type.name == key || (type.name.ends_with("." + key) && key.find('.') == std::string::npos)) add(describe(type, "lr"));
  if (!out.empty()) return out;
  throw Error("unknown key ", quote(key), nearest_of_all(key, schema));
}

}  // namespace lehr::spec
