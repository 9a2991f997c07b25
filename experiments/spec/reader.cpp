#include "experiments/spec/reader.h"

#include <algorithm>

#include "experiments/spec/yaml.h"

namespace lehr::spec {

namespace {
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
      problems_.error(setting.at, "unknown key ", quote(setting.key), " in params", did_you_mean(setting.key, known), "; known here: ", join(known, ", "));
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

// Parts that must fit together.
void check_together(const Reading& reading, Problems& problems) {
  const Experiment& e = reading.experiment;
  const auto at = [&](const char* key) {
    const auto it = reading.places.find(key);
    return it == reading.places.end() ? At{} : it->second;
  };
  if (e.model.mlp && !e.model.file.empty())
    problems.error(
        at("model.mlp"),
        "model.file and model.mlp exclude each other: the network is read from a file, or made (model.file: null takes away what stands in an outer layer)");
  if (e.model.mlp && e.model.head)
    problems.error(at("model.head"), "model.head replaces the last layer of a file; the network of model.mlp has the outputs that the data and the loss need");
  if (e.data.split.validation + e.data.split.test >= 1)
    problems.error(at("data.split"), "validation and test take ", number((e.data.split.validation + e.data.split.test) * 100),
                   " % of the rows together: nothing is left to train on");
  std::set<std::string> classes(e.data.table.classes.begin(), e.data.table.classes.end());
  if (classes.size() == 1) problems.error(at("data.target.classes"), "data.target.classes has one class: there is nothing to tell apart");
  if (!e.loss.class_weights.empty() && !classes.empty() && e.loss.class_weights.size() != classes.size())
    problems.error(at("loss.class_weights"), "loss.class_weights has ", e.loss.class_weights.size(), " numbers but data.target.classes has ", classes.size(),
                   " classes");
  if (e.loss.scores && !loss_row(e.loss.kind).classifies())
    problems.error(at("model.scores"), "model.scores is for a loss over classes, binary_crossentropy or categorical_crossentropy, not for ", name(e.loss.kind));
  if (e.batch.schedule && !e.batch.keep_last)
    problems.error(at("batch.last"), "batch.last: drop leaves out the rest of an epoch, which has no size where batch.size changes: use keep");
  const bool validates = e.data.split.validation > 0 || e.data.split.validation_rows > 0;
  const auto measured = measured_names(e.metrics, validates);
  const auto follows = [&](const std::string& key, const Controlled& quantity) {
    for (const Feedback& feedback : quantity.feedback())
      if (std::ranges::count(measured, feedback.metric()) == 0)
        problems.error(at(key.c_str()), key, " follows ", quote(feedback.metric()), ", which is not measured", did_you_mean(feedback.metric(), measured),
                       " (measured: ", join(measured, ", "), validates ? ")" : "; val_ ones need validation rows: data.split.validation)");
  };
  for (const auto& [name, quantity] : e.optimizer.hypers) follows("optimizer." + name, quantity);
  for (const ParamRule& rule : e.params)
    for (const auto& [name, quantity] : rule.hypers) follows("params." + rule.pattern + "." + name, quantity);
  for (const auto& [key, quantity] : e.quantities) follows(key, quantity);
  for (const std::string& column : e.data.table.drop)
    if (std::ranges::count(e.data.table.columns, column) > 0)
      problems.error(at("data.drop"), "the column ", quote(column), " is both used by data.columns and dropped by data.drop");
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
  const std::string ours = familiar_name(entry.key);
  if (const std::string meant = ours.empty() ? nearest(entry.key, known) : ours; !meant.empty()) {
    unknown(cat(", did you mean '", meant, "'?"));
    return meant == "lr" && path.empty() ? "optimizer" : meant;
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
