// The two ends of HTTP that the end-to-end tests need: asking a server that a test started, and
// answering whatever is asked with fixed bytes. On 127.0.0.1 only; no TLS, no proxies.
#pragma once

#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ash::e2e {

/// The body of a GET on 127.0.0.1; empty where nobody answers with status 2xx within 5 seconds.
std::string http_get(int port, const std::string& path, const std::string& token = {});
/// The same of a POST of JSON.
std::string
http_post(int port, const std::string& path, const std::string& token, const std::string& body);

/// A server that sends the same bytes to every request and closes.
class fixed_answer_server {
public:
  explicit fixed_answer_server(std::string bytes);
  ~fixed_answer_server();
  fixed_answer_server(const fixed_answer_server&) = delete;
  fixed_answer_server& operator=(const fixed_answer_server&) = delete;

  [[nodiscard]] int port() const noexcept { return port_; }
  /// The first lines of the requests so far.
  [[nodiscard]] std::vector<std::string> seen() const;

private:
  void serve();

  std::string bytes_;
  mutable std::mutex mutex_;
  std::vector<std::string> seen_;
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
};

} // namespace ash::e2e
