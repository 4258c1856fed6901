#include "tests/e2e/feed_socket.hpp"

#include "events/base/clock.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace ash::e2e {
namespace {

// Each the whole of its message.
constexpr char text_frame = '\x81';
constexpr char close_frame = '\x88';
constexpr char ping_frame = '\x89';
constexpr char pong_frame = '\x8A';

[[noreturn]] void fail(const char* what) {
  throw std::runtime_error{std::string{what} + ": " + std::strerror(errno)};
}

/// The size of a frame's head and of its text; a head of 0 where there is not enough.
struct frame_size {
  std::size_t head = 0;
  std::size_t text = 0;
};
frame_size size_of(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  if (bytes.size() < 2)
    return {};
  const std::size_t first = at(1) & 0x7FU;
  const std::size_t head = first == 127 ? 10 : first == 126 ? 4 : 2;
  if (bytes.size() < head)
    return {};
  std::size_t text = head == 2 ? first : 0;
  for (std::size_t i = 2; i < head; ++i)
    text = text << 8 | at(i);
  return {head, text};
}

} // namespace

feed_socket::feed_socket(int port, const std::string& token, room kept)
    : socket_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  const int bytes = 4'096;
  if (kept == room::little)
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (socket_ < 0 || connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    fail("connect");
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto hello = "GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                     "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                     "Sec-WebSocket-Protocol: actor-shell.v1.json\r\nAuthorization: Bearer " +
                     token + "\r\n\r\n";
  if (write(socket_, hello.data(), hello.size()) != static_cast<ssize_t>(hello.size()))
    fail("handshake");
  std::size_t end = std::string::npos;
  for (std::array<char, 1'024> some{}; end == std::string::npos; end = pending_.find("\r\n\r\n")) {
    const auto got = ::read(socket_, some.data(), some.size());
    if (got <= 0)
      fail("handshake");
    pending_.append(some.data(), static_cast<std::size_t>(got));
  }
  if (!pending_.starts_with("HTTP/1.1 101"))
    throw std::runtime_error{pending_};
  pending_.erase(0, end + 4);
}

feed_socket::feed_socket(int port,
                         const std::string& token,
                         std::string_view feed,
                         std::string_view after)
    : feed_socket{port, token} {
  subscribe("a", feed, after);
}

void feed_socket::subscribe(std::string_view id,
                            std::string_view feed,
                            std::string_view after) const {
  send(text_frame,
       R"({"type":"subscribe","id":")" + std::string{id} + R"(","feed":")" + std::string{feed} +
           R"(","after":)" + std::string{after} + '}');
}

feed_socket::feed_socket(feed_socket&& from) noexcept
    : socket_{std::exchange(from.socket_, -1)}, pending_{std::move(from.pending_)} {}

feed_socket::~feed_socket() {
  if (socket_ >= 0)
    close(socket_);
}

void feed_socket::make_non_blocking() const {
  fcntl(socket_, F_SETFL, fcntl(socket_, F_GETFL) | O_NONBLOCK);
}

void feed_socket::send(char kind, std::string_view text) const {
  std::string frame{kind}; // masked with zeros, which leaves the text as it is
  constexpr std::size_t longest_short = 125;
  if (text.size() <= longest_short) {
    frame += static_cast<char>(0x80U | text.size());
  } else {
    frame += '\xFE';
    frame += static_cast<char>(text.size() >> 8U);
    frame += static_cast<char>(text.size() & 0xFFU);
  }
  frame.append(4, '\0').append(text);
  if (write(socket_, frame.data(), frame.size()) != static_cast<ssize_t>(frame.size()))
    fail("send");
}

bool feed_socket::read(const std::function<void(std::string_view)>& take) {
  static thread_local std::array<char, 1U << 18U> some;
  const auto got = ::read(socket_, some.data(), some.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return true;
  if (got <= 0)
    return false;
  std::string_view bytes{some.data(), static_cast<std::size_t>(got)};
  if (!pending_.empty()) {
    pending_ += bytes;
    bytes = pending_;
  }
  for (auto size = size_of(bytes); size.head != 0 && bytes.size() >= size.head + size.text;
       size = size_of(bytes)) {
    if (bytes.front() == close_frame) {
      constexpr std::size_t code = 2;
      const auto why = bytes.substr(size.head, size.text);
      std::fprintf(stderr,
                   "the server says: %.*s\n",
                   static_cast<int>(why.size() < code ? 0 : why.size() - code),
                   why.data() + std::min(why.size(), code));
      return false;
    }
    if (bytes.front() == ping_frame)
      send(pong_frame, bytes.substr(size.head, size.text));
    else
      take(bytes.substr(size.head, size.text));
    bytes.remove_prefix(size.head + size.text);
  }
  std::string rest{bytes};
  pending_.swap(rest);
  return true;
}

feed_crowd::~feed_crowd() {
  close(all_);
}

void feed_crowd::add(feed_socket one) {
  one.make_non_blocking();
  epoll_event wanted{.events = EPOLLIN, .data = {.u64 = sockets_.size()}};
  epoll_ctl(all_, EPOLL_CTL_ADD, one.descriptor(), &wanted);
  sockets_.push_back(std::move(one));
}

void feed_crowd::read_for(std::int64_t time_us,
                          const std::function<void(std::size_t, std::string_view)>& take) {
  for (const auto end = monotonic_us() + time_us; monotonic_us() < end;) {
    const auto count = epoll_wait(all_, ready_.data(), static_cast<int>(ready_.size()), 1);
    for (int i = 0; i < count; ++i) {
      const auto which = ready_[static_cast<std::size_t>(i)].data.u64;
      if (!sockets_[which].read([&](std::string_view frame) { take(which, frame); }))
        throw std::runtime_error{"the server closed the connection of a client"};
    }
  }
}

} // namespace ash::e2e
