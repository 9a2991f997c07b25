#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "experiments/spec/layers.h"
#include "experiments/spec/reader.h"

namespace lehr::spec {

// A file with all its layers, read and checked, before trials are made. The constructor throws every problem as one Error.
class StudyReader {
 public:
  // A variant at a point of the sweep: what trials that differ in their seed share.
  struct Case {
    std::string variant;  // "" for a file without variants
    Axis::Level point;    // the values of `swept`
    Reading reading;
    std::string folder() const { return cat(variant, variant.empty() || point.name.empty() ? "" : "/", point.name); }
  };
  // Numbers that a search draws from.
  struct Range {
    enum class Kind { uniform, logarithmic, whole } kind = Kind::uniform;
    double low = 0, high = 0;
  };
  StudyReader(std::filesystem::path file, const Vocabulary& vocabulary, const Overrides& overrides);

  std::vector<Case> cases;  // those selected, variant-major
  std::vector<std::string> swept;
  std::optional<SearchSpec> search;
  std::vector<std::uint64_t> seeds;
  bool vary_split = false;
  std::optional<Axis> folds;
  std::optional<std::size_t> only_fold;  // the one level of it that is trained
  std::string against;  // "" for a file without variants
  std::string select;
  At seeds_at, vary_at, against_at, select_at;

  const Sources& sources() const { return *sources_; }
  std::vector<std::string> warnings() const { return problems_.warnings(); }
  const std::string& text() const { return sources_->at(0).text; }
  std::vector<std::string> variants() const;  // of the cases

 private:
  struct Variant {
    std::string name;
    Node patch = make_mapping();
  };
  struct Setting {
    Node patch = make_mapping();
    std::vector<std::string> texts;  // one of each key
  };
  // What changes by itself: a key, or several together.
  struct Dimension {
    std::vector<std::string> keys;
    std::vector<Setting> settings;
    std::optional<Range> range;  // in place of settings
    Entry entry;                 // of a range
  };
  struct Point {
    std::vector<Node> patches;
    Axis::Level level;
  };

  void apply_arguments();
  Node take(const char* key);
  void read_variants();
  Node patch_of(const Entry& entry);
  void read_sweep();
  void read_search();
  bool swept_once(const Entry& entry);
  Setting setting(const Entry& entry, const Node& value);
  std::vector<Setting> read_values(const Entry& entry, const Node& list);
  void read_dimension(const Entry& entry);
  void read_zip(const Node& node);
  static std::optional<Range::Kind> range_kind(std::string_view name);
  std::optional<Range> read_range(const std::string& name, Range::Kind kind, const Node& node);
  void extend(Point& point, const Dimension& dimension, const Setting& setting, std::size_t position);
  std::vector<Point> grid();
  std::vector<Point> sampled();
  Setting drawn(const Dimension& dimension, Random& random);
  void read_cases();
  void warn_of_variants();
  Case read(const Variant& variant, const Point& point);
  void report_missing();
  void read_repeat();
  void read_seeds(const Node& node, std::int64_t& count);
  void read_compare();
  void check_name();
  void check_select();
  void choose();
  std::string without_fold(const std::string& wanted);
  void read_folds();
  void limit();
  static constexpr std::size_t max_trials = 10'000;

  std::filesystem::path file_;
  Schema schema_;
  const Overrides& overrides_;
  std::shared_ptr<Sources> sources_;
  Problems problems_;
  Node root_, arguments_ = make_mapping();
  std::vector<Variant> variants_;
  std::vector<Dimension> dimensions_;
  At sweep_at_, search_at_;
};

// May this character stand in the name of an experiment, a variant or a trial?
bool in_file_name(char c);
// "lr_scale=0.3"; what would be no good name for a folder is numbered: "lr=value-2".
std::string folder_of(std::string key, const std::string& value, std::size_t position);

}  // namespace lehr::spec
