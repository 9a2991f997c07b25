#pragma once
#include <memory>
#include <string>
#include <vector>

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
  StudyReader(std::filesystem::path file, const Vocabulary& vocabulary, const Overrides& overrides);

  std::vector<Case> cases;  // those selected, variant-major
  std::vector<std::string> swept;
  std::vector<std::uint64_t> seeds;
  bool vary_split = false;
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
  struct Axis {
    struct Setting {
      Node patch;
      std::string text;
    };
    std::string key;
    std::vector<Setting> settings;
  };

  void apply_arguments();
  Node take(const char* key);
  void read_variants();
  Node patch_of(const Entry& entry);
  void read_sweep();
  void read_axis(const Entry& entry);
  void read_cases();
  void warn_of_variants();
  Case read(const Variant& variant, const std::vector<std::size_t>& point);
  void report_missing();
  void read_repeat();
  void read_seeds(const Node& node, std::int64_t& count);
  void read_compare();
  void check_name();
  void check_select();
  void choose();
  void limit();
  static constexpr std::size_t max_trials = 10'000;

  std::filesystem::path file_;
  Schema schema_;
  const Overrides& overrides_;
  std::shared_ptr<Sources> sources_;
  Problems problems_;
  Node root_, arguments_ = make_mapping();
  std::vector<Variant> variants_;
  std::vector<Axis> axes_;
  At sweep_at_;
};

// May this character stand in the name of an experiment, a variant or a trial?
bool in_file_name(char c);

}  // namespace lehr::spec
