#pragma once
#include <optional>
#include <string>
#include <vector>

#include "experiments/run/trials.h"

namespace lehr::run {

// A key that a stored run has otherwise than the experiment has it now.
struct Change {
  enum class Kind { free, asks, refused } kind = Kind::refused;
  std::string key, stored, now;
};

// How a run goes on that was stored with other settings.
struct Resumption {
  std::vector<std::string> set;  // keys that --set gives on purpose
  enum class Schedule { unsaid, keep, rescale } schedule = Schedule::unsaid;
  bool force = false;
};

// Compares the study with what the folder holds. Names and places may differ freely; epochs and hyperparameters where they are set on purpose, epochs also say
// whether schedules keep their length or are stretched; model, data, split, batch and all else only with `force`; metrics never, since the store has a column
// for each. Error (Exit::usage) with a table of three columns. Fills the options of the run. Returns what is other now than where
// the run began, "epochs 2 -> 4"; "": nothing that matters.
std::string check_resume(const PreparedStudy& prepared, const store::RunFolder::Stored& stored, const Resumption& how, RunOptions& options);

// "resume: 12 of 40 trials have ended, 3 go on (behind epochs 7 to 23), 25 begin".
// longer: those that were done go on, too.
std::string going_on(const PreparedStudy& prepared, const store::RunFolder::Stored& stored, bool longer);

// RunOptions::schedule_epochs as the run had it last. Error (Exit::failed) where the store says what cannot be.
std::int64_t stored_schedule_epochs(const std::map<std::string, std::string>& settings);

// The threads a trial of the run had; 0 where the store does not say so. Error (Exit::failed) where it says what cannot be.
int stored_threads(const std::map<std::string, std::string>& settings);

// The experiment of a stored run, with the arguments it was given.
struct StoredStudy {
  std::filesystem::path file;
  spec::Overrides overrides;
};
StoredStudy stored_study(const std::map<std::string, std::string>& settings);
// The same as settings of a store.
std::map<std::string, std::string> study_settings(const std::filesystem::path& file, const spec::Overrides& overrides);

}  // namespace lehr::run
