#include "cli/read_rows.hpp"

#include "cli/members.hpp"
#include "cli/remote.hpp"
#include "projections/read_models.hpp"

#include <algorithm>
#include <chrono>

namespace ash::cli {
namespace {

constexpr std::size_t rows_a_page = 500;
constexpr std::chrono::minutes longest_catching_up{30};

/// Where the API has a list.
std::string path_of(std::string_view what) {
  if (what == "budget_scopes")
    return "/budget/scopes";
  if (what == "budget_ledger")
    return "/budget/ledger";
  std::string path = "/" + std::string{what};
  std::replace(path.begin(), path.end(), '_', '-');
  return path;
}

/// Waits until the rows stand for all of the log; a store that stays away is what the answer says.
result<void> catch_up(const log::event_log& log, const projections::read_models& models) {
  constexpr std::chrono::milliseconds a_look{500};
  constexpr auto most_looks_away = 20; // 10 s: another command's projector is done by then
  const auto end = std::chrono::steady_clock::now() + longest_catching_up;
  for (auto away = 0;;) {
    auto caught = models.wait_for(log.head(), a_look);
    if (caught || caught.error().code != errc::timed_out || std::chrono::steady_clock::now() >= end)
      return caught;
    const auto now = models.status();
    away = now.doing == projections::activity::away ? away + 1 : 0;
    if (away >= most_looks_away)
      return refuse(errc::store_unavailable,
                    "the read models (" + now.store +
                        ") can't be brought up to date: " + now.problem);
  }
}

} // namespace

class row_source::parts {
public:
  std::optional<remote> server;
  std::unique_ptr<log::event_log> log;
  std::unique_ptr<projections::read_models> models; ///< reads `log`
};

row_source::row_source(std::unique_ptr<parts> with) : parts_{std::move(with)} {}
row_source::~row_source() = default;
row_source::row_source(row_source&&) noexcept = default;
row_source& row_source::operator=(row_source&&) noexcept = default;

result<row_source> row_source::open(const settings& with) {
  auto made = std::make_unique<parts>();
  TRY(made->server, remote::find(with));
  if (made->server) { // whose rows are a moment behind what it has answered
    TRY(const auto log, made->server->get("/log"));
    const auto head = std::to_string(number_in<std::uint64_t>(log, "head"));
    TRY(made->server->get("/budget/scopes?limit=1&min_position=" + head));
  } else {
    TRY(made->log, open_reader(with));
    projections::options where;
    where.data_dir = with.data_dir;
    TRY(made->models, projections::read_models::open(*made->log, std::move(where)));
    TRY(catch_up(*made->log, *made->models));
  }
  return row_source{std::move(made)};
}

result<json::array> row_source::all(std::string_view what, const filters& where) const {
  json::array out;
  for (std::string after;;) {
    json::array rows;
    if (parts_->server) {
      auto path = path_of(what) + "?limit=" + std::to_string(rows_a_page);
      for (const auto& [name, value] : where)
        path += "&" + name + "=" + url_encoded(value);
      if (!after.empty())
        path += "&after=" + url_encoded(after);
      TRY(const auto page, parts_->server->get(path));
      rows = array_in(page, "items");
      after = text_in(page, "next");
    } else {
      TRY(auto page, parts_->models->queries().list(what, where, {rows_a_page, after}));
      rows = std::move(page.rows);
      after = std::move(page.next);
    }
    for (auto& each : rows)
      out.push_back(std::move(each));
    if (after.empty())
      break;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

result<json::object> row_source::stats(const std::string& by) const {
  if (parts_->server)
    return parts_->server->get("/stats?by=" + url_encoded(by));
  return parts_->models->queries().stats(by);
}

result<std::string> row_source::run_id_of(const std::string& text) const {
  if (!parts_->server) {
    TRY(const auto run, resolve_run(*parts_->log, text));
    return to_string(run);
  }
  TRY(const auto run, parts_->server->get(run_path(text)));
  return text_in(run, "run");
}

} // namespace ash::cli
