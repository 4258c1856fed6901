#include "projections/store/store.hpp"

#include "projections/store/upsert_text.hpp"

namespace ash::projections {

std::string column_list(const table_shape& shape) {
  std::string out;
  for (const auto& each : shape.columns) {
    if (!out.empty())
      out += ", ";
    out += each.name;
  }
  return out;
}

std::string on_conflict(const table_shape& shape) {
  std::string out = " on conflict (" + std::string{shape.columns.front().name} + ") do update set ";
  for (std::size_t i = 1; i < shape.columns.size(); ++i) {
    const std::string name{shape.columns[i].name};
    out += (i == 1 ? "" : ", ") + name + " = excluded." + name;
  }
  return out;
}

result<std::unique_ptr<store>> make_store(const std::string& data_dir, const std::string& url) {
  if (url.empty())
    return make_sqlite_store(data_dir + "/read_models.sqlite");
  return make_postgres_store(url);
}

} // namespace ash::projections
