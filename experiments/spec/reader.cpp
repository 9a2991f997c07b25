#include "experiments/spec/reader.h"

#include <algorithm>

#include "experiments/spec/yaml.h"

namespace lehr::spec {

namespace {
// The key of this mapping that is meant, also where another program's name for it leads to one of the same name elsewhere.
std::string near_here(const std::string& name, const std::vector<std::string>& known) {
  const std::string ours = meant(Named::key, name, known), last = ours.substr(ours.rfind('.') + 1);
  return std::ranges::find(known, last) == known.end() ? did_you_mean(name, known) : cat(", did you mean ", quote(last), "?");
}

std::string below(const std::string& path, const std::string& key) { return path.empty() ? key : path + "." + key; }

// A text of our own as a node that stands nowhere.
Node own_node(const std::string& text) {
  if (!text.starts_with('[') && !text.starts_with('{')) return make_scalar(text);
  Sources sources;
  Problems ignored(sources);
  Node node = parse_yaml(sources, sources.add("default", {}, text), ignored).value_or(Node{});
  const auto forget = [](const auto& self, Node& part) -> void {
    part.at = {};
    for (Node& item : part.items) self(self, item);
    for (Entry& entry : part.entries) entry.at = {}, self(self, entry.value);
  };
  forget(forget, node);
  return node;
}

class ExperimentReader {
 public:
  ExperimentReader(const Schema& schema, const Sources& sources, Problems& problems)
      : schema_(schema), problems_(problems), values_(schema, sources, problems) {}

  Reading read(const Node& root) {
    file_ = root.at;
    file_.line = 0;
    out_.tree = make_mapping(root.at);
    mapping("", root, root.at, out_.tree);
    return std::move(out_);
  }

 private:
  // Unknown keys first, then every key the mapping can have, in the schema's order.
  void mapping(const std::string& path, const Node& node, const At& at, Node& tree) {
    std::string type;
    if (const Key* key = path.empty() ? nullptr : schema_.find(path + ".type")) {
      const Entry* given = node.find("type");
      type = given ? given->value.scalar : key->fallback;
      if (given && (!given->value.is_scalar() || allowed(key->values, type) == nullptr)) {
        Node ignored;
        values_.read(*key, given->value, ignored);
        return;
      }
    }
    std::set<std::string> meant;
    for (const Entry& entry : node.entries)
      if (const Key* key = schema_.find(below(path, entry.key), type); key == nullptr || !key->planned.empty() || key->parent() != path || entry.key == "*")
        meant.insert(unknown_key(entry, path, type, schema_, problems_));
    for (const Key* key : schema_.children(path, type)) {
      if (!key->planned.empty() || !key->alias.empty() || key->study) continue;
      const Entry* entry = node.find(key->name());
      if (entry)
        given(*key, *entry, tree);
      else if (!meant.contains(key->name()) && (key->instead.empty() || !node.find(schema_.find(key->instead)->name())))
        absent(*key, at, tree);
    }
    if (path == "optimizer") type_ = type;
  }

  void given(const Key& key, const Entry& entry, Node& tree) {
    out_.places[key.path] = entry.value.at.source >= 0 ? entry.value.at : entry.at;
    if (key.type == Type::mapping || (entry.value.is_mapping() && schema_.has_children(key.path) && key.type == Type::choice)) {
      if (!entry.value.is_mapping()) {
        problems_.error(entry.value.at, key.path, " must be a mapping", key.example.empty() ? "" : cat(" such as ", key.example), ", not ",
                        kind_name(entry.value));
        return;
      }
      out_.places[key.path] = entry.at;
      Node child = make_mapping(entry.value.at);
      mapping(key.path, entry.value, entry.at, child);
      if (key.type != Type::mapping && child.entries.empty()) problems_.error(entry.value.at, key.path, " must be ", expected(key), ", or ", key.example);
      if (!child.entries.empty()) tree.entries.push_back({key.name(), entry.at, std::move(child)});
      return;
    }
    if (key.type == Type::rules) return rules(entry, tree);
    if (key.type == Type::features && entry.value.is_mapping()) return column_rules(key, entry, tree);
    if (key.type == Type::init)
      for (const Entry& each : entry.value.entries) out_.places[key.path + "." + each.key] = each.at;
    Node canonical;
    if (const auto value = values_.read(key, entry.value, canonical)) key.set(out_.experiment, *value);
    tree.entries.push_back({key.name(), entry.at, std::move(canonical)});
  }

