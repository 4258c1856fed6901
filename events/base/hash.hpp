// SHA-256, for content addresses and the log's chain.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace ash {

struct sha256_digest {
  std::array<std::uint8_t, 32> bytes{};

  friend auto operator<=>(const sha256_digest&, const sha256_digest&) = default;
};

sha256_digest sha256(std::string_view bytes);
/// The digest of the parts one after another.
sha256_digest sha256(std::initializer_list<std::string_view> parts);

/// The raw 32 bytes, as a view of `digest`.
inline std::string_view view(const sha256_digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

/// Lower-case hexadecimal, two characters a byte.
std::string to_hex(std::string_view bytes);
inline std::string to_string(const sha256_digest& digest) {
  return to_hex(view(digest));
}
inline std::string sha256_hex(std::string_view bytes) {
  return to_string(sha256(bytes));
}

} // namespace ash
