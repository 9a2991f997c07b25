// A run that is killed, stopped or denied its disk goes on as if nothing had been.
#include <cstdlib>
#include <numeric>

#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "experiments/store/run_folder.h"
#include "tests/cli/program.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::experiment;
using test::Workplace;
namespace fs = std::filesystem;

namespace {
// How many random moments: LEHR_KILLS, 20 without.
int moments() {
  const char* text = std::getenv("LEHR_KILLS");
  return text ? std::atoi(text) : 20;
}

// Some states, several trials, an average, a plateau: everything a state holds.
std::string study(const std::string& epochs = "60", const std::string& every = "7 steps") {
  std::string text = experiment("epochs: 2", "epochs: " + epochs);
  text.replace(text.find("lr: 0.1\n"), 8, "lr: {type: plateau, initial: 0.1, factor: 0.5, on: val_loss, patience: 3 epochs}\naverage: {type: ema, decay: 0.9}\n");
  return text + "checkpoint: {every: " + every + "}\nvariants: {plain: {}, adam: {optimizer: {type: adam}}}\n";
}
std::string faulty(const std::string& fault) { return cat("export LD_PRELOAD='", LEHR_FAULTY_FILES, "' LEHR_FAULT=", fault, ";"); }

std::map<std::string, std::string> results(const Workplace& place, const std::string& run) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(place.path(run))) {
    const std::string name = fs::relative(entry.path(), place.path(run)).string();
    if (entry.is_regular_file() && !name.starts_with("run."))  // a lock that could not be removed holds nobody up
      out[name] = read_file(entry.path());
  }
  return out;
}
// study.yaml and what its unbroken run leaves; how many calls that change a file it makes.
struct Unbroken {
  std::map<std::string, std::string> files;
  long calls = 0;
  Unbroken(const Workplace& place, const std::string& yaml, const std::string& options = "") {
    place.write("study.yaml", yaml);
    REQUIRE(place.lehr("run study.yaml --quiet --out whole" + options, faulty("count:calls")).code == 0);
    files = results(place, "whole");
    calls = std::atol(place.read("calls").c_str());
  }
};
// What it takes to bring a run to its end: run again where not even a plan was stored.
void bring_to_an_end(const Workplace& place, const std::string& run) {
  const auto first = place.lehr("resume " + run + " --quiet");
  if (first.code == 0) return;
  const auto ran = place.lehr("run study.yaml --quiet --out " + run);
  INFO(first.both() << ran.both());
  REQUIRE(ran.code == 0);
}
}  // namespace

TEST_CASE("a run killed at any moment and resumed is the unbroken one, byte for byte", "[cli][resume][kill]") {
  const Workplace place;
  const auto [whole, calls] = Unbroken(place, study());
  CHECK(whole.size() >= 8);
  CHECK(calls > 30);
  Random random(static_cast<std::uint64_t>(moments()), Stream::data);
  for (int i = 0; i < moments(); ++i) {
    const long at = 1 + static_cast<long>(random.below(static_cast<std::uint64_t>(calls)));
    INFO("killed in call " << at << " of " << calls << " that change a file");
    fs::remove_all(place.path("broken"));
    const auto killed = place.lehr("run study.yaml --quiet --out broken", faulty(cat("kill:", at)));
    CHECK((killed.code == 137 || killed.code == 0));
    if (killed.code == 0) continue;  // the calls of two threads fall differently: this run had fewer
    bring_to_an_end(place, "broken");
    CHECK(results(place, "broken") == whole);
  }
}

// After its first second a run writes a log beside the store; a flipped bit ends the log there, and what stands is an older state.
TEST_CASE("folds, searches and halving that are killed or stopped come to the end they would have had", "[cli][resume][kill]") {
  const std::string folds = "folds: {k: 3, stratify: true}\n", ranges = "sweep: {lr_scale: {log_uniform: [0.01, 10]}, optimizer.momentum: [0.5, 0.9]}\n";
  const std::string halving = "search: {method: halving, trials: 9, from: 2 epochs}\n";
  const auto text = [](const std::string& more, const std::string& epochs, const std::string& split = "33%, take: tail") {
    std::string yaml = experiment("epochs: 2", "epochs: " + epochs) + "checkpoint: {every: 7 steps}\n" + more;
    return yaml.replace(yaml.find("33%, take: tail"), 15, split);
  };
  const struct {
    const char* what;
    std::string yaml;
  } rows[] = {{"folds with a split of their own and halving", text(folds + ranges + halving + "early_stop: {on: val_loss, patience: 3 epochs}\n", "12")},
              {"repeated folds", text("folds: {k: 3, repeat: 2}\n", "6")},
              {"halving over several seeds", text(ranges + halving, "13", "20%, test: 20%")}};
  for (const auto& row : rows) {
    const Workplace place;
    const auto [whole, calls] = Unbroken(place, row.yaml);
    Random random(17, Stream::data);
    for (int i = 0; i < std::max(6, moments() / 3); ++i) {
      const long at = 1 + static_cast<long>(random.below(static_cast<std::uint64_t>(calls)));
      const bool kill = i % 3 != 2;
      INFO(row.what << (kill ? ", killed" : ", stopped") << " in call " << at << " of " << calls << " that change a file");
      fs::remove_all(place.path("broken"));
      const auto ran = place.lehr("run study.yaml --quiet --out broken", faulty(cat(kill ? "kill:" : "term:", at)));
      CHECK((ran.code == 137 || ran.code == 0 || ran.code == 143));
      if (ran.code == 0) continue;
      bring_to_an_end(place, "broken");
      CHECK(results(place, "broken") == whole);
    }
  }
}

