#pragma once
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace lehr::spec {

struct Experiment;

// What this folder does not know: the names a file may use for parts, made by the caller from its tables, and a look into the data.
struct Vocabulary {
  struct Hyper {
    std::string name;
    double fallback = 0;
    bool required = false;
    double low = 0, high = std::numeric_limits<double>::infinity();  // both inclusive
    std::string doc;
    std::string by_option = {};  // the fallback where it depends on an option, "1e-07, with form: torch 1e-08"; "" = it does not
  };
  struct Optimizer {
    std::string doc;
    std::map<std::string, std::vector<std::string>> options;  // name -> allowed values, the first is the default
    std::vector<Hyper> hypers;
    std::map<std::string, std::string> option_docs = {};
    struct Number { double low, high; std::string fallback; bool whole; };
    std::map<std::string, Number> numbers = {};  // options that take any number of a range
  };
  struct Loss {
    std::string doc;
    std::vector<std::string> options;  // of class_weights, ignore_index, label_smoothing, delta
  };
  struct Initializer {
    std::string doc;
    int least = 0, most = 0;  // numbers in brackets: normal(0.05)
  };
  std::map<std::string, Optimizer> optimizers;
  std::map<std::string, Optimizer> averages;  // hypers are constants; those called start, every or overwrite_every are lengths
  std::map<std::string, std::string> metrics;  // name -> doc; a name that ends in "_k" stands for any positive k: top_5
  std::vector<std::string> deciding;           // those that a decision threshold between two classes moves
  std::map<std::string, Loss> losses;
  std::map<std::string, Initializer> initializers;
  std::function<std::vector<std::string>(const Experiment&)> fold_values;  // the values of folds.column
};

}  // namespace lehr::spec
