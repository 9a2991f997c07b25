#include "experiments/run/resume.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "experiments/spec/experiment.h"

namespace lehr::run {

namespace {
bool below(const std::string& key, std::string_view section) {
  return key == section || (key.starts_with(section) && key.size() > section.size() && key[section.size()] == '.');
}

Change::Kind kind_of(const std::string& key) {
  for (const char* free : {"name", "threads", "checkpoint", "keep", "compare", "time_limit", "expect"})
    if (below(key, free)) return Change::Kind::free;
  for (const char* asks : {"epochs", "lr", "lr_scale", "clip", "dropout", "loss.weight", "evaluate_every", "folds.repeat"})
    if (below(key, asks)) return Change::Kind::asks;
  // Hyperparameters, not what decides which numbers an optimizer keeps.
  if (below(key, "optimizer") && key != "optimizer.type" && key != "optimizer.form") return Change::Kind::asks;
  return Change::Kind::refused;
}

constexpr std::int64_t most_epochs = 1'000'000'000;  // as `epochs` allows

// A number that the store tells: a file like any other, which may hold anything.
std::int64_t whole_number(const std::string& key, const std::string& text, std::int64_t most) {
  std::int64_t out = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out < 0 || out > most)
    throw Error("the store of the run says that its ", key, " are ", quote(text), ", which is no number from 0 to ", most).code(Exit::failed);
  return out;
}

std::map<std::string, std::string> as_map(const std::string& yaml) {
  std::map<std::string, std::string> out;
  for (auto& [key, value] : spec::resolved_keys(yaml)) out[key] = std::move(value);
  return out;
}

void compare(const std::map<std::string, std::string>& stored, const std::map<std::string, std::string>& now, std::vector<Change>& out) {
  const auto add = [&](const std::string& key, const std::string& before, const std::string& after) {
    if (before == after) return;
    Change change{kind_of(key), key, before, after};
    if (std::ranges::none_of(out, [&](const Change& c) { return c.key == key && c.stored == before && c.now == after; })) out.push_back(std::move(change));
  };
  for (const auto& [key, value] : stored) add(key, value, now.contains(key) ? now.at(key) : "-");
  for (const auto& [key, value] : now)
    if (!stored.contains(key)) add(key, "-", value);
}

std::string cut(const std::string& text, std::size_t columns) {
  return width(text) <= columns ? text : text.substr(0, columns - 3) + "...";
}

std::string table(const std::vector<Change>& changes) {
  constexpr std::size_t most = 40;
  std::size_t key = 3, stored = 10;
  for (const Change& c : changes) key = std::max(key, width(c.key)), stored = std::max(stored, std::min(most, width(c.stored)));
  std::string out = cat("  ", pad_right("key", key), "  ", pad_right("in the run", stored), "  now\n");
  for (const Change& c : changes) out += cat("  ", pad_right(c.key, key), "  ", pad_right(cut(c.stored, most), stored), "  ", cut(c.now, most), "\n");
  out.pop_back();
  return out;
}

bool scheduled(const PreparedStudy& p) {
  return std::ranges::any_of(p.study.trials, [](const spec::Trial& trial) {
    const spec::Experiment& e = trial.experiment();
    const auto moves = [](const auto& all) { return std::ranges::any_of(all, [](const auto& one) { return !one.second.schedule().constant(); }); };
    return moves(e.optimizer.hypers) || moves(e.quantities) || e.batch.schedule || std::ranges::any_of(e.params, [&](const auto& rule) { return moves(rule.hypers); });
  });
}
}  // namespace

