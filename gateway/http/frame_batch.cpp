#include "gateway/http/frame_batch.hpp"

#include <charconv>
#include <utility>

namespace ash::gateway {
namespace {

constexpr std::size_t full_bytes = 64 * 1024;
constexpr std::size_t full_frames = 256;

char byte_of(std::size_t value, unsigned shift) {
  return static_cast<char>(static_cast<unsigned char>((value >> shift) & 0xFF));
}

/// RFC 6455, 5.2: the head of a text message in one frame, which a server never masks.
std::string_view websocket_head(std::span<char> room, std::size_t size) {
  constexpr char text_and_final = static_cast<char>(0x81);
  constexpr std::size_t short_size = 125;
  constexpr std::size_t medium_size = 0xFFFF;
  room[0] = text_and_final;
  if (size <= short_size) {
    room[1] = byte_of(size, 0);
    return {room.data(), 2};
  }
  if (size <= medium_size) {
    room[1] = 126;
    room[2] = byte_of(size, 8);
    room[3] = byte_of(size, 0);
    return {room.data(), 4};
  }
  room[1] = 127;
  for (std::size_t i = 0; i < 8; ++i)
    room[2 + i] = byte_of(size, static_cast<unsigned>(56 - 8 * i));
  return {room.data(), 10};
}

std::string_view chunk_head(std::span<char> room, std::size_t size) {
  auto* end = std::to_chars(room.data(), room.data() + room.size() - 2, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return {room.data(), static_cast<std::size_t>(end - room.data())};
}

} // namespace

std::size_t size_of(const frame& one) noexcept {
  return one.head.size() + (one.shared ? one.shared->size() : 0) + one.tail.size();
}

void frame_batch::add(frame one) {
  const auto size = size_of(one);
  if (size == 0 && how_ == framing::chunked)
    return; // an empty chunk would end the body
  auto& held = held_.emplace_back(slot{std::move(one)});
  const auto push = [this](std::string_view piece) {
    if (!piece.empty())
      pieces_.push_back(piece);
    bytes_ += piece.size();
  };
  push(how_ == framing::websocket ? websocket_head(held.before, size)
                                  : chunk_head(held.before, size));
  push(held.what.head);
  if (held.what.shared)
    push(*held.what.shared);
  push(held.what.tail);
  if (how_ == framing::chunked)
    push("\r\n");
}

bool frame_batch::full() const noexcept {
  return bytes_ >= full_bytes || held_.size() >= full_frames;
}

void frame_batch::clear() {
  // Ten thousand idle connections keep nothing.
  std::deque<slot>{}.swap(held_);
  std::vector<std::string_view>{}.swap(pieces_);
  bytes_ = 0;
}

} // namespace ash::gateway