  void absent(const Key& key, const At& at, Node& tree) {
    if (key.required) {
      const std::string name = key.path == "optimizer.lr" ? "lr" : key.path;
      const std::string example = key.example.empty() ? cat("; it is ", expected(key)) : cat(", for example ", name, ": ", key.example);
      const std::string other = key.instead.empty() ? "" : cat(", or ", key.instead, ": ", schema_.find(key.instead)->example);
      out_.missing.push_back({name, example + other, key.parent() != "" && at.source >= 0 ? at : file_});
      return;
    }
    if (key.apart) return;
    if (key.type == Type::mapping) {
      Node child = make_mapping();
      mapping(key.path, make_mapping(), {}, child);
      if (!child.entries.empty()) tree.entries.push_back({key.name(), {}, std::move(child)});
      return;
    }
    if (key.fallback.empty()) return;
    Node canonical;
    if (const auto value = values_.read(key, own_node(key.fallback), canonical)) key.set(out_.experiment, *value);
    tree.entries.push_back({key.name(), {}, std::move(canonical)});
  }

  void rules(const Entry& entry, Node& tree) {
    if (!entry.value.is_mapping()) {
      problems_.error(entry.value.at, "params must be a mapping of patterns to settings, not ", kind_name(entry.value));
      return;
    }
    for (const Entry& rule : entry.value.entries) {
      if (!rule.value.is_mapping()) {
        problems_.error(rule.value.at, "params.", printable(rule.key), " must be a mapping such as {freeze: true}, not ", kind_name(rule.value));
        continue;
      }
      ParamRule made;
      made.pattern = rule.key;
      out_.places["params." + rule.key] = rule.at;
      for (const Entry& setting : rule.value.entries) setting_of(made, setting);
      out_.experiment.params.push_back(std::move(made));
    }
    tree.entries.push_back({"params", entry.at, entry.value});
  }

  void setting_of(ParamRule& rule, const Entry& setting) {
    out_.places["params." + rule.pattern + "." + setting.key] = setting.value.at;
    std::vector<std::string> known;
    const Key* key = nullptr;
    for (const Key* own : schema_.children("params.*")) {
      known.push_back(own->name());
      if (own->name() == setting.key) key = own;
    }
    for (const Key* hyper : schema_.children("optimizer", type_)) {
      if (hyper->type != Type::schedule) continue;
      known.push_back(hyper->name());
      if (hyper->name() == setting.key) key = hyper;
    }
    if (key == nullptr) {
      problems_.error(setting.at, "unknown key ", quote(setting.key), " in params", with_known(near_here(setting.key, known), known));
      return;
    }
    Key named = *key;
    named.path = cat("params.", printable(rule.pattern), ".", setting.key);
    Node ignored;
    const auto value = values_.read(named, setting.value, ignored);
    if (!value) return;
    if (key->set_rule)
      key->set_rule(rule, *value);
    else
      rule.hypers.insert_or_assign(setting.key, *value->schedule);
  }

  // data.columns as a mapping: a rule for each pattern, in order.
  void column_rules(const Key& key, const Entry& entry, Node& tree) {
    for (const Entry& rule : entry.value.entries) {
      const std::string path = cat(key.path, ".", rule.key);
      out_.places[path] = rule.at;
      if (!rule.value.is_mapping()) {
        problems_.error(rule.value.at, key.path, ".", printable(rule.key), " must be a mapping such as {scale: minmax}, not ", kind_name(rule.value));
        continue;
      }
      ColumnRule made;
      made.pattern = rule.key;
      column_settings(made, key.path + ".*", cat(key.path, ".", printable(rule.key)), rule.value);
      out_.experiment.data.table.rules.push_back(std::move(made));
    }
    tree.entries.push_back({key.name(), entry.at, entry.value});
  }

  void column_settings(ColumnRule& rule, const std::string& schema_path, const std::string& path, const Node& settings) {
    for (const Entry& setting : settings.entries) {
      const Key* key = schema_.find(cat(schema_path, ".", setting.key));
      if (key == nullptr) {
        std::vector<std::string> known;
        for (const Key* own : schema_.children(schema_path)) known.push_back(own->name());
        problems_.error(setting.at, "unknown key ", quote(setting.key), " in ", path, with_known(near_here(setting.key, known), known));
        continue;
      }
      Key named = *key;
      named.path = cat(path, ".", setting.key);
      if (setting.value.is_mapping() && schema_.has_children(key->path)) {
        if (setting.value.entries.empty()) problems_.error(setting.value.at, named.path, " must be ", expected(named), ", or ", key->example);
        column_settings(rule, key->path, named.path, setting.value);
        continue;
      }
      Node ignored;
      if (const auto value = values_.read(named, setting.value, ignored)) key->set_column(rule, *value);
    }
  }