std::string check_resume(const PreparedStudy& p, const store::RunFolder::Stored& stored, const Resumption& how, RunOptions& options) {
  std::map<std::string, const store::StoredTrial*> known;
  for (const auto& trial : stored.trials) known[trial.name] = &trial;
  std::vector<Change> changes;
  // What trials share, taken apart once; the seed stands in their names.
  std::map<std::string, std::map<std::string, std::string>, std::less<>> texts;
  const auto keys = [&](const std::string& yaml) -> const std::map<std::string, std::string>& {
    const std::string_view shared = std::string_view(yaml).substr(0, yaml.rfind("seed: "));
    const auto found = texts.find(shared);
    return found != texts.end() ? found->second : texts.emplace(shared, as_map(std::string(shared))).first->second;
  };
  std::int64_t before = 0;
  const auto contents = stored.settings.find("fingerprints");
  std::set<std::pair<std::string, std::string>> seen;
  for (std::size_t i = 0; i < p.study.trials.size(); ++i) {
    const spec::Trial& trial = p.study.trials[i];
    const auto it = known.find(trial.id);
    if (it == known.end()) continue;
    if (contents != stored.settings.end())
      for (const auto& pair : fingerprints(p, i))
        if (seen.insert(pair).second && contents->second.find(pair.second) == std::string::npos)
          changes.push_back({Change::Kind::refused, pair.first, "other content", pair.second});
    if (trial.hash != it->second->hash) {
      const auto &now = keys(trial.resolved()), &was = keys(it->second->config);
      if (const auto epochs = was.find("epochs"); epochs != was.end() && now.contains("epochs") && epochs->second != now.at("epochs"))
        before = whole_number("epochs", epochs->second, most_epochs);
      compare(was, now, changes);
    }
    known.erase(it);
  }
  std::vector<std::string> gone;
  for (const auto& [name, trial] : known) gone.push_back(name);
  const auto on_purpose = [&](const std::string& key) {
    return std::ranges::any_of(how.set, [&](const std::string& argument) {
      std::string named = argument.substr(0, argument.find('='));
      if (named == "lr" || named == "momentum") named = "optimizer." + named;
      return below(key, named) || below(named, key);
    });
  };
  std::vector<Change> asks, refused;
  bool metrics = false;
  for (const Change& c : changes) {
    metrics = metrics || below(c.key, "metrics") || below(c.key, "average");
    if (c.kind == Change::Kind::asks && !on_purpose(c.key) && !how.force) asks.push_back(c);
    if (c.kind == Change::Kind::refused && (!how.force || below(c.key, "metrics") || below(c.key, "average"))) refused.push_back(c);
  }
  if (!gone.empty()) {
    const std::size_t count = gone.size();
    gone.resize(std::min<std::size_t>(count, 5));
    throw Error("the run has ", count, count == 1 ? " trial" : " trials", " that the experiment does not have any more (", join(gone, ", "), count > 5 ? ", …" : "",
                "): --out DIR writes a run of its own");
  }
  if (!refused.empty()) {
    refused.insert(refused.end(), asks.begin(), asks.end());
    throw Error("the run was made with another experiment:\n", table(refused), "\n",
                metrics ? "  the store has a column for each metric: --out DIR writes a run of its own"
                        : "  --force goes on all the same: what was trained before stays as it is; --out DIR writes a run of its own");
  }
  if (!asks.empty())
    throw Error("the run was made with other settings:\n", table(asks), "\n  say so with --set KEY=VALUE, and it goes on with them; --force takes them all");
  options.resume = true;
  const auto earlier = stored.settings.find("changed");
  std::string changed = earlier == stored.settings.end() ? "" : earlier->second;
  for (const Change& c : changes)
    if (c.kind != Change::Kind::free) changed += cat(changed.empty() ? "" : ", ", c.key, " ", c.stored, " -> ", c.now);
  const std::int64_t kept = stored_schedule_epochs(stored.settings);
  if (before == 0) return options.schedule_epochs = kept, changed;
  options.longer = true;
  if (!scheduled(p)) return changed;
  if (how.schedule == Resumption::Schedule::unsaid)
    throw Error("epochs were ", before, " and are ", p.study.trials.front().experiment().epochs,
                " now: --schedule keep leaves every schedule as it was for ", before, " epochs, --schedule rescale stretches it over the new length");
  if (how.schedule == Resumption::Schedule::keep) options.schedule_epochs = kept > 0 ? kept : before;
  return changed;
}

std::string going_on(const PreparedStudy& p, const store::RunFolder::Stored& stored, bool longer) {
  std::map<std::string, const store::StoredTrial*> known;
  for (const auto& trial : stored.trials) known[trial.name] = &trial;
  std::size_t ended = 0, on = 0, begin = 0;
  std::int64_t low = 0, high = 0;
  for (const auto& trial : p.study.trials) {
    const auto it = known.find(trial.id);
    const store::StoredTrial* one = it == known.end() ? nullptr : it->second;
    const bool done = one && (one->status == name(Outcome::done) || one->status == name(Outcome::cut));
    if (one && ((done && !longer) || one->status == name(Outcome::diverged))) ++ended;
    else if (one && one->state) low = on == 0 ? *one->state : std::min(low, *one->state), high = std::max(high, *one->state), ++on;
    else ++begin;
  }
  return cat("resume: ", ended, " of ", p.study.trials.size(), p.study.trials.size() == 1 ? " trial has" : " trials have", " ended, ", on, on == 1 ? " goes" : " go", " on",
             on == 0 ? "" : low == high ? cat(" (behind epoch ", low, ")") : cat(" (behind epochs ", low, " to ", high, ")"), ", ", begin, begin == 1 ? " begins" : " begin");
}

std::int64_t stored_schedule_epochs(const std::map<std::string, std::string>& settings) {
  const auto it = settings.find("schedule_epochs");
  return it == settings.end() ? 0 : whole_number(it->first, it->second, most_epochs);
}

int stored_threads(const std::map<std::string, std::string>& settings) {
  const auto it = settings.find("threads");
  return it == settings.end() ? 0 : static_cast<int>(whole_number(it->first, it->second, 1024));
}

std::map<std::string, std::string> study_settings(const std::filesystem::path& file, const spec::Overrides& overrides) {
  std::map<std::string, std::string> out{{"experiment_file", std::filesystem::absolute(file).lexically_normal().string()}, {"only", overrides.only.value_or("")},
                                         {"seeds", overrides.seeds ? cat(*overrides.seeds) : ""}};
  std::string set;
  for (const auto& argument : overrides.set) set += argument + "\n";
  out["set"] = set;
  return out;
}

StoredStudy stored_study(const std::map<std::string, std::string>& settings) {
  const auto setting = [&](const char* key) {
    const auto it = settings.find(key);
    if (it == settings.end()) throw Error("the store of the run does not say its ", key).code(Exit::failed);
    return it->second;
  };
  StoredStudy out;
  out.file = setting("experiment_file");
  out.overrides.text = setting("experiment");
  for (auto& argument : split(setting("set"), '\n'))
    if (!argument.empty()) out.overrides.set.push_back(argument);
  if (const auto only = setting("only"); !only.empty()) out.overrides.only = only;
  if (const auto seeds = setting("seeds"); !seeds.empty()) out.overrides.seeds = whole_number("seeds", seeds, 10'000);
  return out;
}

}  // namespace lehr::run
