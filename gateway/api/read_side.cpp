#include "gateway/api/read_side.hpp"

#include "projections/read_models.hpp"
#include "projections/verify.hpp"

namespace ash::gateway {

read_side read_side_of(projections::read_models& models) {
  read_side out;
  out.list = [&models](const list_request& asked) -> result<row_page> {
    TRY(projections::check_current(models.status()));
    TRY(auto page, models.queries().list(asked.what, asked.filters, {asked.limit, asked.after}));
    return row_page{std::move(page.rows), std::move(page.next), page.total, page.position};
  };
  out.get = [&models](std::string_view what,
                      std::string_view id) -> result<std::optional<json::object>> {
    TRY(projections::check_current(models.status()));
    return models.queries().get(what, id);
  };
  out.stats = [&models](std::string_view by) -> result<json::object> {
    TRY(projections::check_current(models.status()));
    return models.queries().stats(by);
  };
  out.status = [&models] { return projections::to_json(models.status()); };
  out.rebuild = [&models] { models.rebuild(); };
  out.verify = [&models](const auto& tell, const std::stop_token& stop) -> result<json::object> {
    TRY(const auto found, models.verify(tell, stop));
    return projections::to_json(found);
  };
  out.wait_for = [&models](std::uint64_t position, std::chrono::milliseconds limit) {
    // A store that is away keeps nobody waiting.
    const auto now = models.status();
    const auto moves = now.doing == projections::activity::following ||
                       (now.doing == projections::activity::rebuilding && now.is_current);
    return moves && models.wait_for(position, limit).has_value();
  };
  return out;
}

} // namespace ash::gateway
