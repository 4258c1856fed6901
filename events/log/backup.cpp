#include "events/log/backup.hpp"

#include "events/base/json.hpp"
#include "events/log/log_directory.hpp"
#include "events/log/rocksdb_log.hpp"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace ash::log {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view manifest_name = "BACKUP.json";
constexpr std::size_t max_manifest_bytes = 64 << 10;

/// A directory that is removed again unless it was kept.
class unfinished {
public:
  explicit unfinished(fs::path path) : path_{std::move(path)} { remove(); }
  unfinished(const unfinished&) = delete;
  unfinished& operator=(const unfinished&) = delete;
  ~unfinished() {
    if (!kept_)
      remove();
  }
  [[nodiscard]] const fs::path& path() const { return path_; }
  /// Moves it to its final name, durably.
  result<void> keep_as(const fs::path& to) {
    std::error_code failed;
    fs::rename(path_, to, failed);
    if (failed)
      return system_error("can't rename " + path_.string() + " to " + to.string(), failed.value());
    kept_ = true;
    return sync_directory(fs::absolute(to).parent_path().string());
  }

private:
  void remove() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path path_;
  bool kept_ = false;
};

/// The directory's name without a trailing slash, so that a neighbour can be named after it.
fs::path plain(const std::string& directory) {
  auto path = fs::path{directory}.lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

result<void> sync_files(const fs::path& directory) {
  std::error_code failed;
  for (fs::directory_iterator at{directory, failed}, end; !failed && at != end;
       at.increment(failed)) {
    const file_handle file{::open(at->path().c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file.is_open() || ::fsync(file.number()) != 0)
      return system_error("can't sync " + at->path().string(), errno);
  }
  if (failed)
    return system_error("can't list " + directory.string(), failed.value());
  return sync_directory(directory.string());
}

result<void> write_manifest(const fs::path& directory, const backup_report& what) {
  const json::object manifest{{"format", 1},
                              {"incarnation", to_string(what.incarnation)},
                              {"head", what.head},
                              {"head_hash", to_string(what.head_hash)},
                              {"at_us", what.at.us},
                              {"at", to_iso(what.at)}};
  std::ofstream file{directory / manifest_name, std::ios::binary};
  file << to_json_text(manifest) << '\n';
  file.close();
  if (!file)
    return system_error("can't write " + (directory / manifest_name).string(), errno);
  return success();
}

struct manifest {
  backup_report what;
  std::string head_hash;
};

result<manifest> read_manifest(const fs::path& directory) {
  const auto path = directory / manifest_name;
  std::ifstream file{path, std::ios::binary};
  if (!file)
    return refuse(errc::file_not_found,
                  "there is no backup in " + directory.string() + ": it has no " +
                      std::string{manifest_name});
  std::string text(max_manifest_bytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  const auto damaged = [&](const std::string& why) {
    return corrupt(0, "the manifest " + path.string() + " is damaged: " + why);
  };
  const auto parsed = parse_json(text, path.string());
  if (!parsed)
    return damaged(parsed.error().message);
  const auto* fields = parsed.value().if_object();
  const auto* format = fields != nullptr ? fields->if_contains("format") : nullptr;
  if (format == nullptr || !format->is_int64())
    return damaged("it has no format");
  if (format->get_int64() != 1)
    return refuse(errc::schema_unsupported,
                  "the backup in " + directory.string() +
                      " has a newer format; use a newer "
                      "actor-shell");
  const auto* incarnation = fields->if_contains("incarnation");
  const auto* head = fields->if_contains("head");
  const auto* hash = fields->if_contains("head_hash");
  const auto* at = fields->if_contains("at_us");
  if (incarnation == nullptr || !incarnation->is_string() || head == nullptr || !head->is_int64() ||
      head->get_int64() < 0 || hash == nullptr || !hash->is_string() || at == nullptr ||
      !at->is_int64())
    return damaged("a field is missing or of another type");
  const auto id = parse_uuid(incarnation->get_string());
  if (!id)
    return damaged(id.error().message);
  manifest read;
  read.what.incarnation.value = id.value();
  read.what.head = static_cast<std::uint64_t>(head->get_int64());
  read.what.at.us = at->get_int64();
  read.head_hash = hash->get_string();
  return read;
}

/// Opens the copy, checks all of it, and closes it again as a log of its own.
result<restore_report> adopt(const std::string& copy, const manifest& expected) {
  open_options options;
  options.directory = copy;
  options.incarnation = incarnation_rule::renew;
  TRY(const auto log, open_rocksdb_log(options));
  restore_report report;
  report.backup = expected.what;
  report.incarnation = log->incarnation();
  TRY(report.verified, log->verify());
  if (report.verified.damage_count != 0)
    return refuse(errc::log_corrupt,
                  "the backup is damaged and was not restored, take another one: " +
                      report.verified.damages.front().what)
        .with("position", std::to_string(report.verified.damages.front().position));
  if (log->head() != expected.what.head)
    return corrupt(log->head(),
                   "the backup ends here, its manifest says at " +
                       std::to_string(expected.what.head));
  if (expected.what.head != 0) {
    TRY(const auto last, log->read(expected.what.head - 1, {1, 1}));
    if (last.size() != 1 || to_string(last[0].hash) != expected.head_hash)
      return corrupt(expected.what.head, "the backup's last record is not the manifest's");
    report.backup.head_hash = last[0].hash;
  }
  return report;
}

} // namespace

result<backup_report> write_backup(committer& commits,
                                   tables& store,
                                   incarnation_id incarnation,
                                   instant at,
                                   const std::string& to) {
  const auto target = plain(to);
  std::error_code failed;
  if (fs::exists(fs::symlink_status(target, failed)))
    return refuse(errc::argument_invalid, to + " exists; name a new directory for the backup");
  const auto parent = fs::absolute(target).parent_path();
  fs::create_directories(parent, failed);
  if (failed)
    return system_error("can't make " + parent.string(), failed.value());
  unfinished made{target.string() + ".unfinished"};
  backup_report report;
  report.incarnation = incarnation;
  report.at = at;
  TRY(commits.submit_and_wait({[&](commit_plan& plan) {
                                 report.head = plan.state().head;
                                 report.head_hash = plan.state().head_hash;
                                 return store.checkpoint(made.path().string());
                               },
                               false,
                               true,
                               0}));
  TRY(write_format(made.path().string()));
  TRY(write_manifest(made.path(), report));
  fs::permissions(made.path(), fs::perms::owner_all, failed);
  TRY(sync_files(made.path()));
  TRY(made.keep_as(target));
  return report;
}

result<restore_report> restore_backup(const std::string& from, const std::string& to) {
  TRY(const auto expected, read_manifest(from));
  const auto target = plain(to);
  std::error_code failed;
  const auto there = fs::status(target, failed);
  if (fs::exists(there) && !(fs::is_directory(there) && fs::is_empty(target, failed)))
    return refuse(errc::argument_invalid,
                  to + " holds something already; restore to a new or an empty directory");
  unfinished copy{target.string() + ".unfinished"};
  TRY(make_directory(copy.path().string()));
  failed.clear();
  fs::copy(from, copy.path(), failed);
  if (failed)
    return system_error("can't copy " + from + " to " + copy.path().string(), failed.value());
  fs::remove(copy.path() / manifest_name, failed);
  TRY(auto report, adopt(copy.path().string(), expected));
  TRY(sync_files(copy.path()));
  TRY(copy.keep_as(target));
  return report;
}

} // namespace ash::log
