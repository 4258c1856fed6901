// The tokens of cl100k_base by their bytes. Immutable. Private to actors/tokens.
#pragma once

#include "events/base/result.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace ash::tokens {

class vocabulary {
public:
  /// Of bytes that are no token; greater than every rank.
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  /// A module of the npm package js-tiktoken: `export default {…};`, whose member `bpe_ranks` has
  /// lines of `! FIRST_RANK BASE64 BASE64 …`. Errors: `argument_invalid`.
  static result<vocabulary> parse(std::string_view module);

  /// The rank of a token with these bytes, or `none`.
  [[nodiscard]] std::uint32_t find(std::string_view bytes) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return begins_.size() - 1; }

private:
  result<void> add_line(std::string_view line);
  void index();
  [[nodiscard]] std::string_view token(std::uint32_t rank) const noexcept;

  std::string bytes_;                    ///< of all tokens, in the order of their ranks
  std::vector<std::uint32_t> begins_{0}; ///< of each token in `bytes_`, and the end
  std::vector<std::uint32_t> slots_;     ///< a hash table of ranks
  std::vector<std::uint32_t> pairs_;     ///< the ranks of tokens of two bytes, by these
  std::size_t longest_ = 0;              ///< token, in bytes
};

} // namespace ash::tokens
