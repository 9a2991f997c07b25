#include "experiments/report/run_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "experiments/report/compare.h"

namespace lehr::report {

namespace {
using Json = nlohmann::ordered_json;

Json real(double v) { return std::isfinite(v) ? Json(v) : Json(nullptr); }

// A swept value: a number or a boolean where it is one.
Json scalar(const std::string& text) {
  const Json read = Json::parse(text, nullptr, false);
  return read.is_number() || read.is_boolean() ? read : Json(text);
}

Json point_of(const RunInfo& info, const Cell& cell) {
  Json out = Json::object();
  for (std::size_t k = 0; k < cell.point.size(); ++k) out[info.axes.swept()[k]] = scalar(cell.point[k]);
  return out;
}

Json summary_of(const Summary& s) {
  return {{"runs", s.count}, {"mean", real(s.mean)}, {"sd", real(s.deviation)}, {"min", real(s.low)}, {"max", real(s.high)}};
}

Json standing_of(const Standing& s) {
  Json out = summary_of(s.summary), all = Json::array();
  for (const double v : s.values) all.push_back(real(v));
  out["values"] = std::move(all);
  if (!s.difference) return out;
  const Paired& d = *s.difference;
  out["difference"] = {{"pairs", d.count},       {"mean", real(d.mean)},   {"low", real(d.low)},   {"high", real(d.high)}, {"p", real(d.p)},
                       {"p_holm", real(s.holm)}, {"differs", s.differs()}, {"greater", d.greater}, {"smaller", d.smaller}};
  return out;
}

Json points_of(const RunInfo& info, const std::vector<Cell>& all, const std::string& variant, const std::vector<Quantity>& measured) {
  Json out = Json::array();
  for (const Cell& cell : all) {
    if (cell.variant != variant) continue;
    Json entry{{"point", point_of(info, cell)}};
    for (const Quantity& q : measured) entry[name(q, info)] = summary_of(summary(finite(values(cell.results, q))));
    out.push_back(std::move(entry));
  }
  return out;
}

Json samples_of(const RunInfo& info, const Pooled& pooled) {
  Json out = Json::array();
  for (const auto& sample : pooled.samples) {
    Json values{{"loss", real(sample.loss)}};
    for (std::size_t m = 0; m < sample.metrics.size(); ++m) values[info.metrics[m]] = real(sample.metrics[m].value);
    out.push_back({{"trial", sample.trial}, {"rows", sample.rows}, {"values", std::move(values)}});
  }
  return out;
}
}  // namespace

std::string pooled_json(const RunInfo& info, const std::vector<Pooled>& pooled) {
  Json out = Json::array();
  for (const Pooled& one : pooled) out.push_back({{"variant", one.variant}, {"samples", samples_of(info, one)}});
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string run_json(const RunInfo& info, const std::vector<TrialResult>& results, const std::string& folder, double seconds, const std::vector<Pooled>& pooled) {
  const auto all = cells(info, results);
  const auto choices = choose(info, all);
  const auto measured = quantities(info, results);
  Json outcome, unfinished = Json::array(), seeds = Json::array();
  for (const Outcome o : {Outcome::done, Outcome::diverged, Outcome::failed, Outcome::interrupted, Outcome::cut}) outcome[name(o)] = 0;
  for (const TrialResult& r : results) {
    outcome[name(r.outcome)] = outcome[name(r.outcome)].get<int>() + 1;
    if (r.outcome != Outcome::done && r.outcome != Outcome::cut) unfinished.push_back({{"trial", r.id}, {"status", name(r.outcome)}, {"message", r.message}});
  }
  if (!all.empty())
    for (const TrialResult* r : all.front().results) seeds.push_back(r->seed);
  const auto undefined_in = [&](const std::string& variant, const Quantity& q) {
    std::string why;
    for (std::size_t i = 0; i < results.size(); ++i)
      if (why.empty() && info.axes.variant(info.trials[i].levels) == variant) why = undefined(results[i], q);
    return why;
  };
  Json variants = Json::array();
  for (const Choice& choice : choices) {
    Json entry{{"name", choice.variant}};
    if (!info.axes.swept().empty()) {
      Json chosen = Json::array();
      if (choice.any())
        for (const auto& [cell, count] : choice.cells) chosen.push_back({{"point", point_of(info, *cell)}, {"seeds", count}});
      entry["chosen"] = std::move(chosen);
      entry["complete"] = choice.complete;
    }
    entry["quantities"] = Json::object();
    if (!info.axes.swept().empty()) entry["points"] = points_of(info, all, choice.variant, measured);
    variants.push_back(std::move(entry));
  }
  for (const Quantity& q : measured) {
    const Comparison c = compare(info, choices, q);
    for (std::size_t i = 0; i < c.standings.size(); ++i) {
      Json& quantity = variants[i]["quantities"][name(q, info)] = standing_of(c.standings[i]);
      if (const std::string why = undefined_in(c.standings[i].variant, q); !why.empty()) quantity["undefined"] = why;
    }
  }
  for (const Pooled& one : pooled)
    for (Json& variant : variants)
      if (variant["name"] == one.variant) variant["out_of_fold"] = samples_of(info, one);
  Json out{{"name", info.name}, {"folder", folder}, {"data", info.data_line}, {"plan", info.plan_line}, {"seconds", seconds}, {"trials", outcome}};
  if (!unfinished.empty()) out["unfinished"] = std::move(unfinished);
  out["seeds"] = std::move(seeds);
  out["split_varies"] = info.axes.split_varies();
  if (info.searched) out["search"] = {{"points", info.axes.count(Axis::Role::point)}, {"looks", info.looks}};
  if (!info.axes.swept().empty()) out["swept"] = info.axes.swept(), out["select"] = info.select;
  out["against"] = info.axes.count(Axis::Role::variant) > 1 ? Json(info.against) : Json(nullptr);
  out["variants"] = std::move(variants);
  out["warnings"] = info.warnings;
  return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace lehr::report
