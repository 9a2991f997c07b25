#pragma once
#include <filesystem>
#include <string>

namespace lehr::store {

// What a run writes beside its models and states, and what SQLite does.
inline constexpr const char* written_files[] = {"experiment.yaml", "metrics.csv", "summary.csv", "summary.md"};
inline constexpr const char* database_files[] = {"run.db", "run.db-wal", "run.db-shm", "run.db-journal"};

bool there(const std::filesystem::path& path);  // a link counts, whatever it leads to
// What a kill left of files that were being written.
void remove_half_written(const std::filesystem::path& folder);
// Is nothing of a run in it, beside what a kill before the plan was stored leaves?
bool nothing_in(const std::filesystem::path& folder);
// The store is a file like any other: of the names in it only those go that lie in models/ without a link on the way. Folders that are empty then go, too.
void remove_below(const std::filesystem::path& folder, const std::string& name);

}  // namespace lehr::store
