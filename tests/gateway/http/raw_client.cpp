#include "tests/gateway/http/raw_client.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace ash::gateway::testing {
namespace {

constexpr int patience_ms = 20'000;

} // namespace

raw_client::raw_client(int port) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    ::close(socket_);
    socket_ = -1;
  }
}

raw_client::~raw_client() {
  if (socket_ >= 0)
    ::close(socket_);
}

raw_client::raw_client(raw_client&& other) noexcept
    : socket_{std::exchange(other.socket_, -1)}, buffer_{std::move(other.buffer_)} {}

bool raw_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void raw_client::finish() {
  ::shutdown(socket_, SHUT_WR);
}

void raw_client::reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(std::exchange(socket_, -1));
}

bool raw_client::fill() {
  pollfd one{socket_, POLLIN, 0};
  if (::poll(&one, 1, patience_ms) <= 0)
    return false;
  std::array<char, 65'536> bytes{};
  const auto got = ::recv(socket_, bytes.data(), bytes.size(), 0);
  if (got <= 0)
    return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(got));
  return true;
}

std::string raw_client::read_exactly(std::size_t bytes) {
  while (buffer_.size() < bytes && fill())
    ;
  auto out = buffer_.substr(0, bytes);
  buffer_.erase(0, out.size());
  return out;
}

std::string raw_client::read_until(std::string_view mark) {
  for (;;) {
    const auto at = buffer_.find(mark);
    if (at != std::string::npos)
      return read_exactly(at + mark.size());
    if (!fill())
      return {};
  }
}

raw_client::answer raw_client::read_answer() {
  answer out;
  out.head = read_until("\r\n\r\n");
  if (out.head.size() < 12)
    return out;
  out.status = std::stoi(out.head.substr(9, 3));
  constexpr std::string_view name = "Content-Length: ";
  const auto length = out.head.find(name);
  if (length != std::string::npos)
    out.body = read_exactly(std::stoul(out.head.substr(length + name.size())));
  return out;
}

std::string raw_client::read_to_end() {
  while (fill())
    ;
  return std::exchange(buffer_, {});
}

bool raw_client::is_closed() {
  if (!buffer_.empty())
    return false;
  pollfd one{socket_, POLLIN, 0};
  if (::poll(&one, 1, patience_ms) <= 0)
    return false;
  char byte = 0;
  return ::recv(socket_, &byte, 1, 0) <= 0;
}

raw_client::answer raw_client::upgrade(std::string_view extra) {
  send("GET /api/v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
       "Sec-WebSocket-Protocol: actor-shell.v1.json\r\n" +
       std::string{extra} + "\r\n");
  return read_answer();
}

std::optional<raw_client::ws_frame> raw_client::read_frame() {
  const auto start = read_exactly(2);
  if (start.size() < 2)
    return std::nullopt;
  const auto first = static_cast<unsigned char>(start[0]);
  auto size = static_cast<std::size_t>(static_cast<unsigned char>(start[1]) & 0x7F);
  if (size >= 126) {
    const auto bytes = read_exactly(size == 126 ? 2 : 8);
    size = 0;
    for (const char each : bytes)
      size = size << 8 | static_cast<unsigned char>(each);
  }
  ws_frame out;
  out.opcode = first & 0x0F;
  out.final = (first & 0x80) != 0;
  out.compressed = (first & 0x40) != 0;
  out.payload = read_exactly(size);
  return out;
}

int raw_client::read_close_code() {
  constexpr int close = 8;
  while (const auto got = read_frame())
    if (got->opcode == close && got->payload.size() >= 2)
      return static_cast<unsigned char>(got->payload[0]) << 8 |
             static_cast<unsigned char>(got->payload[1]);
  return 0;
}

std::string client_frame(std::uint8_t first, std::string_view payload, masking how) {
  constexpr std::array<char, 4> mask{'\x12', '\x34', '\x56', '\x78'};
  const auto mask_bit = how == masking::masked ? 0x80U : 0U;
  const auto byte = [](std::size_t value) { return static_cast<char>(value & 0xFF); };
  std::string out{static_cast<char>(first)};
  if (payload.size() < 126) {
    out += byte(payload.size() | mask_bit);
  } else if (payload.size() < 65'536) {
    out += byte(126U | mask_bit);
    out += byte(payload.size() >> 8);
    out += byte(payload.size());
  } else {
    out += byte(127U | mask_bit);
    for (int shift = 56; shift >= 0; shift -= 8)
      out += byte(payload.size() >> shift);
  }
  if (how == masking::bare)
    return out + std::string{payload};
  out.append(mask.data(), mask.size());
  for (std::size_t i = 0; i < payload.size(); ++i)
    out += static_cast<char>(payload[i] ^ mask[i % mask.size()]);
  return out;
}

} // namespace ash::gateway::testing
