#include "actors/performers/documents.hpp"

#include <charconv>

namespace ash::performers {

result<sha256_digest> parse_sha256(std::string_view hex) {
  sha256_digest out;
  if (hex.size() != 2 * out.bytes.size())
    return refuse(errc::argument_invalid, "a SHA-256 has 64 hexadecimal characters");
  for (std::size_t i = 0; i < out.bytes.size(); ++i) {
    const auto* at = hex.data() + 2 * i;
    if (const auto read = std::from_chars(at, at + 2, out.bytes[i], 16); read.ptr != at + 2)
      return refuse(errc::argument_invalid, "a SHA-256 has 64 hexadecimal characters");
  }
  return out;
}

result<std::string> text_of(const document& what, const log::event_log& log) {
  if (!what.text.empty() || what.size == 0)
    return what.text;
  TRY(auto hash, parse_sha256(what.sha256));
  return log.read_blob(hash);
}

} // namespace ash::performers
