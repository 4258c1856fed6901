// Rows of the read models for commands: from the server that holds the data directory, or made from
// the log here. Both give the same rows, as the API documents them.
#pragma once

#include "cli/context.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>

namespace ash::cli {

class row_source {
public:
  /// Without a server the read models in the data directory are first brought up to the log's end.
  /// Errors: those of reaching the server, `file_not_found` where there is no log yet, those of the
  /// store.
  static result<row_source> open(const settings& with);
  ~row_source();
  row_source(row_source&&) noexcept;
  row_source& operator=(row_source&&) noexcept;

  using filters = std::map<std::string, std::string>;
  /// Every row that the filters let through, oldest first. `what` is a list's name as
  /// `projections::queries` has it, such as `budget_scopes`.
  [[nodiscard]] result<json::array> all(std::string_view what, const filters& where) const;
  /// As `projections::queries::stats`.
  [[nodiscard]] result<json::object> stats(const std::string& by) const;
  /// A run by its id or the beginning of it, whole.
  [[nodiscard]] result<std::string> run_id_of(const std::string& text) const;

private:
  class parts;
  explicit row_source(std::unique_ptr<parts> with);
  std::unique_ptr<parts> parts_;
};

} // namespace ash::cli
