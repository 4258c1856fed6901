#include "actors/definitions/definition_files.hpp"
#include "actors/shells/inspect.hpp"
#include "actors/shells/run_plan.hpp"
#include "cli/commands/commands.hpp"
#include "cli/language.hpp"
#include "cli/members.hpp"
#include "cli/progress.hpp"
#include "cli/remote.hpp"
#include "cli/stop_signals.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"
#include "events/codec/codec.hpp"
#include "events/log/log_directory.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

namespace ash::cli {
namespace {

constexpr std::chrono::milliseconds poll{100};

/// Where records come from: everything, a root with all beneath it, or one stream.
struct feed {
  std::optional<stream_id> stream;

  [[nodiscard]] result<std::vector<log::record>> read(const log::event_log& from,
                                                      std::uint64_t after) const {
    if (!stream)
      return from.read(after);
    if (stream->kind() == entity_kind::run || stream->kind() == entity_kind::session)
      return from.read_root(*stream, after);
    // A stream is read by version; its records are few enough to pass over the ones before.
    std::vector<log::record> later;
    std::uint64_t version = 0;
    while (later.empty()) {
      TRY(const auto page, from.read_stream(*stream, version));
      if (page.empty())
        break;
      version = page.back().version;
      for (const auto& record : page)
        if (record.position > after)
          later.push_back(record);
    }
    return later;
  }
};

void print_line(const log::record& of, const std::optional<any_fact>& fact) {
  std::string text;
  if (of.pruned)
    text = tr("(pruned)");
  else if (fact)
    text = describe(*fact);
  const auto line = std::to_string(of.position) + "  " + to_iso(of.at).substr(11, 12) + "  " +
                    of.stream.text().substr(0, of.stream.text().find('/') + 14) + "@" +
                    std::to_string(of.version) + "  " + of.type + (text.empty() ? "" : "  " + text);
  std::printf("%s\n", fit(line, terminal_width(stream::out)).c_str());
}

result<void> print(const log::record& of, const settings& with) {
  if (with.format == answer_format::text) {
    std::optional<any_fact> fact;
    if (auto read = codec::decode(of.type, of.schema_version, of.payload); read && !of.pruned)
      fact = std::move(read).value();
    print_line(of, fact);
    return success();
  }
  TRY(const auto shown, inspect::record_json(of));
  std::printf("%s\n", to_json_text(shown).c_str());
  return success();
}

/// How far a feed was shown.
struct shown_so_far {
  std::uint64_t after = 0;
  bool has_end = false; ///< of the run that it is of
};

bool is_end(const log::record& of, const feed& which) {
  return which.stream == of.stream &&
         (of.type == run::completed::type || of.type == run::failed::type ||
          of.type == run::aborted::type);
}

/// Prints what is new, until `stop`; `so_far` moves on.
result<void> print_new(const log::event_log& from,
                       const feed& which,
                       const events_options& asked,
                       const settings& with,
                       shown_so_far& so_far,
                       const std::stop_token& stop) {
  while (true) {
    TRY(const auto records, which.read(from, so_far.after));
    if (records.empty() || stop.stop_requested())
      return success();
    for (const auto& record : records) {
      so_far.after = record.position;
      so_far.has_end = so_far.has_end || is_end(record, which);
      if (asked.type.empty() || glob_match(asked.type, record.type)) {
        TRY(print(record, with));
      }
    }
    if (std::fflush(stdout) != 0)
      return refuse(errc::io_failed, "the events could not be written to stdout");
  }
}

result<void> check_within(std::uint64_t head, std::uint64_t after) {
  if (after > head)
    return refuse(errc::cursor_invalid,
                  "the log ends at " + std::to_string(head) + ", before " + std::to_string(after) +
                      ": give an earlier position");
  return success();
}

/// A type that no fact has would leave out everything, and tell so by nothing.
result<void> check_type(const std::string& glob) {
  std::vector<std::string> names;
  boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, every_fact>>(
      [&](auto each) { names.emplace_back(decltype(each)::type::type); });
  if (glob.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return glob_match(glob, name);
      }))
    return success();
  return refuse(errc::argument_invalid,
                "no event is of a type '" + printable(to_valid_utf8(glob)) + "'; the nearest are " +
                    definitions::near_names(glob, names));
}

/// The run that a feed is of, with all beneath it; none where it is of something else.
std::optional<inspect::run_summary> run_of(const log::event_log& log, const feed& which) {
  if (!which.stream || which.stream->kind() != entity_kind::run)
    return std::nullopt;
  const auto id = parse_uuid(which.stream->key());
  if (!id)
    return std::nullopt;
  auto run = inspect::summarise_run(log, run_id{id.value()});
  return run ? std::optional{std::move(run).value()} : std::nullopt;
}