TEST_CASE("a run killed with its log open is resumed, the log damaged or not", "[cli][resume][kill][wal]") {
  const Workplace place;
  const auto [whole, calls] = Unbroken(place, study("12000", "2000 steps"), " --jobs 1");
  Random random(3, Stream::data);
  int logs = 0;
  for (int i = 0; i < std::max(3, moments() / 6); ++i) {
    fs::remove_all(place.path("broken"));
    const long at = calls / 3 + static_cast<long>(random.below(static_cast<std::uint64_t>(calls / 3)));
    INFO("killed in call " << at << " of " << calls);
    if (place.lehr("run study.yaml --quiet --jobs 1 --out broken", faulty(cat("kill:", at))).code == 0) continue;
    if (place.exists("broken/run.db-wal") && i % 3 != 0) {
      std::string log = place.read("broken/run.db-wal");
      if (log.empty()) continue;
      ++logs;
      if (i % 3 == 1) log[random.below(log.size())] ^= static_cast<char>(1 << random.below(8));
      else log.resize(random.below(log.size()));
      place.write("broken/run.db-wal", log);
      // Where pages behind the damage had been copied into the store already, the two do not fit together any more: refused.
      const auto ran = place.lehr("resume broken --quiet");
      INFO(ran.both());
      CHECK((ran.code == 0 || (ran.code == 1 && ran.err.find("store") != std::string::npos)));
      if (ran.code != 0) continue;
      CHECK(results(place, "broken") == whole);
      continue;
    }
    bring_to_an_end(place, "broken");
    CHECK(results(place, "broken") == whole);
  }
  CHECK(logs > 0);
}

TEST_CASE("a run that is asked to stop at any moment saves where it stands, and resumed is the unbroken one", "[cli][resume][signal]") {
  const Workplace place;
  const auto [whole, calls] = Unbroken(place, study());
  Random random(static_cast<std::uint64_t>(moments()), Stream::init);
  int stopped = 0;
  for (int i = 0; i < moments(); ++i) {
    const bool terminate = i % 2 == 0;
    const long at = 1 + static_cast<long>(random.below(static_cast<std::uint64_t>(calls)));
    INFO((terminate ? "SIGTERM" : "SIGINT") << " in call " << at << " of " << calls);
    fs::remove_all(place.path("broken"));
    const auto ran = place.lehr("run study.yaml --quiet --jobs 1 --out broken", faulty(cat(terminate ? "term:" : "int:", at)));
    INFO(ran.both());
    CHECK((ran.code == (terminate ? 143 : 130) || ran.code == 0));
    if (ran.code == 0) continue;
    ++stopped;
    if (ran.err.find("lehr resume") != std::string::npos) CHECK_FALSE(place.exists("broken/run.db-wal"));
    bring_to_an_end(place, "broken");
    CHECK(results(place, "broken") == whole);
  }
  CHECK(stopped > 0);
}

TEST_CASE("a disk that fails or fills leaves what was stored, says so, and the run goes on later", "[cli][resume][disk]") {
  const Workplace place;
  const auto [whole, calls] = Unbroken(place, study());
  const long stride = std::max<long>(1, calls / (moments() / 2 + 1));
  for (const char* kind : {"eio", "enospc-once"})
    for (long at = 1; at <= calls; at += stride) {
      INFO(kind << " in call " << at << " of " << calls);
      fs::remove_all(place.path("broken"));
      const auto ran = place.lehr("run study.yaml --quiet --out broken", faulty(cat(kind, ":", at)));
      INFO(ran.both());
      CHECK((ran.code == 0 || ran.code == 1 || ran.code == 5));
      if (ran.code != 0) CHECK(ran.err.size() > 20);
      if (ran.code == 0) {
        CHECK(results(place, "broken") == whole);
        continue;
      }
      bring_to_an_end(place, "broken");
      CHECK(results(place, "broken") == whole);
    }
  for (const char* kind : {"short:3", "eintr:3"}) {
    INFO(kind);
    fs::remove_all(place.path("broken"));
    const auto ran = place.lehr("run study.yaml --quiet --out broken", faulty(kind));
    INFO(ran.both());
    CHECK(ran.code == 0);
    CHECK(results(place, "broken") == whole);
  }
}