  const Schema& schema_;
  Problems& problems_;
  ValueReader values_;
  At file_;
  std::string type_;  // of the optimizer
  Reading out_;
};

// The other half of a library's schedule that drives the momentum beside the rate becomes the momentum's schedule, unless that has one.
void drive_momentum(Reading& reading, Problems& problems) {
  auto& hypers = reading.experiment.optimizer.hypers;
  const auto lr = hypers.find("lr");
  if (lr == hypers.end()) return;
  const auto half = lr->second.schedule().momentum();
  if (!half) return;
  const auto place = reading.places.find("optimizer.lr");
  const At at = place == reading.places.end() ? At{} : place->second;
  const auto taken = hypers.contains("momentum") ? hypers.find("momentum") : hypers.find("beta1");
  if (taken == hypers.end()) {
    problems.error(at, "the schedule of lr cycles the momentum, too, but the optimizer ", quote(reading.experiment.optimizer.type),
                   " has neither momentum nor beta1: cycle_momentum: false leaves it out");
    return;
  }
  const std::string& name = taken->first;
  if (!taken->second.constant()) return;
  if (reading.places.contains("optimizer." + name))
    problems.warning(at, "this schedule cycles the momentum, too: optimizer.", name, ": ", taken->second.text(),
                     " is not used; cycle_momentum: false keeps it");
  taken->second = *half;
  Node& optimizer = reading.tree.find("optimizer")->value;
  if (Entry* entry = optimizer.find(name)) entry->value = own_node(half->text());
}

// lr_scale goes into the learning rates themselves: those who look at a schedule see what trains.
void scale_rates(Experiment& e) {
  const auto scale = [&](std::map<std::string, Controlled>& hypers) {
    if (const auto lr = hypers.find("lr"); lr != hypers.end() && e.lr_scale != 1) lr->second = lr->second.scaled(e.lr_scale);
  };
  scale(e.optimizer.hypers);
  for (ParamRule& rule : e.params) scale(rule.hypers);
}
}  // namespace

Reading read_experiment(const Node& root, const Schema& schema, const Sources& sources, Problems& problems) {
  Node moved = root;
  if (Entry* lr = moved.find("lr")) {
    Entry* optimizer = moved.find("optimizer");
    if (!optimizer) optimizer = &moved.entries.emplace_back(Entry{"optimizer", lr->at, make_mapping(lr->value.at)}), lr = moved.find("lr");
    if (optimizer->value.is_mapping() && !optimizer->value.find("lr")) optimizer->value.entries.push_back({"lr", lr->at, std::move(lr->value)});
    moved.erase("lr");
  }
  move_array_target(moved);
  Reading reading = ExperimentReader(schema, sources, problems).read(moved);
  drive_momentum(reading, problems);
  check_together(reading, problems);
  scale_rates(reading.experiment);
  return reading;
}

std::string unknown_key(const Entry& entry, const std::string& path, const std::string& type, const Schema& schema, Problems& problems) {
  const std::string inside = path.empty() ? "" : cat(" in ", path);
  const std::string full = path.empty() ? entry.key : path + "." + entry.key;
  const auto problem = [&](const auto&... parts) { problems.error(entry.at, parts...); };
  const auto unknown = [&](const std::string& rest) { problem("unknown key ", quote(entry.key), inside, rest); };
  if (const Key* key = schema.find(full); key && !key->planned.empty()) {
    problem(quote(entry.key), " is not supported yet: ", key->planned);
    return "";
  }
  if (const std::string why = no_counterpart(entry.key); !why.empty() && path.empty()) {
    unknown(": " + why);
    return "";
  }
  std::vector<std::string> known, of;
  for (const Key* key : schema.children(path, type))
    if (key->planned.empty()) known.push_back(key->name());
  for (const Key& key : schema.keys())
    if (key.path == full && entry.key != "*") of.insert(of.end(), key.of.begin(), key.of.end());
  if (!of.empty()) {
    std::erase(known, "type");
    problem(quote(entry.key), " is a key of ", path, " type ", join(of, ", "), ", not of ", quote(type), ", which takes ",
            known.empty() ? "no other key" : join(known, ", "));
    return "";
  }
  if (const std::string ours = meant(Named::key, entry.key, known); !ours.empty()) {
    const Key* far = std::ranges::find(known, ours) == known.end() ? schema.find(ours.substr(0, ours.find(':'))) : nullptr;  // a path from the top
    const bool here = far == nullptr || far->parent() == path;
    unknown(cat(", did you mean ", here && far ? quote(far->name() + ours.substr(far->path.size())) : quote(ours),
                here || far->path != far->name() ? "?" : " at the top of the file?",
                far && !far->planned.empty() ? cat(" That is not supported yet: ", far->planned) : std::string()));
    if (path.empty()) return ours == "lr" ? "optimizer" : split(split(ours, ':').front(), '.').front();
    return here && far ? far->name() : ours;
  }
  for (const Key& key : schema.keys())
    if (key.name() == entry.key && key.path.find('*') == std::string::npos) {
      unknown(cat("; there is ", key.path));
      return split(key.path, '.').front();
    }
  unknown(cat("; known: ", join(known, ", ")));
  return "";
}

}  // namespace lehr::spec