/// Gives the exit code, as the next two do: whoever follows ends by a signal, or with the run.
result<int> show(const settings& with, const events_options& asked) {
  std::optional<stop_signals> signals; // nothing is left behind where one ends it
  if (asked.follow)
    signals.emplace();
  const auto stop = signals ? signals->token() : std::stop_token{};
  TRY(auto log, open_reader(with));
  feed which;
  if (asked.feed != "all") {
    TRY(which.stream, inspect::resolve_stream(*log, asked.feed));
  }
  TRY(check_within(log->head(), asked.after));
  shown_so_far so_far{asked.after};
  auto over = !asked.follow;
  if (const auto run = over ? std::nullopt : run_of(*log, which)) {
    over = run->settled;
    so_far.has_end = run->ended.us != 0;
  }
  TRY(print_new(*log, which, asked, with, so_far, stop));
  while (!over && !stop.stop_requested()) {
    std::this_thread::sleep_for(poll);
    const auto held = log::is_locked(data_layout{with.data_dir}.log());
    TRY(log->refresh());
    if (so_far.has_end) {
      // Where nobody writes, what is open beneath a run that is over stays so.
      const auto run = run_of(*log, which);
      over = !held || (run && run->settled);
    }
    // Also the last of it, which was written before it was over.
    TRY(print_new(*log, which, asked, with, so_far, stop));
  }
  return code_after(signals ? signals->caught() : 0, static_cast<int>(exit_code::done));
}

/// A feed's whole name. One without a slash is a run's id, and the beginning of an id will do, as
/// for the log.
result<std::string> feed_at(const remote& at, std::string name) {
  if (name != "all" && name.find('/') == std::string::npos)
    name = "run/" + name;
  if (name.starts_with("run/")) {
    TRY(const auto run, at.get(run_path(name)));
    return "run/" + text_in(run, "run");
  }
  if (name != "all")
    if (const auto stream = at.get("/replay/" + segments_encoded(name))) // no stream: it is told
      return text_in(stream.value(), "stream");
  return name;
}

/// The same from a server's feed.
result<int> show_remote(const settings& with, const events_options& asked, const remote& at) {
  TRY(const auto feed, feed_at(at, asked.feed));
  TRY(const auto log, at.get("/log"));
  TRY(check_within(number_in<std::uint64_t>(log, "head"), asked.after));
  stop_signals signals;
  const auto show = [&](const json::object& frame) {
    const auto* record = frame.if_contains("record");
    if (record == nullptr) {
      const auto caught_up = frame.at("type") == "caught_up";
      return caught_up && !asked.follow ? after_event::enough : after_event::go_on;
    }
    const auto told = record_of(frame);
    if (told && (asked.type.empty() || glob_match(asked.type, told.value().record.type))) {
      if (with.format == answer_format::text)
        print_line(told.value().record, told.value().fact);
      else
        std::printf("%s\n", to_json_text(*record).c_str());
    }
    return std::fflush(stdout) == 0 ? after_event::go_on : after_event::enough;
  };
  TRY(at.follow(feed, asked.after, show, signals.token()));
  return code_after(signals.caught(), static_cast<int>(exit_code::done));
}

result<int> show_from_anywhere(const settings& with, const events_options& asked) {
  TRY(check_type(asked.type));
  TRY(const auto server, remote::find(with));
  return server ? show_remote(with, asked, *server) : show(with, asked);
}

} // namespace

int show_events(const settings& with, const events_options& asked) {
  const auto shown = show_from_anywhere(with, asked);
  return shown ? shown.value() : static_cast<int>(report(with, shown.error()));
}

int replay(const settings& with, const replay_options& asked) {
  const auto folded = [&]() -> result<json::object> {
    TRY(const auto server, remote::find(with));
    if (server && asked.at) {
      TRY(const auto log, server->get("/log"));
      TRY(check_within(number_in<std::uint64_t>(log, "head"), *asked.at));
    }
    if (server)
      return server->get("/replay/" + segments_encoded(asked.feed) +
                         (asked.at ? "?at=" + std::to_string(*asked.at) : ""));
    TRY(const auto log, open_reader(with));
    TRY(check_within(log->head(), asked.at.value_or(0)));
    TRY(const auto stream, inspect::resolve_stream(*log, asked.feed));
    inspect::fold_limit limit;
    limit.position = asked.at;
    return inspect::fold_stream(*log, stream, limit);
  }();
  if (!folded)
    return static_cast<int>(report(with, folded.error()));
  print_json(folded.value());
  return 0;
}

} // namespace ash::cli
