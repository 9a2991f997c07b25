#pragma once
#include <filesystem>
#include <string>

#include "experiments/spec/schema.h"
#include "experiments/spec/sources.h"

namespace lehr::spec {

// An experiment is a stack of layers: defaults < extends < file < variant < sweep < --set.

// The file with what it extends under it, short forms written out; `text`: in place of what the file holds. Error where the file itself cannot be read.
Node load_layers(const std::filesystem::path& file, const std::optional<std::string>& text, const Schema& schema, Sources& sources, Problems& problems);

// A mapping from a file, a variant or a sweep as the schema knows it: dotted keys nested (where allowed), short forms written out.
Node normalised(Node patch, bool dotted, const Schema& schema, Problems& problems);
// "a.b=c" as a patch.
Node argument_patch(const std::string& argument, const Schema& schema, Sources& sources, Problems& problems);

// patch laid over base: mappings merge, a mapping whose type changes is replaced, null removes, everything else replaces.
void merge(Node& base, const Node& patch, const Schema& schema);
// The same, but the result is a patch itself: null is kept, to remove from what the patch is laid over.
void overlay(Node& patch, const Node& over, const Schema& schema);
// Marks every node as brought by a variant or a sweep.
void stamp(Node& node, int label);
// Where a normalised patch sets a dotted key, under its own name or the one it is short for; null where it does not.
const Entry* find_key(const Node& patch, const std::string& dotted, const Schema& schema);

}  // namespace lehr::spec
