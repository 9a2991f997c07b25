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
  struct Variant {
    std::string name;  // "" for a file without variants
    Node patch = make_mapping();
    Reading reading;
  };
  StudyReader(std::filesystem::path file, const Vocabulary& vocabulary, const Overrides& overrides);

  std::vector<Variant> variants;  // those selected
  std::vector<std::uint64_t> seeds;
  bool vary_split = false;
  std::string against;  // "" for a file without variants
  At seeds_at, vary_at, against_at;

  const Sources& sources() const { return *sources_; }
  std::vector<std::string> warnings() const { return problems_.warnings(); }
  const std::string& text() const { return sources_->at(0).text; }

 private:
  void apply_arguments();
  Node take(const char* key);
  void read_variants();
  Node patch_of(const Entry& entry);
  void read(Variant& variant);
  void report_missing();
  void read_repeat();
  void read_seeds(const Node& node, std::int64_t& count);
  void read_compare();
  void select();
  void limit();

  std::filesystem::path file_;
  Schema schema_;
  const Overrides& overrides_;
  std::shared_ptr<Sources> sources_;
  Problems problems_;
  Node root_, arguments_ = make_mapping();
};

}  // namespace lehr::spec
