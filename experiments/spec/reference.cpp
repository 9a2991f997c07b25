#include <algorithm>

#include "experiments/spec/explain.h"

namespace lehr::spec {

namespace {
constexpr const char* introduction = R"(# The experiment file

This page is made from the table that reads the file (`markdown_reference` in `experiments/spec`); a test keeps it current.
`lehr explain NAME` prints one entry, of a key or of any name below (an optimizer, a metric, a schedule, an initializer), `lehr schema` the same table as
JSON Schema for editors.

## In an editor

`lehr schema > lehr.schema.json` writes the schema (draft 7) once; an editor with the YAML language server (VS Code's YAML extension, Neovim's yamlls, Emacs'
lsp-mode, Helix, Kate) then completes keys, shows what they mean and marks what the reader would refuse. A first line says which schema a file follows, relative
to the file:

```yaml
# yaml-language-server: $schema=lehr.schema.json
model: mlp.onnx
```

or the editor's settings say it for all files of a name; in VS Code: `"yaml.schemas": {"lehr.schema.json": ["experiments/*.yaml"]}`. What depends on the data, the
model, other files (`extends`) or the run's clock only `lehr validate` can tell.

## Rules

- One YAML 1.2 document in UTF-8, at most 1 MB. Unknown and duplicate keys, keys without a value, tabs, anchors, aliases, tags and numbers in
  quotes are errors with line, column and the nearest known key; all errors of a file come at once, up to 20.
- Values are typed by the key: `1e-4` is a number, `1e3` a whole number, `010` is refused; booleans are `true` and `false`.
- A length of training has a unit: `5 epochs`, `300 steps`, `10%` of the run, `50k samples`.
- Every hyperparameter is a schedule: a number, a formula, a `{type: …}` mapping, or a list of phases. Formulas know `step` (from 0: the update
  about to run), `epoch` (from 0), `t` (epoch with its fraction), `progress` (0 to 1), `steps`, `epochs`, `pi` and the usual functions.
- Layers, each over the one before: defaults, the file named by `extends`, the file, the variant, the sweep, `--set key=value`. Mappings merge; one
  whose `type` changes is replaced; `null` removes; lists are replaced. In variants, sweeps and `--set` a dotted key reaches inside:
  `optimizer.momentum: 0`.
- Trials are variants x combinations of the sweep x seeds. How variants are compared and the best combination is chosen: [comparisons.md](comparisons.md).
- File names are relative to the file that states them.
- An error ends the program with 2 where the experiment, or an argument, says what cannot be: an unknown key, a wrong value, a name or a kind that the model or
  the data do not have. It ends with 3 where each is right by itself and data and model do not fit: rows, cells, classes, widths, scores. 1: something
  failed on the way (a file that cannot be written); 4: the training diverged; 5: some of several trials did not finish; 130: interrupted.

## Keys
)";

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}
std::string code(const std::string& text) { return text.empty() ? "" : "`" + cell(text) + "`"; }

std::string meaning(const Key& key) {
  std::string out = key.doc;
  if (!key.alias.empty()) out += cat(" The same as `", key.alias, "`.");
  if (key.type == Type::choice && key.values.size() <= 8) {
    for (std::size_t i = 0; i < key.values.size(); ++i)
      out += cat(i == 0 ? " " : "; ", code(key.values[i]), i < key.docs.size() && !key.docs[i].empty() ? cat(": ", key.docs[i]) : "");
    if (!key.values.empty()) out += ".";
  }
  if (!key.example.empty()) out += cat(" Example: `", key.example, "`.");
  return cell(out);
}

std::string fallback(const Key& key) {
  if (key.required) return cat("**required**", key.instead.empty() ? "" : cat(", or `", key.instead, "`"));
  return key.fallback.empty() ? cell(key.absent) : code(key.fallback);
}

std::string keys_table(const Schema& schema) {
  std::string out = "| key | value | default | meaning |\n|---|---|---|---|\n";
  std::string planned;
  for (const Key& key : schema.keys()) {
    if (key.parent() == "optimizer" && !key.of.empty()) continue;
    if (!key.planned.empty()) {
      planned += cat(planned.empty() ? "" : ", ", "`", key.path, "`");
      continue;
    }
    const std::string range = key.range().empty() ? "" : " " + key.range();
    out += cat("| ", code(key.path), key.of.empty() ? "" : cat(" (", join(key.of, ", "), ")"), " | ", cell(kind_of(key) + range), " | ", fallback(key), " | ",
               meaning(key), " |\n");
  }
  return out + cat("\nKnown, but not supported yet: ", planned, ".\n");
}

std::string optimizers(const Vocabulary& vocabulary) {
  std::string out = "\n## Optimizers\n";
  for (const auto& [name, optimizer] : vocabulary.optimizers) {
    out += cat("\n### ", name, "\n\n", optimizer.doc, "\n\n| key | default | range | meaning |\n|---|---|---|---|\n");
    for (const auto& hyper : optimizer.hypers) {
      Key range;
      range.low = hyper.low, range.high = hyper.high;
      out += cat("| ", code(hyper.name), " | ", hyper.required ? "**required**" : code(number(hyper.fallback)), " | ", range.range(), " | ", cell(hyper.doc),
                 " |\n");
    }
    for (const auto& [option, values] : optimizer.options)
      out += cat("| ", code(option), " | ", code(values.empty() ? "" : values.front()), " | ", cell(join(values, ", ")), " | an option |\n");
    for (const auto& [option, n] : optimizer.numbers) {
      Key range;
      range.low = n.low, range.high = n.high;
      out += cat("| ", code(option), " | ", cell(n.fallback), " | ", range.range(), " | an option: ", cell(optimizer.option_docs.at(option)), " |\n");
    }
  }
  return out;
}

template <class Map, class Doc>
std::string names(const char* title, const Map& rows, Doc doc) {
  std::string out = cat("\n## ", title, "\n\n| name | meaning |\n|---|---|\n");
  for (const auto& [name, row] : rows) out += cat("| ", code(name), " | ", cell(doc(row)), " |\n");
  return out;
}

// Lehr's own types; those of other libraries carry a dot.
std::string schedules() {
  std::string out =
      "\n## Schedules\n\nThe types with their keys, and the types that carry other libraries' names (`keras.`, `torch.`, …), are in "
      "[schedules.md](schedules.md).\n\n| type | value |\n|---|---|\n";
  for (const auto& type : schedule_types())
    if (type.name.find('.') == std::string::npos) out += cat("| ", code(type.name), " | ", cell(type.formula), " |\n");
  return out;
}
}  // namespace

std::string markdown_reference(const Vocabulary& vocabulary) {
  const Schema schema(vocabulary);
  return introduction + ("\n" + keys_table(schema)) + optimizers(vocabulary) +
         names("Losses", vocabulary.losses, [](const Vocabulary::Loss& loss) { return loss.doc; }) +
         names("Metrics", vocabulary.metrics, [](const std::string& doc) { return doc; }) +
         names("Initializers", vocabulary.initializers, [](const Vocabulary::Initializer& row) { return row.doc; }) + schedules();
}

}  // namespace lehr::spec
