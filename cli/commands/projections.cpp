#include "actors/shells/run_plan.hpp"
#include "cli/commands/commands.hpp"
#include "cli/terminal.hpp"
#include "projections/verify.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>

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
    std::fprintf(stderr,
                 "\r%s %lu of %lu facts, %s/s, %s left \x1b[K",
                 picture.c_str(),
                 static_cast<unsigned long>(done),
                 static_cast<unsigned long>(total),
                 show_count(static_cast<std::int64_t>(rate)).c_str(),
                 show_duration(static_cast<std::int64_t>(left)).c_str());
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

void show(const projections::projection_status& of) {
  std::printf("%s\nposition %lu of %lu: %lu facts, %.1f s behind; generation %lu\n\n",
              of.store.c_str(),
              static_cast<unsigned long>(of.position),
              static_cast<unsigned long>(of.head),
              static_cast<unsigned long>(of.lag_facts),
              of.lag_seconds,
              static_cast<unsigned long>(of.generation));
  std::vector<std::vector<std::string>> rows;
  for (const auto& each : of.views)
    rows.push_back({each.view,
                    std::to_string(each.position),
                    each.stopped_at == 0 ? "" : "STOPPED: " + each.message});
  std::printf(
      "%s", render_table({"VIEW", "POSITION", "STATE"}, rows, terminal_width(stream::out)).c_str());
}

bool has_stopped(const projections::projection_status& of) {
  return std::any_of(of.views.begin(), of.views.end(), [](const projections::view_status& each) {
    return each.stopped_at != 0;
  });
}

/// 1 where a view has stopped: a script is to notice.
int answer(const settings& with, const result<projections::projection_status>& got) {
  if (!got)
    return static_cast<int>(report(with, got.error()));
  if (with.format == answer_format::json)
    print_json(projections::to_json(got.value()));
  else
    show(got.value());
  return static_cast<int>(has_stopped(got.value()) ? exit_code::failed : exit_code::done);
}

json::object to_json(const projections::verification& of) {
  json::array differences;
  for (const auto& each : of.differences)
    differences.push_back(
        json::object{{"table", each.table}, {"key", each.key}, {"what", each.what}});
  json::array stopped;
  for (const auto& each : of.stopped)
    stopped.push_back(json::object{
        {"view", each.view}, {"position", each.stopped_at}, {"message", each.message}});
  return {{"clean", of.is_clean()},
          {"position", of.position},
          {"rows", of.rows},
          {"difference_count", of.count},
          {"differences", std::move(differences)},
          {"stopped", std::move(stopped)}};
}

void show(const projections::verification& of) {
  std::printf("%s: %lu rows as of position %lu, %lu differences\n",
              of.is_clean() ? "clean" : "NOT CLEAN",
              static_cast<unsigned long>(of.rows),
              static_cast<unsigned long>(of.position),
              static_cast<unsigned long>(of.count));
  for (const auto& each : of.differences)
    std::printf("  %s %s: %s\n", each.table.c_str(), each.key.c_str(), each.what.c_str());
  for (const auto& each : of.stopped)
    std::printf("  %s has stopped at position %lu: %s\n",
                each.view.c_str(),
                static_cast<unsigned long>(each.stopped_at),
                each.message.c_str());
  if (of.count > 0)
    std::fprintf(stderr, "make them again: actor-shell projections rebuild\n");
}

} // namespace

int projections_status(const settings& with, const projections_options& asked) {
  return answer(with, [&]() -> result<projections::projection_status> {
    TRY(const auto opened, open_both(with, asked));
    return projections::read_status(*opened.log, *opened.store);
  }());
}

int projections_rebuild(const settings& with, const projections_options& asked) {
  return answer(with, [&]() -> result<projections::projection_status> {
    TRY(const auto opened, open_both(with, asked));
    bar tell;
    return projections::rebuild(*opened.log, *opened.store, std::ref(tell));
  }());
}

int projections_verify(const settings& with, const projections_options& asked) {
  const auto verified = [&]() -> result<projections::verification> {
    TRY(const auto opened, open_both(with, asked));
    bar tell;
    const auto scratch = with.data_dir + "/verify-" + to_string(random_uuid()) + ".sqlite";
    return projections::verify(*opened.log, *opened.store, scratch, std::ref(tell));
  }();
  if (!verified)
    return static_cast<int>(report(with, verified.error()));
  if (with.format == answer_format::json)
    print_json(to_json(verified.value()));
  else
    show(verified.value());
  return static_cast<int>(verified.value().is_clean() ? exit_code::done : exit_code::failed);
}

} // namespace ash::cli
