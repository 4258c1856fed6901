// An HTTP server on the loopback that answers with bytes given beforehand, one answer a request,
// and keeps the requests that came. A test owns one. It understands no more of HTTP than a length.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ash::provider::test {

/// What happens once the bytes are out.
enum class then { keep_open, close, hang };

struct canned {
  std::vector<std::string> pieces; ///< each a write of its own
  then after = then::close;
};

/// A whole answer with its length, after which the connection can be used again.
canned whole_answer(int status,
                    const std::string& content_type,
                    const std::string& body,
                    const std::string& headers = "");
/// A streamed answer whose body ends with the connection.
canned streamed(std::vector<std::string> pieces, then after = then::close);
/// The same with one write for every `size` bytes of `body`.
canned streamed_in_pieces(const std::string& body, std::size_t size);

class canned_server {
public:
  explicit canned_server(std::deque<canned> answers);
  ~canned_server();
  canned_server(const canned_server&) = delete;
  canned_server& operator=(const canned_server&) = delete;

  /// `http://127.0.0.1:PORT`.
  [[nodiscard]] std::string url() const;
  /// The request with this number, from 0, head and body; waits for it.
  std::string request(std::size_t number);
  [[nodiscard]] int connections();
  /// Waits until a connection that hung was closed by the other side.
  void wait_until_left();

private:
  void listen_on();
  void serve(int socket);
  bool answer_one(int socket);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<canned> answers_;
  std::vector<std::string> requests_;
  std::vector<int> sockets_;
  int connections_ = 0;
  int left_ = 0;
  int listener_ = -1;
  int port_ = 0;
  std::vector<std::thread> workers_;
  std::thread acceptor_;
};

} // namespace ash::provider::test
