#include "gateway/api/read_side.hpp"

#include "projections/read_models.hpp"

namespace ash::gateway {

read_side read_side_of(projections::read_models& models) {
  read_side out;
  out.list = [&models](const list_request& asked) -> result<row_page> {
    TRY(auto page, models.queries().list(asked.what, asked.filters, {asked.limit, asked.after}));
    return row_page{std::move(page.rows), std::move(page.next), page.total, page.position};
  };
  out.get = [&models](std::string_view what, std::string_view id) {
    return models.queries().get(what, id);
  };
  out.stats = [&models](std::string_view by) { return models.queries().stats(by); };
  out.status = [&models] { return projections::to_json(models.status()); };
  out.rebuild = [&models] { models.rebuild(); };
  out.wait_for = [&models](std::uint64_t position, std::chrono::milliseconds limit) {
    // A store that is away keeps nobody waiting.
    return models.status().doing == projections::activity::following &&
           models.wait_for(position, limit).has_value();
  };
  return out;
}

} // namespace ash::gateway
