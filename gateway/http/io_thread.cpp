#include "gateway/http/io_thread.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace ash::gateway {
namespace {

namespace asio = boost::asio;
using executor = asio::io_context::executor_type;
using timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>,
                                         executor>;

constexpr std::chrono::seconds tick_time{1};

} // namespace

struct io_thread::ticker {
  explicit ticker(asio::io_context& on) : work{on.get_executor()}, clock{on} {}
  asio::executor_work_guard<executor> work;
  timer clock;
};

io_thread::io_thread()
    : context_{std::make_unique<asio::io_context>(1)}, ticker_{
                                                           std::make_unique<ticker>(*context_)} {}

io_thread::~io_thread() {
  join();
}

void io_thread::start() {
  asio::post(*context_, [this] { tick_all(); });
  thread_ = std::thread{[this] { context_->run(); }};
}

void io_thread::post(std::function<void()> job) {
  asio::post(*context_, std::move(job));
}

void io_thread::wake(std::weak_ptr<connection> which) {
  {
    const std::lock_guard lock{mutex_};
    woken_.push_back(std::move(which));
    if (woken_.size() > 1)
      return;
  }
  asio::post(*context_, [this] { drain(); });
}

void io_thread::drain() {
  std::vector<std::weak_ptr<connection>> woken;
  {
    const std::lock_guard lock{mutex_};
    woken.swap(woken_);
  }
  for (const auto& each : woken)
    if (const auto one = each.lock())
      one->woken();
}

std::vector<std::shared_ptr<connection>> io_thread::everyone() const {
  std::vector<std::shared_ptr<connection>> all;
  all.reserve(all_.size());
  for (const auto& [_, one] : all_)
    all.push_back(one);
  return all;
}

void io_thread::tick_all() {
  const auto now = std::chrono::steady_clock::now();
  for (const auto& one : everyone())
    one->tick(now);
  ticker_->clock.expires_after(tick_time);
  ticker_->clock.async_wait([this](boost::system::error_code failed) {
    if (!failed)
      tick_all();
  });
}

void io_thread::add(std::shared_ptr<connection> one) {
  const auto* key = one.get();
  const auto held = all_.emplace(key, std::move(one)).first->second;
  count_ = all_.size();
  if (stops_)
    held->stop(stopping_);
}

void io_thread::remove(const connection* one) {
  all_.erase(one);
  count_ = all_.size();
}

void io_thread::stop_connections(std::string_view reason) {
  post([this, why = std::string{reason}] {
    stops_ = true;
    stopping_ = why;
    for (const auto& one : everyone())
      one->stop(why);
  });
}

void io_thread::close_connections() {
  post([this] {
    for (const auto& one : everyone())
      one->close();
  });
}

void io_thread::join() {
  if (!thread_.joinable())
    return;
  context_->stop();
  thread_.join();
  // What the handlers hold goes here, while what they refer to is still there.
  all_.clear();
  count_ = 0;
  ticker_.reset();
  context_.reset();
}

} // namespace ash::gateway
