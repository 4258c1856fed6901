// A thread of connections: each connection lives on one, so nothing of it needs a lock. Once a
// second every connection looks at its time limits.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace ash::gateway {

/// What a thread does with its connections. Called on that thread alone.
class connection {
public:
  virtual ~connection() = default;
  virtual void tick(std::chrono::steady_clock::time_point now) = 0;
  /// Something may be there to be sent.
  virtual void woken() = 0;
  /// Ends in an orderly way: what is being answered is answered, a live client hears the reason.
  virtual void stop(std::string_view reason) = 0;
  /// Ends at once.
  virtual void close() noexcept = 0;
};

class io_thread : public std::enable_shared_from_this<io_thread> {
public:
  io_thread();
  ~io_thread();
  io_thread(const io_thread&) = delete;
  io_thread& operator=(const io_thread&) = delete;

  void start();
  [[nodiscard]] boost::asio::io_context& context() noexcept { return *context_; }

  // -- from any thread --------------------------------------------------------------------------

  void post(std::function<void()> job);
  /// Calls `woken` there soon, if the connection still lives; of many calls in a row one counts.
  void wake(std::weak_ptr<connection> which);
  [[nodiscard]] std::size_t connections() const noexcept { return count_; }
  /// Asks every connection to stop, those that come later too.
  void stop_connections(std::string_view reason);
  void close_connections();
  /// Ends the thread. What connections are left is dropped.
  void join();

  // -- from the thread itself -------------------------------------------------------------------

  void add(std::shared_ptr<connection> one);
  void remove(const connection* one);

private:
  struct ticker;

  /// A copy, since a connection may end while it is asked something.
  [[nodiscard]] std::vector<std::shared_ptr<connection>> everyone() const;
  void drain();
  void tick_all();

  std::unique_ptr<boost::asio::io_context> context_;
  std::unique_ptr<ticker> ticker_;
  std::thread thread_;
  std::unordered_map<const connection*, std::shared_ptr<connection>> all_;
  std::atomic<std::size_t> count_ = 0;
  std::string stopping_; ///< the reason, once it stops
  bool stops_ = false;
  std::mutex mutex_;
  std::vector<std::weak_ptr<connection>> woken_;
};

} // namespace ash::gateway
