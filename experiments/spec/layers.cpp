#include "experiments/spec/layers.h"

#include <algorithm>

#include "base/file.h"
#include "experiments/spec/yaml.h"

namespace lehr::spec {

namespace {
std::string below(const std::string& path, const std::string& key) { return path.empty() ? key : path + "." + key; }

// Writes out short forms: `loss: mse` is {type: mse}, `init: zeros` is {"*": zeros}.
void write_out(Node& node, const std::string& path, const Schema& schema) {
  const Key* key = path.empty() ? nullptr : schema.find(path);
  if (key && (node.is_scalar() || node.is_list())) {
    const std::string child = key->type == Type::init && node.is_scalar() ? "*" : key->shorthand;
    if (child.empty()) return;
    Node outer = make_mapping(node.at);
    outer.entries.push_back({child, node.at, std::move(node)});
    node = std::move(outer);
  }
  if (!node.is_mapping() || (key && key->type != Type::mapping)) return;
  for (Entry& entry : node.entries) write_out(entry.value, below(path, entry.key), schema);
}

// The parts of a dotted key. Names the user chose may hold dots themselves: params.*.bias.weight_decay
std::vector<std::string> segments(const std::string& key, const Schema& schema) {
  auto parts = split(key, '.');
  const auto joined = [&](std::size_t first, std::size_t last) {
    return join(std::vector<std::string>(parts.begin() + static_cast<std::ptrdiff_t>(first), parts.begin() + static_cast<std::ptrdiff_t>(last)), ".");
  };
  if (parts[0] == "sweep" && parts.size() > 2) return {parts[0], joined(1, parts.size())};
  if (parts[0] == "params" && parts.size() > 3) return {"params", joined(1, parts.size() - 1), parts.back()};
  if (parts.size() > 3 && parts[0] == "data" && parts[1] == "columns")
    for (std::size_t first = 3; first < parts.size(); ++first)
      if (schema.find("data.columns.*." + joined(first, parts.size()))) {
        std::vector<std::string> out{parts[0], parts[1], joined(2, first)};
        out.insert(out.end(), parts.begin() + static_cast<std::ptrdiff_t>(first), parts.end());
        return out;
      }
  const bool open = parts.size() > 3 && ((parts[0] == "model" && parts[1] == "init") || (parts[0] == "data" && parts[1] == "inputs"));
  if (open) return {parts[0], parts[1], joined(2, parts.size())};
  return parts;
}

void put(Node& root, const Entry& entry, const Schema& schema, Problems& problems) {
  const auto parts = segments(entry.key, schema);
  if (parts.size() > 6 || std::ranges::count(parts, "") > 0) return problems.error(entry.at, "unknown key ", quote(entry.key));
  Node* at = &root;
  std::string path;
  At place = entry.at;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    path = below(path, parts[i]);
    place.length = static_cast<int>(width(parts[i]));
    const bool last = i + 1 == parts.size();
    Entry* found = at->find(parts[i]);
    if (found && (last || !found->value.is_mapping())) return problems.error(place, quote(path), " is given twice: the first is in line ", found->at.line);
    if (!found) {
      at->entries.push_back({parts[i], place, last ? entry.value : make_mapping(entry.value.at)});
      found = &at->entries.back();
      if (last) write_out(found->value, path, schema);
    }
    at = &found->value;
    place.column += place.length + 1;
  }
}

// lr and optimizer.lr are one key: given both, nobody can say which is meant.
void refuse_two_rates(const Node& layer, Problems& problems) {
  const Entry* optimizer = layer.find("optimizer");
  const Entry* lr = layer.find("lr");
  if (!lr || !optimizer || !optimizer->value.is_mapping()) return;
  if (const Entry* inner = optimizer->value.find("lr"))
    problems.error(inner->at, "the learning rate is given twice: as lr in line ", lr->at.line, " and as optimizer.lr here");
}

// Removed keys vanish from a mapping that has nothing to remove them from; a variant keeps them, for what it is laid over.
Node without_nulls(const Node& node, const std::string& path) {
  if (!node.is_mapping() || path.starts_with("variants.")) return node;
  Node out = make_mapping(node.at);
  for (const Entry& entry : node.entries)
    if (!entry.value.is_null()) out.entries.push_back({entry.key, entry.at, without_nulls(entry.value, below(path, entry.key))});
  return out;
}

std::string type_of(const Node& node, const Schema& schema, const std::string& path) {
  if (const Entry* type = node.find("type"); type && type->value.is_scalar()) return type->value.scalar;
  const Key* key = path.empty() ? nullptr : schema.find(path + ".type");
  return key ? key->fallback : "";
}

bool replaces(const Node& base, const Node& patch, const Schema& schema, const std::string& path) {
  if (!base.is_mapping() || !patch.is_mapping()) return true;
  if (patch.find("product")) return true;
  return patch.find("type") && type_of(base, schema, path) != type_of(patch, schema, path);
}

struct Loader {
  const Schema& schema;
  Sources& sources;
  Problems& problems;
  std::vector<std::filesystem::path> chain;

  Node load(const std::filesystem::path& file, std::string text) {
    const int source = sources.add(file.string(), file.parent_path(), std::move(text));
    auto root = parse_yaml(sources, source, problems);
    if (!root) problems.raise();
    if (!root->is_mapping()) {
      problems.error(root->at, "an experiment is a mapping of keys like `epochs: 50`, not ", kind_name(*root));
      problems.raise();
    }
    Node layer = normalised(std::move(*root), false, schema, problems);
    const Entry* extends = layer.find("extends");
    if (!extends) return layer;
    const Node at = extends->value;
    layer.erase("extends");
    Node base = at.is_null() ? make_mapping() : parent(file, at);
    merge(base, layer, schema);
    base.at = layer.at;
    return base;
  }

