#include "tests/actors/providers/canned_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace ash::provider::test {
namespace {

bool send_all(int socket, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto count = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0)
      return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

/// Reads one request with a `Content-Length`; empty at the end of the connection.
std::string read_request(int socket) {
  std::string text;
  std::array<char, 4096> buffer{};
  std::size_t whole = std::string::npos;
  while (text.size() < whole) {
    const auto count = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (count <= 0)
      return {};
    text.append(buffer.data(), static_cast<std::size_t>(count));
    const auto head = text.find("\r\n\r\n");
    const auto length = text.find("Content-Length: ");
    if (whole == std::string::npos && head != std::string::npos && length != std::string::npos)
      whole = head + 4 + std::stoul(text.substr(length + 16));
  }
  return text;
}

} // namespace

canned whole_answer(int status,
                    const std::string& content_type,
                    const std::string& body,
                    const std::string& headers) {
  return {{"HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + content_type +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body},
          then::keep_open};
}

canned streamed(std::vector<std::string> pieces, then after) {
  pieces.insert(pieces.begin(), "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
  return {std::move(pieces), after};
}

canned streamed_in_pieces(const std::string& body, std::size_t size) {
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < body.size(); at += size)
    pieces.push_back(body.substr(at, size));
  return streamed(std::move(pieces));
}

canned_server::canned_server(std::deque<canned> answers) : answers_(std::move(answers)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error{"no socket on the loopback"};
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread{[this] { listen_on(); }};
}

canned_server::~canned_server() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock{mutex_};
    for (const auto socket : sockets_)
      ::shutdown(socket, SHUT_RDWR);
  }
  for (auto& worker : workers_)
    worker.join();
  for (const auto socket : sockets_)
    ::close(socket);
  ::close(listener_);
}

std::string canned_server::url() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

std::string canned_server::request(std::size_t number) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return requests_.size() > number; });
  return requests_[number];
}

int canned_server::connections() {
  const std::lock_guard lock{mutex_};
  return connections_;
}

void canned_server::wait_until_left() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return left_ > 0; });
}

void canned_server::listen_on() {
  while (true) {
    const auto socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0)
      return;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::lock_guard lock{mutex_};
    ++connections_;
    sockets_.push_back(socket);
    workers_.emplace_back([this, socket] { serve(socket); });
  }
}

void canned_server::serve(int socket) {
  while (answer_one(socket)) {
  }
  ::shutdown(socket, SHUT_RDWR);
}

bool canned_server::answer_one(int socket) {
  auto text = read_request(socket);
  if (text.empty())
    return false;
  canned answer;
  {
    const std::lock_guard lock{mutex_};
    requests_.push_back(std::move(text));
    if (answers_.empty())
      return false;
    answer = std::move(answers_.front());
    answers_.pop_front();
  }
  changed_.notify_all();
  const auto sent = std::all_of(answer.pieces.begin(), answer.pieces.end(), [&](const auto& piece) {
    return send_all(socket, piece);
  });
  if (answer.after == then::hang) {
    char byte = 0;
    while (sent && ::recv(socket, &byte, 1, 0) > 0) {
    }
    const std::lock_guard lock{mutex_};
    ++left_;
    changed_.notify_all();
    return false;
  }
  return sent && answer.after == then::keep_open;
}

} // namespace ash::provider::test
