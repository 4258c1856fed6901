#include "tests/e2e/sockets.hpp"

#include <arpa/inet.h>
#include <cstdint>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace ash::e2e {
namespace {

constexpr timeval patience{5, 0};

sockaddr_in local(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

void be_patient(int socket) {
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

void send_all(int socket, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const auto count = send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0)
      return;
    sent += static_cast<std::size_t>(count);
  }
}

/// Reads a whole request: its head, and as much body as it says. Gives its first line.
std::string drain_request(int socket) {
  std::string came;
  char piece[16'384];
  std::size_t wanted = std::string::npos;
  while (came.size() < wanted) {
    const auto count = recv(socket, piece, sizeof piece, 0);
    if (count <= 0)
      break;
    came.append(piece, static_cast<std::size_t>(count));
    const auto head = came.find("\r\n\r\n");
    if (wanted != std::string::npos || head == std::string::npos)
      continue;
    const auto length = came.find("Content-Length: ");
    wanted = head + 4 + (length < head ? std::stoul(came.substr(length + 16)) : 0);
  }
  return came.substr(0, came.find('\r'));
}

/// The body of a good answer to `request`, a request line and headers of its own; else empty.
std::string ask(int port, const std::string& request, const std::string& body) {
  const auto socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  be_patient(socket);
  auto address = local(port);
  std::string came;
  if (connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    send_all(socket, request + "Host: 127.0.0.1\r\nConnection: close\r\n\r\n" + body);
    char piece[16'384];
    for (auto count = recv(socket, piece, sizeof piece, 0); count > 0;
         count = recv(socket, piece, sizeof piece, 0))
      came.append(piece, static_cast<std::size_t>(count));
  }
  close(socket);
  const auto head = came.find("\r\n\r\n");
  const auto good = came.substr(0, came.find('\r')).find(" 2") != std::string::npos;
  return good && head != std::string::npos ? came.substr(head + 4) : std::string{};
}

std::string bearer(const std::string& token) {
  return token.empty() ? std::string{} : "Authorization: Bearer " + token + "\r\n";
}

} // namespace

std::string http_get(int port, const std::string& path, const std::string& token) {
  return ask(port, "GET " + path + " HTTP/1.0\r\n" + bearer(token), {});
}

std::string
http_post(int port, const std::string& path, const std::string& token, const std::string& body) {
  return ask(port,
             "POST " + path + " HTTP/1.0\r\n" + bearer(token) +
                 "Content-Type: application/json\r\nContent-Length: " +
                 std::to_string(body.size()) + "\r\n",
             body);
}

fixed_answer_server::fixed_answer_server(std::string bytes)
    : bytes_{std::move(bytes)}, listener_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  auto address = local(0);
  socklen_t size = sizeof address;
  auto* place = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, place, size) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, place, &size) != 0)
    throw std::runtime_error{"can't listen on 127.0.0.1"};
  port_ = ntohs(address.sin_port);
  thread_ = std::thread{[this] { serve(); }};
}

fixed_answer_server::~fixed_answer_server() {
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

std::vector<std::string> fixed_answer_server::seen() const {
  const std::lock_guard lock{mutex_};
  return seen_;
}

void fixed_answer_server::serve() {
  while (true) {
    const auto client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0)
      return;
    be_patient(client);
    {
      const auto line = drain_request(client);
      const std::lock_guard lock{mutex_};
      seen_.push_back(line);
    }
    send_all(client, bytes_);
    shutdown(client, SHUT_WR);
    close(client);
  }
}

} // namespace ash::e2e