  Node parent(const std::filesystem::path& file, const Node& name) {
    if (!name.is_scalar() || name.scalar.empty()) {
      problems.error(name.at, "extends must be a file name, not ", kind_name(name));
      return make_mapping();
    }
    const auto path = (file.parent_path() / name.scalar).lexically_normal();
    std::error_code ignored;
    const auto identity = std::filesystem::weakly_canonical(path, ignored);
    if (std::ranges::count(chain, identity) > 0 || chain.size() >= 16) {
      problems.error(name.at, chain.size() >= 16 ? "more than 16 files extend one another" : "the files extend one another in a circle: ",
                     chain.size() >= 16 ? "" : quote(path.string()));
      return make_mapping();
    }
    chain.push_back(identity);
    std::string text;
    try {
      text = read_file(path, max_bytes);
    } catch (const Error& error) {
      Problems only(sources);  // what the file would have held is not missing
      only.error(name.at, error.sentence());
      only.raise();
    }
    return load(path, std::move(text));
  }
};
}  // namespace

Node normalised(Node patch, bool dotted, const Schema& schema, Problems& problems) {
  Node out = make_mapping(patch.at);
  std::vector<const Entry*> later;
  for (const Entry& entry : patch.entries) {
    if (dotted && entry.key.find('.') != std::string::npos) {
      later.push_back(&entry);
      continue;
    }
    out.entries.push_back(entry);
    write_out(out.entries.back().value, entry.key, schema);
  }
  for (const Entry* entry : later) put(out, *entry, schema, problems);
  refuse_two_rates(out, problems);
  return out;
}

Node argument_patch(const std::string& argument, const Schema& schema, Sources& sources, Problems& problems) {
  const int source = sources.add("--set", {}, argument, true);
  const At whole{source, 1, 1, static_cast<int>(std::clamp<std::size_t>(width(argument), 1, 1000)), -1};
  const std::size_t equals = argument.find('=');
  Node patch = make_mapping(whole);
  if (equals == std::string::npos || equals == 0) {
    problems.error(whole, "--set takes key=value, as in --set optimizer.momentum=0.9");
    return patch;
  }
  if (argument.find('\n') != std::string::npos || argument.size() > max_bytes) {
    problems.error(whole, "a --set argument is one line of at most ", max_bytes, " bytes");
    return patch;
  }
  const std::size_t before = problems.count();
  auto value = parse_value(sources, source, equals + 1, problems);
  if (!value) {
    if (problems.count() == before) problems.error(whole, "a value is missing after '=': write null to remove the key");
    return patch;
  }
  const std::string key(trim(argument.substr(0, equals)));
  Node plain = make_mapping(whole);
  plain.entries.push_back({key, {source, 1, 1, static_cast<int>(width(key)), -1}, std::move(*value)});
  return normalised(std::move(plain), true, schema, problems);
}

namespace {
void lay(Node& base, const Node& patch, bool keep_nulls, const Schema& schema, const std::string& path) {
  if (path.empty()) {
    const Entry* optimizer = patch.find("optimizer");
    if (Entry* lower_one = base.find("optimizer"); lower_one && patch.find("lr")) lower_one->value.erase("lr");
    if (optimizer && optimizer->value.find("lr")) base.erase("lr");
  }
  keep_nulls = keep_nulls || path.starts_with("variants.");
  const auto value = [&](const Entry& entry) { return keep_nulls ? entry.value : without_nulls(entry.value, below(path, entry.key)); };
  for (const Entry& entry : patch.entries) {
    Entry* found = base.find(entry.key);
    const std::string child = below(path, entry.key);
    if (entry.value.is_null() && !keep_nulls) {
      base.erase(entry.key);
    } else if (!found) {
      base.entries.push_back({entry.key, entry.at, value(entry)});
    } else if (replaces(found->value, entry.value, schema, child)) {
      *found = {entry.key, entry.at, value(entry)};
    } else {
      lay(found->value, entry.value, keep_nulls, schema, child);
    }
  }
}
}  // namespace

void merge(Node& base, const Node& patch, const Schema& schema) { lay(base, patch, false, schema, ""); }
void overlay(Node& patch, const Node& over, const Schema& schema) { lay(patch, over, true, schema, ""); }

void stamp(Node& node, int label) {
  node.at.patch = label;
  for (Node& item : node.items) stamp(item, label);
  for (Entry& entry : node.entries) {
    entry.at.patch = label;
    stamp(entry.value, label);
  }
}

const Entry* find_key(const Node& patch, const std::string& dotted, const Schema& schema) {
  const auto find = [&](const std::string& key) {
    const Node* node = &patch;
    const Entry* entry = nullptr;
    for (const std::string& part : segments(key, schema)) {
      entry = node->find(part);
      if (!entry) return entry;
      node = &entry->value;
    }
    return entry;
  };
  if (const Entry* entry = find(dotted)) return entry;
  for (const Key& key : schema.keys())
    if (!key.alias.empty() && (key.path == dotted || key.alias == dotted)) return find(key.path == dotted ? key.alias : key.path);
  return nullptr;
}

Node load_layers(const std::filesystem::path& file, const std::optional<std::string>& text, const Schema& schema, Sources& sources, Problems& problems) {
  std::error_code ignored;
  Loader loader{schema, sources, problems, {std::filesystem::weakly_canonical(file, ignored)}};
  const Node layer = loader.load(file, text ? *text : read_file(file, max_bytes));
  Node root = make_mapping(layer.at);
  merge(root, layer, schema);
  return root;
}

}  // namespace lehr::spec
