#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace lehr {

// One way in which the trials of a study differ.
struct Axis {
  // What its levels are to each other.
  enum class Role {
    variant,  // compared
    point,    // chosen among
    fold,     // repeats on other rows of the same table
    seed,     // repeats
  };
  struct Level {
    std::vector<std::string> values;  // one of each key, as text
    std::string name;                 // its part of a trial's name; "": it has none
  };
  Role role = Role::variant;
  std::vector<std::string> keys;  // columns of a table: {"lr", "batch.size"} of a point, {"seed"}
  std::vector<Level> levels;
  bool splits = false;  // each level has a split of its own
  bool chooses = splits;  // and rows for choosing that no other level's choice may see: it chooses a point for itself
};

// The level of a trial on each axis.
using Levels = std::vector<std::uint32_t>;

// All axes of a study, the outermost first; of each role there is at most one. Trials are in the order of their levels.
class Axes {
 public:
  std::vector<Axis> all;

  const Axis* find(Axis::Role role) const;  // null: the study has none
  std::size_t count(Axis::Role role) const;  // levels; 1 without such an axis
  // The trial's level; null without such an axis.
  const Axis::Level* level(const Levels& levels, Axis::Role role) const;

  // Names of variants in order; {""} where there are none.
  std::vector<std::string> variants() const;
  std::string variant(const Levels& levels) const;
  // The keys of a point, and its values; empty without points.
  const std::vector<std::string>& swept() const;
  const std::vector<std::string>& point(const Levels& levels) const;

  // "time/lr_scale=0.3/fold-2/seed-07"
  std::string name(const Levels& levels) const;
  // Do repeats have splits of their own?
  bool split_varies() const;
  // The levels of variant and point: trials that agree in them are repeats of each other.
  Levels cell(const Levels& levels) const;
  // Of a repeat (its levels of fold and seed), those that have a split of their own: repeats that agree in them share rows and count as one sample; all
  // levels where no axis splits.
  Levels sample(const Levels& levels) const;
  // Repeats that agree in these choose a point together: all do where no axis splits, since they see the same validation rows then.
  Levels chooser(const Levels& levels) const;
  // What a sample is called: "fold", "split", "seed".
  std::string sample_word() const;
  // Which split a trial has, among several: "fold 2", "seed 7".
  std::string split_of(const Levels& levels) const;
};

}  // namespace lehr
