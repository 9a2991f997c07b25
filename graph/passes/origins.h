#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace lehr {

// What the name of a stored tensor, and what the file says of it, tell about where it came from.

// Names exporters make up for constants that are no tensor of the source: "val_12", "/1/Constant_2_output_0".
bool made_up(const std::string& name);
// A name the source may have given; what exporters make up has a path, a colon or a number for it.
bool of_source(const Value& value);
// A single number under a name the source gave: "scale", "block.alpha". Of rank 0 only where the name is a path of modules.
bool learned_name(const std::string& name, bool rank_0);
// What modules call a learned number on a branch; of rank 0 a bare name says no more.
bool gate_name(const std::string& name);
// Made by the exporter of numbers of the formula alone, or of tensors of modules too.
bool folded_from_nothing(const Origin& origin);
bool folded_from_module(const Origin& origin);
// The tensors of modules the exporter computed this one from, where it did more than move or turn one: a product with a mask, a norm. Else empty.
std::vector<std::string> computed_from(const Value& value);

// Two stored tensors of the same numbers, the second as it is or turned: an exporter took a tensor with two uses apart.
struct Twins {
  ValueId first = no_value, second = no_value;
  bool turned = false;
};
// Among these, tensors of one number or of equal numbers left out; each tensor is named once as a second.
std::vector<Twins> twins(const Graph& graph, const std::vector<ValueId>& among);

}  // namespace lehr
