#include "events/codec/describe_json.hpp"

#include "events/base/text.hpp"

namespace ash::codec::detail {

json::value json_of(std::string_view text) {
  const auto repaired = is_valid_utf8(text) ? std::string{} : to_valid_utf8(text);
  const auto valid = repaired.empty() ? text : std::string_view{repaired};
  return json::string{valid.data(), valid.size()};
}

json::value json_of(usd amount) {
  auto text = to_string(amount);
  text.erase(text.find('$'), 1);
  return json_of(std::string_view{text});
}

json::value json_of(instant at) {
  return json_of(std::string_view{to_iso(at)});
}

json::value json_of(const document& doc) {
  json::object object{{"sha256", json_of(doc.sha256)}, {"size", doc.size}};
  if (!doc.text.empty())
    object["text"] = json_of(doc.text);
  return object;
}

} // namespace ash::codec::detail
