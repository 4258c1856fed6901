#include "events/codec/codec.hpp"
#include "events/codec/write.hpp"

namespace ash::codec {

encoded encode(const any_fact& fact) {
  encoded out;
  out.type = type_of(fact);
  out.transient = std::holds_alternative<turn::call_delta>(fact);
  wire_writer w{default_fields::omitted, &out.blobs};
  const auto root = std::visit([&](const auto& f) { return write_table(w, f); }, fact);
  out.payload = w.finish(root, fact_identifier);
  return out;
}

} // namespace ash::codec
