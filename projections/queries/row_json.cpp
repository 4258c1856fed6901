#include "projections/queries/row_json.hpp"

#include "events/base/clock.hpp"

namespace ash::projections {
namespace {

json::value value_json(value_kind kind, const cell& of) {
  const auto* number = std::get_if<std::int64_t>(&of);
  const auto* text = std::get_if<std::string>(&of);
  switch (kind) {
  case value_kind::text:
    return text == nullptr ? json::value(nullptr) : json::value(*text);
  case value_kind::integer:
    return number == nullptr ? json::value(nullptr) : json::value(*number);
  case value_kind::flag:
    return number != nullptr && *number != 0;
  case value_kind::money:
    return json::value(decimal({number == nullptr ? 0 : *number}));
  case value_kind::time:
    return number == nullptr || *number == 0 ? json::value(nullptr)
                                             : json::value(to_iso({*number}));
  case value_kind::document:
    if (text == nullptr || text->empty())
      return nullptr;
    if (auto parsed = parse_json(*text, "a document"))
      return std::move(parsed).value();
    return json::value(*text); // as the one who wrote it meant it
  }
  return nullptr;
}

} // namespace

std::string decimal(usd amount) {
  auto text = to_string(amount);
  if (const auto sign = text.find('$'); sign != std::string::npos)
    text.erase(sign, 1);
  return text;
}

json::object row_json(const table_shape& shape, const row& of) {
  json::object out;
  for (std::size_t i = 0; i < shape.columns.size() && i < of.size(); ++i) {
    const auto& column = shape.columns[i];
    if (column.name == "seq")
      continue;
    std::string name{column.name};
    if (column.kind == value_kind::money)
      name += "_usd";
    else if (name == "commit_id") // `commit` is a word of SQL
      name = "commit";
    out[name] = value_json(column.kind, of[i]);
  }
  return out;
}

} // namespace ash::projections
