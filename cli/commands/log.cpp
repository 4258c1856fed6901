#include "actors/shells/inspect.hpp"
#include "actors/shells/run_plan.hpp"
#include "cli/commands/commands.hpp"
#include "cli/documents.hpp"
#include "cli/language.hpp"
#include "cli/members.hpp"
#include "cli/remote.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"
#include "events/codec/codec.hpp"
#include "events/log/record_codec.hpp"
#include "events/log/rocksdb_log.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>
#include <filesystem>

namespace ash::cli {
namespace {

void show_progress(std::uint64_t done, std::uint64_t total) {
  if (!is_terminal(stream::err) || total == 0)
    return;
  constexpr std::uint64_t cells = 30;
  const auto filled = cells * done / total;
  std::string bar;
  for (std::uint64_t i = 0; i < cells; ++i)
    bar += i < filled ? "█" : "░";
  std::fprintf(stderr, "\r%s %s", bar.c_str(), tr("{} of {}", done, total).c_str());
  if (done >= total)
    std::fputs("\n", stderr);
}

json::object to_json(const log::verify_report& of) {
  json::array damages;
  for (const auto& each : of.damages)
    damages.push_back(json::object{{"position", each.position}, {"what", each.what}});
  return {{"clean", of.damage_count == 0},
          {"records", of.records},
          {"head", of.head},
          {"streams", of.streams},
          {"blobs", of.blobs},
          {"damage_count", of.damage_count},
          {"damages", std::move(damages)}};
}

/// A log that can't be opened or read to its end was found damaged, too. Errors: others.
result<log::verify_report> verified(const settings& with) {
  const auto verify = [&]() -> result<log::verify_report> {
    TRY(const auto log, open_reader(with));
    return log->verify(show_progress);
  };
  auto out = verify();
  if (out || out.error().code != errc::log_corrupt)
    return out;
  log::verify_report only;
  only.damages.push_back(log::damage_of(out.error()));
  only.damage_count = 1;
  return only;
}

/// The server that holds the log makes the backup, where it runs.
result<json::object>
backup_at(const remote& at, const settings& with, const std::string& directory) {
  const std::filesystem::path to{directory};
  if (!with.server.empty() && !to.is_absolute())
    return refuse(errc::argument_invalid,
                  "the backup is made on the server's machine: name its directory by an absolute "
                  "path there, not '" +
                      printable(directory) + "'");
  const auto there = std::filesystem::absolute(to).lexically_normal().string();
  return at.post("/log/backup", {{"directory", there}});
}

/// Puts on record that this log is another life of the one that was backed up.
result<void> record_restore(const std::string& directory, const log::restore_report& of) {
  log::open_options options;
  options.directory = directory;
  TRY(const auto log, log::open_rocksdb_log(std::move(options)));
  const stream_id stream{entity_kind::log, "main"};
  TRY(const auto head, log->find_stream(stream));
  auto fact = codec::encode(log::restored{of.backup.incarnation,
                                          of.incarnation,
                                          static_cast<std::int64_t>(of.backup.head),
                                          of.backup.at});
  log::append_request request;
  request.stream = stream;
  request.root = stream;
  request.expected_version = head ? head->version : 0;
  request.at = system_now();
  request.entries.push_back({"restored:" + to_string(of.incarnation),
                             {},
                             {},
                             {{std::string{fact.type},
                               fact.schema_version,
                               log::durability::synced,
                               std::move(fact.payload)}}});
  TRY(log->append_now(std::move(request)));
  return success();
}

} // namespace

int log_verify(const settings& with) {
  if (const auto here = check_here(with, "log verify"); !here)
    return static_cast<int>(report(with, here.error()));
  const auto found = verified(with);
  if (!found)
    return static_cast<int>(report(with, found.error()));
  const auto& of = found.value();
  if (with.format == answer_format::json) {
    print_json(to_json(of));
  } else {
    std::printf(of.damage_count == 0 ? tr("clean: %lu records, %lu streams, %lu blobs\n")
                                     : tr("DAMAGED: %lu records, %lu streams, %lu blobs\n"),
                static_cast<unsigned long>(of.records),
                static_cast<unsigned long>(of.streams),
                static_cast<unsigned long>(of.blobs));
    for (const auto& each : of.damages)
      std::printf(
          tr("  position %lu: %s\n"), static_cast<unsigned long>(each.position), each.what.c_str());
    if (of.damage_count > 0)
      std::fprintf(
          stderr, "%s", tr("restore the newest good backup: actor-shell log restore DIR\n"));
  }
  return of.damage_count == 0 ? 0 : static_cast<int>(exit_code::failed);
}

int log_stats(const settings& with) {
  const auto read = [&]() -> result<json::object> {
    TRY(const auto server, remote::find(with));
    if (server)
      return server->get("/log");
    TRY(const auto log, open_reader(with));
    TRY(const auto of, log->stats());
    return json::object{{"incarnation", to_string(of.incarnation)},
                        {"head", of.head},
                        {"streams", of.streams},
                        {"open_streams", of.open_streams},
                        {"blobs", of.blobs},
                        {"snapshots", of.snapshots},
                        {"disk_bytes", of.disk_bytes}};
  }();
  if (!read)
    return static_cast<int>(report(with, read.error()));
  const auto& of = read.value();
  if (with.format == answer_format::json) {
    print_json(of);
    return 0;
  }
  const auto number = [&](std::string_view name) { return number_in<unsigned long>(of, name); };
  const auto line = [](const char* name, const std::string& value) {
    constexpr std::size_t names = 13;
    std::printf("%s %s\n", padded(name, names).c_str(), value.c_str());
  };
  line(tr("incarnation"), text_in(of, "incarnation"));
  line(tr("head"), std::to_string(number("head")));
  line(tr("streams"), tr("{} ({} open)", number("streams"), number("open_streams")));
  line(tr("blobs"), std::to_string(number("blobs")));
  line(tr("snapshots"), std::to_string(number("snapshots")));
  line(tr("disk"), show_bytes(number_in<std::uint64_t>(of, "disk_bytes")));
  return 0;
}

int log_backup(const settings& with, const std::string& to) {
  const auto made = [&]() -> result<json::object> {
    TRY(const auto server, remote::find(with));
    if (server)
      return backup_at(*server, with, to);
    // Opened for writing, a directory whose name is a slip would get an empty log.
    if (const auto there = open_reader(with); !there && there.error().code == errc::file_not_found)
      return there.error();
    log::open_options options;
    options.directory = data_layout{with.data_dir}.log();
    TRY(const auto log, log::open_rocksdb_log(std::move(options)));
    TRY(const auto of, log->backup(to));
    return json::object{{"directory", to},
                        {"head", of.head},
                        {"incarnation", to_string(of.incarnation)},
                        {"at", to_iso(of.at)}};
  }();
  if (!made)
    return static_cast<int>(report(with, made.error()));
  if (with.format == answer_format::json)
    print_json(made.value());
  else
    std::printf(tr("backup of %lu records in %s\n"),
                number_in<unsigned long>(made.value(), "head"),
                text_in(made.value(), "directory").c_str());
  return 0;
}

int log_restore(const settings& with, const std::string& from) {
  if (const auto here = check_here(with, "log restore"); !here)
    return static_cast<int>(report(with, here.error()));
  const auto layout = data_layout::make(with.data_dir);
  if (!layout)
    return static_cast<int>(report(with, layout.error()));
  const auto to = layout.value().log();
  const auto restored = log::restore_backup(from, to);
  if (!restored)
    return static_cast<int>(report(with, restored.error()));
  if (const auto recorded = record_restore(to, restored.value()); !recorded)
    return static_cast<int>(report(with, recorded.error()));
  const auto& of = restored.value();
  if (with.format == answer_format::json)
    print_json(
        json::object{{"head", of.verified.head}, {"incarnation", to_string(of.incarnation)}});
  else
    std::printf(tr("restored and verified %lu records; the log's new incarnation is %s\n"),
                static_cast<unsigned long>(of.verified.records),
                to_string(of.incarnation).c_str());
  return 0;
}

int show_blob(const settings& with, const std::string& sha256) {
  const auto read = [&]() -> result<std::string> {
    TRY(const auto server, remote::find(with));
    if (server)
      return documents_at(*server)(sha256);
    TRY(const auto log, open_reader(with));
    return inspect::read_document(*log, sha256);
  }();
  if (!read)
    return static_cast<int>(report(with, read.error()));
  std::fwrite(read.value().data(), 1, read.value().size(), stdout);
  return 0;
}

} // namespace ash::cli
