// Frames of an outlet on their way into one write: what goes before and after each, and the pieces
// in order. It holds what the pieces point at until it is cleared.
#pragma once

#include "gateway/live/outlet.hpp"

#include <array>
#include <cstddef>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

namespace ash::gateway {

std::size_t size_of(const frame& one) noexcept;

enum class framing : std::uint8_t {
  websocket, ///< each a text message of its own, not compressed
  chunked,   ///< each a chunk of an HTTP body
};

class frame_batch {
public:
  explicit frame_batch(framing how) : how_{how} {}

  void add(frame one);
  [[nodiscard]] bool empty() const noexcept { return held_.empty(); }
  /// Enough for one write: more only delays the first of them.
  [[nodiscard]] bool full() const noexcept;
  [[nodiscard]] std::size_t count() const noexcept { return held_.size(); }
  [[nodiscard]] std::span<const std::string_view> pieces() const noexcept { return pieces_; }
  /// Once it is written.
  void clear();

private:
  struct slot {
    frame what;
    std::array<char, 20> before{};
  };

  framing how_;
  std::deque<slot> held_; ///< whose elements never move
  std::vector<std::string_view> pieces_;
  std::size_t bytes_ = 0;
};

} // namespace ash::gateway