TEST_CASE("a file system that is full says so, and gives the rest where it has grown", "[cli][resume][disk]") {
  const Workplace place;
  const auto [whole, calls] = Unbroken(place, study("400"));
  struct Small {  // a file system of its own, where the tests may mount one
    fs::path at;
    bool there;
    explicit Small(fs::path folder) : at(std::move(folder)) {
      fs::create_directories(at);
      there = std::system(cat("mount -t tmpfs -o size=64k none '", at.string(), "' 2>/dev/null").c_str()) == 0;
    }
    ~Small() {
      if (there) there = std::system(cat("umount -l '", at.string(), "'").c_str()) != 0;
    }
    void grow(int kib) const { REQUIRE(std::system(cat("mount -o remount,size=", kib, "k '", at.string(), "'").c_str()) == 0); }
  };
  const Small small(place.path("small"));
  if (!small.there) SUCCEED("no file system can be mounted here");
  for (const int kib : {64, 128, 200, 300, 500}) {
    if (!small.there) break;
    INFO(kib << " KiB");
    small.grow(kib);
    fs::remove_all(place.path("small/run"));
    const auto ran = place.lehr("run study.yaml --quiet --out small/run");
    INFO(ran.both());
    if (ran.code != 0) {
      CHECK((ran.code == 1 || ran.code == 5));
      CHECK((ran.both().find("No space left on device") != std::string::npos || ran.both().find("no space is left") != std::string::npos));
      small.grow(20'000);
      bring_to_an_end(place, "small/run");
    }
    CHECK(results(place, "small/run") == whole);
    fs::remove_all(place.path("small/run"));
  }
}

TEST_CASE("a folder has one run at a time", "[cli][resume][lock]") {
  const Workplace place;
  place.write("study.yaml", experiment("epochs: 2", "epochs: 200"));
  for (int i = 0; i < moments(); ++i) {
    fs::remove_all(place.path("both"));
    const auto ran = place.lehr("run study.yaml --quiet --out both >a 2>&1 & p=$!; " + std::string("'") + LEHR_BINARY + "' run study.yaml --quiet --out both >b 2>&1; q=$?; wait $p; echo $? $q");
    INFO(ran.both() << place.read("a") << place.read("b"));
    CHECK((trim(ran.out) == "0 2" || trim(ran.out) == "2 0"));
  }
}

TEST_CASE("a damaged store is refused, or gives what it gave", "[cli][resume][damage]") {
  const Workplace place;
  place.write("study.yaml", experiment());
  REQUIRE(place.lehr("run study.yaml --quiet --out run").code == 0);
  const fs::path file = place.path("run/run.db");
  const std::string good = read_file(file);
  std::string rows;
  const auto read = [&] {
    std::string out;
    const store::Store s = store::read_run(place.path("run"));
    std::vector<std::size_t> all(s.trials().size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    s.metrics(all, [&](std::string_view piece) { out += piece; });
    for (const auto& trial : s.trials()) out += cat(trial.name, trial.status, trial.config, trial.hash);
    for (std::size_t i = 0; i < s.trials().size(); ++i)
      if (const auto saved = s.saved(i)) out += fingerprint(saved->state + saved->best);
    for (const auto& [key, value] : s.settings()) out += key + value;
    return out;
  };
  rows = read();
  int refused = 0, same = 0;
  const auto tried = [&](const std::string& bytes) {
    write_file_lazily(file, bytes);
    try {
      const std::string now = read();
      CHECK(now == rows);
      ++same;
    } catch (const Error&) {
      ++refused;
    }
  };
  Random random(11, Stream::data);
  for (int i = 0; i < 40 * moments(); ++i) {
    std::string bytes = good;
    const std::size_t at = i % 4 == 0 ? random.below(4096) : random.below(bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
    tried(bytes);
  }
  for (int i = 0; i < 2 * moments(); ++i) tried(good.substr(0, random.below(good.size())));
  CHECK(refused > 10 * moments());
  CHECK(same > 0);
}
