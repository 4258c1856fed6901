#include "actors/shells/run_plan.hpp"
#include "cli/commands/commands.hpp"
#include "cli/language.hpp"
#include "cli/members.hpp"
#include "cli/remote.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"
#include "projections/verify.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

namespace ash::cli {
namespace {

constexpr std::int64_t us_between_pictures = 100'000;

/// A bar with the rate and the time that is left, drawn again in place; nothing elsewhere than on a
/// terminal.
class bar {
public:
  void operator()(std::uint64_t done, std::uint64_t total) {
    const auto now = monotonic_us();
    const bool is_new =
        done < total ? now - drawn_ >= us_between_pictures : is_open_ || drawn_ == 0;
    if (!is_terminal(stream::err) || total == 0 || !is_new)
      return;
    drawn_ = now;
    constexpr std::uint64_t cells = 30;
    std::string picture;
    for (std::uint64_t i = 0; i < cells; ++i)
      picture += i < cells * done / total ? "█" : "░";
    const auto took = std::max<std::int64_t>(now - began_, 1);
    const auto rate = static_cast<double>(done) * us_per_s / static_cast<double>(took);
    const auto left = rate > 0 ? static_cast<double>(total - done) * us_per_s / rate : 0.0;
    const auto text = tr("{} of {} facts, {}/s, {} left",
                         done,
                         total,
                         show_count(static_cast<std::int64_t>(rate)),
                         show_duration(static_cast<std::int64_t>(left)));
    std::fprintf(stderr, "\r%s %s \x1b[K", picture.c_str(), text.c_str());
    is_open_ = done < total;
    if (!is_open_)
      std::fputs("\n", stderr);
  }
  ~bar() {
    if (is_open_)
      std::fputs("\n", stderr);
  }
  bar() = default;
  bar(const bar&) = delete;
  bar& operator=(const bar&) = delete;

private:
  std::int64_t began_ = monotonic_us();
  std::int64_t drawn_ = 0;
  bool is_open_ = false;
};

struct both {
  std::unique_ptr<log::event_log> log;
  std::unique_ptr<projections::store> store;
};

result<both> open_both(const settings& with, const projections_options& asked) {
  both out;
  TRY(out.log, open_reader(with));
  TRY(out.store, projections::make_store(with.data_dir, asked.database_url));
  return out;
}

using view_rows = std::vector<std::vector<std::string>>;

void show_status(const json::object& of) {
  std::printf(tr("%s\nposition %lu of %lu: %lu facts, %.1f s behind; generation %lu\n\n"),
              text_in(of, "store").c_str(),
              number_in<unsigned long>(of, "position"),
              number_in<unsigned long>(of, "head"),
              number_in<unsigned long>(of, "lag_facts"),
              number_in<double>(of, "lag_seconds"),
              number_in<unsigned long>(of, "generation"));
  view_rows rows;
  for (const auto& each : array_in(of, "views")) {
    const auto& view = each.as_object();
    rows.push_back({text_in(view, "view"),
                    std::to_string(number_in<std::uint64_t>(view, "position")),
                    view.contains("stopped")
                        ? tr("STOPPED: {}", text_in(object_in(view, "stopped"), "message"))
                        : std::string{}});
  }
  std::printf(
      "%s",
      render_table({tr("VIEW"), tr("POSITION"), tr("STATE")}, rows, terminal_width(stream::out))
          .c_str());
}

bool has_stopped(const json::object& of) {
  const auto views = array_in(of, "views");
  return std::any_of(views.begin(), views.end(), [](const json::value& each) {
    return each.as_object().contains("stopped");
  });
}

/// 1 where a view has stopped: a script is to notice.
int answer_status(const settings& with, const result<json::object>& got) {
  if (!got)
    return static_cast<int>(report(with, got.error()));
  if (with.format == answer_format::json)
    print_json(got.value());
  else
    show_status(got.value());
  return static_cast<int>(has_stopped(got.value()) ? exit_code::failed : exit_code::done);
}

bool is_clean(const json::object& verification) {
  const auto* found = verification.if_contains("clean");
  return found != nullptr && *found == true;
}

void show_verification(const json::object& of) {
  std::printf(is_clean(of) ? tr("clean: %lu rows as of position %lu, %lu differences\n")
                           : tr("NOT CLEAN: %lu rows as of position %lu, %lu differences\n"),
              number_in<unsigned long>(of, "rows"),
              number_in<unsigned long>(of, "position"),
              number_in<unsigned long>(of, "difference_count"));
  for (const auto& each : array_in(of, "differences")) {
    const auto& one = each.as_object();
    std::printf("  %s %s: %s\n",
                text_in(one, "table").c_str(),
                text_in(one, "key").c_str(),
                text_in(one, "what").c_str());
  }
  for (const auto& each : array_in(of, "stopped")) {
    const auto& one = each.as_object();
    std::printf(tr("  %s has stopped at position %lu: %s\n"),
                text_in(one, "view").c_str(),
                number_in<unsigned long>(one, "position"),
                text_in(one, "message").c_str());
  }
  if (number_in<std::uint64_t>(of, "difference_count") > 0)
    std::fputs(tr("make them again: actor-shell projections rebuild\n"), stderr);
}

// -- at a server, whose store it is ---------------------------------------------------------------

constexpr std::chrono::milliseconds between_looks{200};

/// The server has one store: a `--database-url` that names another one is a mistake.
result<json::object>
status_at(const remote& at, const settings& with, const projections_options& asked) {
  TRY(auto status, at.get("/projections"));
  if (asked.database_url.empty())
    return status;
  TRY(const auto meant, projections::make_store(with.data_dir, asked.database_url));
  if (const auto its = text_in(status, "store"); its != meant->name())
    return refuse(errc::argument_invalid,
                  "the server keeps its read models in " + printable(its) + ", not in " +
                      printable(meant->name()));
  return status;
}

/// Signals are left as they are: the server goes on with what it was asked, whoever watches.
result<json::object>
rebuild_at(const remote& at, const settings& with, const projections_options& asked) {
  TRY(const auto before, status_at(at, with, asked));
  const auto old = text_in(before, "state") == "rebuilding"
                       ? number_in<std::uint64_t>(before, "generation") - 1 // and joined
                       : number_in<std::uint64_t>(before, "generation");
  TRY(auto now, at.post("/projections/rebuild", {}));
  for (bar tell;;) {
    const auto state = text_in(now, "state");
    const auto is_new = number_in<std::uint64_t>(now, "generation") > old;
    if (state == "away")
      return refuse(errc::store_unavailable,
                    "the server's store is away, and the rebuild goes on when it is back: " +
                        printable(text_in(now, "problem")));
    if (is_new)
      tell(number_in<std::uint64_t>(now, "position"), number_in<std::uint64_t>(now, "head"));
    if (is_new && state == "following")
      return now;
    std::this_thread::sleep_for(between_looks);
    TRY(now, at.get("/projections"));
  }
}

result<json::object>
verify_at(const remote& at, const settings& with, const projections_options& asked) {
  TRY(status_at(at, with, asked));
  TRY(auto now, at.post("/projections/verification", {}));
  for (bar tell; text_in(now, "state") == "running";) {
    tell(number_in<std::uint64_t>(now, "done"), number_in<std::uint64_t>(now, "total"));
    std::this_thread::sleep_for(between_looks);
    TRY(now, at.get("/projections/verification"));
  }
  if (text_in(now, "state") == "done")
    return object_in(now, "result");
  const auto why = object_in(now, "error");
  const auto known = errc_from(text_in(why, "code"));
  return refuse(known.known ? known.code : errc::cancelled,
                why.empty() ? "the server was started again meanwhile: ask again"
                            : text_in(why, "message"));
}

} // namespace

int projections_status(const settings& with, const projections_options& asked) {
  return answer_status(with, [&]() -> result<json::object> {
    TRY(const auto server, remote::find(with));
    if (server)
      return status_at(*server, with, asked);
    TRY(const auto opened, open_both(with, asked));
    TRY(const auto status, projections::read_status(*opened.log, *opened.store));
    return projections::to_json(status);
  }());
}

int projections_rebuild(const settings& with, const projections_options& asked) {
  return answer_status(with, [&]() -> result<json::object> {
    TRY(const auto server, remote::find(with));
    if (server)
      return rebuild_at(*server, with, asked);
    TRY(const auto opened, open_both(with, asked));
    bar tell;
    TRY(const auto made, projections::rebuild(*opened.log, *opened.store, std::ref(tell)));
    return projections::to_json(made);
  }());
}

int projections_verify(const settings& with, const projections_options& asked) {
  const auto verified = [&]() -> result<json::object> {
    TRY(const auto server, remote::find(with));
    if (server)
      return verify_at(*server, with, asked);
    TRY(const auto opened, open_both(with, asked));
    bar tell;
    const auto scratch = with.data_dir + "/verify-" + to_string(random_uuid()) + ".sqlite";
    TRY(const auto found, projections::verify(*opened.log, *opened.store, scratch, std::ref(tell)));
    return projections::to_json(found);
  }();
  if (!verified)
    return static_cast<int>(report(with, verified.error()));
  const auto& of = verified.value();
  if (with.format == answer_format::json)
    print_json(of);
  else
    show_verification(of);
  return static_cast<int>(is_clean(of) ? exit_code::done : exit_code::failed);
}

} // namespace ash::cli
