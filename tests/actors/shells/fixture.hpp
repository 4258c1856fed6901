// Shells over a log in memory that can hold its answers back or fail, and a performer that does
// nothing by itself.
#pragma once

#include "actors/shells/shells.hpp"
#include "events/log/memory_log.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <thread>

namespace ash::shells_testing {

using namespace std::chrono_literals;

/// Forwards to a log in memory. While it holds, appends wait for `release`.
class test_log final : public log::event_log {
public:
  void append(log::append_request what, log::on_appended then) override {
    {
      std::scoped_lock lock(mutex_);
      ++appends;
      if (!failures_.empty()) {
        auto why = failures_.front();
        failures_.erase(failures_.begin());
        then(std::move(why));
        return;
      }
      if (holding_) {
        held_.emplace_back(std::move(what), std::move(then));
        return;
      }
    }
    inner_->append(std::move(what), std::move(then));
  }

  void hold() {
    std::scoped_lock lock(mutex_);
    holding_ = true;
  }
  void release() {
    std::vector<std::pair<log::append_request, log::on_appended>> all;
    {
      std::scoped_lock lock(mutex_);
      holding_ = false;
      all.swap(held_);
    }
    for (auto& [what, then] : all)
      inner_->append(std::move(what), std::move(then));
  }
  void fail_appends(std::vector<error> with) {
    std::scoped_lock lock(mutex_);
    failures_ = std::move(with);
  }

  result<void> save_snapshot(const stream_id& s, log::snapshot state) override {
    return inner_->save_snapshot(s, std::move(state));
  }
  result<void> prune_transient(const stream_id& s, std::uint64_t v) override {
    ++prunes;
    return inner_->prune_transient(s, v);
  }
  result<void>
  fork(const stream_id& c, const stream_id& r, const stream_id& p, std::uint64_t v) override {
    return inner_->fork(c, r, p, v);
  }
  [[nodiscard]] incarnation_id incarnation() const override { return inner_->incarnation(); }
  [[nodiscard]] std::uint64_t head() const override { return inner_->head(); }
  result<std::vector<log::record>> read(std::uint64_t after, log::read_limit l) const override {
    return inner_->read(after, l);
  }
  result<std::vector<log::record>>
  read_stream(const stream_id& s, std::uint64_t after, log::read_limit l) const override {
    if (damaged.load())
      return refuse(errc::log_corrupt, "damaged for a test");
    return inner_->read_stream(s, after, l);
  }
  result<std::vector<log::record>>
  read_root(const stream_id& r, std::uint64_t after, log::read_limit l) const override {
    return inner_->read_root(r, after, l);
  }
  result<std::optional<log::stream_head>> find_stream(const stream_id& s) const override {
    return inner_->find_stream(s);
  }
  result<std::vector<log::stream_head>>
  list_streams(entity_kind k, std::string_view after, std::size_t max, listing w) const override {
    return inner_->list_streams(k, after, max, w);
  }
  result<std::optional<log::receipt>> find_key(const stream_id& s,
                                               std::string_view key) const override {
    return inner_->find_key(s, key);
  }
  result<std::optional<log::snapshot>> load_snapshot(const stream_id& s) const override {
    return inner_->load_snapshot(s);
  }
  result<std::string> read_blob(const sha256_digest& h) const override {
    return inner_->read_blob(h);
  }
  [[nodiscard]] std::shared_ptr<void> on_commit(commit_listener l) override {
    return inner_->on_commit(std::move(l));
  }
  result<log::verify_report>
  verify(std::function<void(std::uint64_t, std::uint64_t)> p) const override {
    return inner_->verify(std::move(p));
  }
  result<log::log_stats> stats() const override { return inner_->stats(); }

  std::atomic<int> appends{0};
  std::atomic<int> prunes{0};
  std::atomic<bool> damaged{false};

private:
  std::unique_ptr<log::event_log> inner_ = log::make_memory_log();
  std::mutex mutex_;
  bool holding_ = false;
  std::vector<std::pair<log::append_request, log::on_appended>> held_;
  std::vector<error> failures_;
};

/// Keeps effects until a test answers them.
class test_performer final : public effect_performer {
public:
  void perform(const effect_owner&, effect_request what, on_answer answer) override {
    std::scoped_lock lock(mutex_);
    begun.push_back(what.id);
    open_[what.id] = std::move(answer);
  }
  void call_off(const effect_owner&, const std::string& effect) override {
    std::scoped_lock lock(mutex_);
    called_off.push_back(effect);
  }
  void hold_new_work() override { held = true; }
  [[nodiscard]] std::size_t in_flight() const override { return busy.load(); }
  void stop() override { stopped = true; }

  std::vector<std::string> begun;
  std::vector<std::string> called_off;
  std::atomic<bool> held{false};
  std::atomic<bool> stopped{false};
  std::atomic<std::size_t> busy{0};

private:
  std::mutex mutex_;
  std::map<std::string, on_answer> open_;
};

/// Counts answers, and waits for them.
class answers {
public:
  std::function<void(result<void>)> one() {
    return [this](result<void> with) {
      std::scoped_lock lock(mutex_);
      ++(with ? good_ : bad_);
      if (!with)
        ++codes_[with.error().code];
      changed_.notify_all();
    };
  }
  /// False: they did not come within a minute.
  bool wait_for(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 60s, [&] { return good_ + bad_ >= count; });
  }
  int good() {
    std::scoped_lock lock(mutex_);
    return good_;
  }
  int count(errc code) {
    std::scoped_lock lock(mutex_);
    return codes_[code];
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int good_ = 0;
  int bad_ = 0;
  std::map<errc, int> codes_;
};

/// True once `holds`; false where it does not within a minute.
template <class Condition> bool eventually(const Condition& holds) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

inline const stream_id scope = stream_of_budget("day:2026-11-21");

inline budget_terms terms(std::int64_t cap) {
  return {"day:2026-11-21", usd{cap}, {}, budget_policy::block};
}

inline call_id call(std::uint64_t n) {
  return {uuid{1, n}};
}

inline command_envelope reserve(std::uint64_t n, std::int64_t cap = 1'000'000) {
  return {"reserve " + std::to_string(n),
          "root",
          "cause",
          instant{1},
          budget::reserve{call(n), scope, usd{1}, terms(cap)}};
}

struct shells_fixture : testing::Test {
  test_log log;
  shells_options options;
  test_performer* performer = nullptr; ///< owned by the shells
  std::unique_ptr<shells> system;

  shells_fixture() {
    options.threads = 2;
    options.crashes.first_wait_us = 1'000;
  }

  void start() {
    auto made = shells::start(
        log,
        [this](entity_directory&) {
          auto own = std::make_unique<test_performer>();
          performer = own.get();
          return own;
        },
        options);
    ASSERT_TRUE(made.has_value());
    system = std::move(made).value();
  }

  result<void> tell(command_envelope what) {
    return system->tell_and_wait(scope, scope, std::move(what));
  }
};

} // namespace ash::shells_testing
