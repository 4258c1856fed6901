#include "gateway/http/listener.hpp"

#include "events/base/text.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <future>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace ash::gateway {
namespace {

constexpr int backlog = 4'096;
/// What the kernel keeps for a client that reads slowly, so that ten thousand of them fit.
constexpr int send_buffer_bytes = 256 * 1024;
constexpr std::chrono::milliseconds without_descriptors{100};

constexpr std::string_view full_answer =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
    "Connection: close\r\n\r\n";

struct address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

result<address> parse_address(const std::string& text, std::uint16_t port) {
  address out;
  auto* four = reinterpret_cast<sockaddr_in*>(&out.bytes);
  if (::inet_pton(AF_INET, text.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    out.size = sizeof(sockaddr_in);
    return out;
  }
  auto* six = reinterpret_cast<sockaddr_in6*>(&out.bytes);
  if (::inet_pton(AF_INET6, text.c_str(), &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    out.size = sizeof(sockaddr_in6);
    return out;
  }
  return refuse(errc::argument_invalid,
                "'" + printable(text) + "' is no IP address to listen on: use 127.0.0.1 or ::1");
}

std::string text_of(const sockaddr_storage& from) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (from.ss_family == AF_INET6)
    ::inet_ntop(
        AF_INET6, &reinterpret_cast<const sockaddr_in6&>(from).sin6_addr, out.data(), out.size());
  else
    ::inet_ntop(
        AF_INET, &reinterpret_cast<const sockaddr_in&>(from).sin_addr, out.data(), out.size());
  return out.data();
}

} // namespace

/// The socket and the thread that waits on it.
class listener::socket {
public:
  explicit socket(int number) : number_{number}, stop_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {}
  ~socket() {
    stop();
    ::close(number_);
    ::close(stop_);
  }
  socket(const socket&) = delete;
  socket& operator=(const socket&) = delete;

  [[nodiscard]] int number() const noexcept { return number_; }

  void start(std::function<void()> something_came) {
    thread_ = std::thread{[this, come = std::move(something_came)] {
      std::array<pollfd, 2> both{{{number_, POLLIN, 0}, {stop_, POLLIN, 0}}};
      for (;;) {
        ::poll(both.data(), both.size(), -1);
        if (both[1].revents != 0)
          return;
        come();
      }
    }};
  }

  void stop() {
    if (!thread_.joinable())
      return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(stop_, &one, sizeof one);
    thread_.join();
    ::shutdown(number_, SHUT_RDWR); // who connects from now on is refused, and does not wait
  }

private:
  int number_;
  int stop_;
  std::thread thread_;
};

listener::listener(std::shared_ptr<serving> of,
                   std::vector<std::shared_ptr<io_thread>> threads,
                   open_wire open)
    : of_{std::move(of)}, threads_{std::move(threads)}, open_{std::move(open)} {}

listener::~listener() = default;

result<std::unique_ptr<listener>> listener::make(std::shared_ptr<serving> of,
                                                 std::vector<std::shared_ptr<io_thread>> threads,
                                                 open_wire open) {
  const auto& options = of->options;
  TRY(auto where, parse_address(options.address, options.port));
  const auto place = options.address + " port " + std::to_string(options.port);
  const int number =
      ::socket(where.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (number < 0)
    return system_error("make a socket for " + place, errno);
  std::unique_ptr<listener> made{new listener{of, std::move(threads), std::move(open)}};
  made->socket_ = std::make_unique<socket>(number);
  const int on = 1;
  ::setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); // connections inherit these
  ::setsockopt(number, SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes);
  if (::bind(number, reinterpret_cast<const sockaddr*>(&where.bytes), where.size) != 0 ||
      ::listen(number, backlog) != 0) {
    auto refused = system_error("can't listen on " + place, errno);
    refused.message += "; give another address or port with --listen";
    return refused;
  }
  ::getsockname(number, reinterpret_cast<sockaddr*>(&where.bytes), &where.size);
  made->port_ = ntohs(where.bytes.ss_family == AF_INET6
                          ? reinterpret_cast<const sockaddr_in6&>(where.bytes).sin6_port
                          : reinterpret_cast<const sockaddr_in&>(where.bytes).sin_port);
  return made;
}

void listener::start() {
  socket_->start([this] { take_all(); });
}

void listener::stop() {
  socket_->stop();
}

void listener::take_all() {
  for (;;) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int taken = ::accept4(
        socket_->number(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (taken >= 0) {
      take(taken, text_of(from), from.ss_family == AF_INET6);
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      if (of_->with.complain)
        of_->with.complain("no more connections can be taken: " +
                           std::string{std::strerror(errno)});
      std::this_thread::sleep_for(without_descriptors);
      return;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINVAL || errno == EBADF)
      return;
    // Anything else is the fault of the one connection.
  }
}

void listener::take(int descriptor, std::string client, bool ipv6) {
  ++of_->counts.accepted;
  if (of_->book.come(client) != guest_book::entry::welcome) {
    ++of_->counts.refused_connections;
    if (of_->options.certificate_file.empty())
      ::send(descriptor, full_answer.data(), full_answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::close(descriptor);
    return;
  }
  const auto& on = threads_[next_++ % threads_.size()];
  auto who = std::make_shared<guest>(of_, std::move(client));
  on->post([this, on, who = std::move(who), descriptor, ipv6] {
    begin_http({on, of_, open_(*on, {descriptor, ipv6}), std::move(*who)});
  });
}

} // namespace ash::gateway
