// The listening socket: it takes connections and hands them to the threads in turn, and refuses
// those over a limit. Private to gateway/http.
#pragma once

#include "gateway/http/connections.hpp"

#include <functional>

namespace ash::gateway {

/// Errors: `argument_invalid` (no IP address), `io_failed` (in use, or not this machine's).
class listener {
public:
  /// `open` makes a connection's wire from its socket.
  using open_wire = std::function<std::unique_ptr<wire>(io_thread& on, accepted_socket socket)>;

  static result<std::unique_ptr<listener>> make(std::shared_ptr<serving> of,
                                                std::vector<std::shared_ptr<io_thread>> threads,
                                                open_wire open);
  ~listener();
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  void start();
  /// No more connections are taken once this has returned.
  void stop();

private:
  class socket;
  listener(std::shared_ptr<serving> of,
           std::vector<std::shared_ptr<io_thread>> threads,
           open_wire open);
  void take_all();
  void take(int descriptor, std::string client, bool ipv6);

  std::shared_ptr<serving> of_;
  std::vector<std::shared_ptr<io_thread>> threads_;
  open_wire open_;
  std::unique_ptr<socket> socket_;
  std::uint16_t port_ = 0;
  std::size_t next_ = 0;
};

} // namespace ash::gateway
