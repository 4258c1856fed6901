#include "events/codec/codec.hpp"

#include "events/base/text.hpp"
#include "events/codec/pack.hpp"
#include "events/codec/read.hpp"

#include <unordered_map>

namespace ash::codec {
namespace {

using decoder = bool (*)(wire_reader&, const wire_table&, any_fact&);

template <class Fact> bool decode_one(wire_reader& r, const wire_table& root, any_fact& out) {
  return read_table(r, root, out.emplace<Fact>());
}

const std::unordered_map<std::string_view, decoder>& decoders() {
  static const auto all = [] {
    std::unordered_map<std::string_view, decoder> table;
    boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, every_fact>>(
        [&](auto each) {
          using fact = typename decltype(each)::type;
          table.emplace(fact::type, &decode_one<fact>);
        });
    return table;
  }();
  return all;
}

} // namespace

bool assign_text(wire_reader& r, std::string_view text, stream_id& out) {
  if (text.empty()) {
    out = {};
    return true;
  }
  auto parsed = stream_id::parse(text);
  if (!parsed)
    return r.fail("a stream has no such name");
  out = std::move(parsed).assume_value();
  return true;
}

bool is_sound(wire_reader& r, const document& read) {
  if (read.size < 0 || (!read.text.empty() && read.size != std::ssize(read.text)))
    return r.fail("a document has another size") || r.failed_in("size");
  const auto is_address =
      read.text.empty() ? is_document_address(read.sha256) : read.sha256 == sha256_hex(read.text);
  return is_address || r.fail("a document has another sha256") || r.failed_in("sha256");
}

std::uint64_t fingerprint_of(std::string_view outline) {
  const auto digest = sha256(outline);
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < sizeof first; ++i)
    first = first << 8 | digest.bytes[i];
  return first;
}

result<any_fact>
decode(std::string_view type, std::uint16_t schema_version, std::string_view payload) {
  const auto found = decoders().find(type);
  if (found == decoders().end())
    return refuse(errc::log_corrupt,
                  "no fact has the type '" + printable(type.substr(0, 100)) +
                      "': was it written by a newer actor-shell?");
  const auto subject = [&] { return "a payload of " + std::string{type}; };
  if (schema_version == 0 || schema_version > schema_version_now)
    return refuse(errc::log_corrupt,
                  subject() + " has schema version " + std::to_string(schema_version) +
                      ", and this reads up to " + std::to_string(schema_version_now) +
                      ": was it written by a newer actor-shell?");
  wire_reader r{payload};
  wire_table root;
  any_fact fact;
  if (!r.root(fact_identifier, root) || !found->second(r, root, fact))
    return r.why(subject());
  return fact;
}

} // namespace ash::codec
