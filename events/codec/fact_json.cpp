#include "events/codec/codec.hpp"
#include "events/codec/describe_json.hpp"

namespace ash::codec {

json::object to_json(const any_fact& fact) {
  return std::visit([](const auto& f) { return detail::members_json(f); }, fact);
}

} // namespace ash::codec
