#include "events/base/hash.hpp"

#include "events/base/check.hpp"

#include <memory>
#include <openssl/evp.h>

namespace ash {

sha256_digest sha256(std::string_view bytes) {
  return sha256({bytes});
}

sha256_digest sha256(std::initializer_list<std::string_view> parts) {
  // Fetching the algorithm costs more than hashing a small record: once a process is enough.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{
      EVP_MD_CTX_new(), &EVP_MD_CTX_free};
  sha256_digest digest;
  bool good = EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1;
  for (const auto part : parts)
    good = good && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  check(good && EVP_DigestFinal_ex(context.get(), digest.bytes.data(), nullptr) == 1,
        "SHA-256 is unavailable");
  return digest;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const auto c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    text += digits[byte >> 4];
    text += digits[byte & 0xF];
  }
  return text;
}

} // namespace ash
