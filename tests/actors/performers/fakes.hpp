// What performer tests share: a directory that answers as it is told, a collector of answers, a
// model that does what the test says, and a git repository in a temporary directory.
#pragma once

#include "actors/performers/make_performer.hpp"
#include "events/log/memory_log.hpp"

#include <gtest/gtest.h>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

namespace ash::test {

/// Records what it is told; answers from `replies`, and with success once they are used up.
class fake_directory final : public entity_directory {
public:
  struct told {
    stream_id to;
    stream_id root;
    command_envelope command;
  };

  void tell(const stream_id& to,
            const stream_id& root,
            command_envelope command,
            std::function<void(result<void>)> reply) override {
    result<void> answer = success();
    {
      const std::lock_guard lock{mutex_};
      told_.push_back({to, root, std::move(command)});
      if (!replies_.empty()) {
        answer = std::move(replies_.front());
        replies_.pop_front();
      }
    }
    std::thread{[reply = std::move(reply), answer = std::move(answer)] { reply(answer); }}.detach();
  }

  void then(result<void> reply) {
    const std::lock_guard lock{mutex_};
    replies_.push_back(std::move(reply));
  }
  std::vector<told> all() const {
    const std::lock_guard lock{mutex_};
    return told_;
  }

private:
  mutable std::mutex mutex_;
  std::vector<told> told_;
  std::deque<result<void>> replies_;
};

/// Collects the answers of one effect.
class answers {
public:
  on_answer take() {
    return [state = state_](effect_answer one) {
      const std::lock_guard lock{state->mutex};
      state->all.push_back(std::move(one));
      state->changed.notify_all();
    };
  }

  /// All answers, once the last has come.
  std::vector<effect_answer> wait() {
    std::unique_lock lock{state_->mutex};
    const auto came = state_->changed.wait_for(lock, std::chrono::seconds{30}, [this] {
      return !state_->all.empty() && state_->all.back().last;
    });
    EXPECT_TRUE(came) << "no last answer came";
    return state_->all;
  }

  std::size_t count() {
    const std::lock_guard lock{state_->mutex};
    return state_->all.size();
  }

  template <class Command> Command last() {
    auto all = wait();
    if (all.empty() || !all.back().what || !std::holds_alternative<Command>(*all.back().what)) {
      ADD_FAILURE() << "the last answer is another";
      return {};
    }
    return std::get<Command>(*all.back().what);
  }

private:
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<effect_answer> all;
  };
  std::shared_ptr<state> state_ = std::make_shared<state>();
};

/// A model that the test drives by hand.
class fake_model final : public provider::model_provider {
public:
  struct asked_call final : provider::call {
    provider::request what;
    provider::observer who;
    void cancel() override {
      provider::fault fault;
      fault.why = refuse(errc::cancelled, "called off");
      who.on_done(std::move(fault));
    }
  };

  std::shared_ptr<provider::call> start(provider::request what, provider::observer who) override {
    auto one = std::make_shared<asked_call>();
    one->what = std::move(what);
    one->who = std::move(who);
    const std::lock_guard lock{mutex_};
    calls_.push_back(one);
    begun_.notify_all();
    return one;
  }
  /// Waits until it is made.
  std::shared_ptr<asked_call> call(std::size_t index) {
    std::unique_lock lock{mutex_};
    begun_.wait_for(lock, std::chrono::seconds{30}, [&] { return calls_.size() > index; });
    return calls_.at(index);
  }

private:
  std::mutex mutex_;
  std::condition_variable begun_;
  std::vector<std::shared_ptr<asked_call>> calls_;
};

/// A directory that goes with the object.
class temporary_directory {
public:
  temporary_directory() {
    auto name = (std::filesystem::temp_directory_path() / "actor-shell-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::runtime_error{"no temporary directory"};
    path_ = std::filesystem::canonical(name).string();
  }
  ~temporary_directory() {
    std::error_code none;
    std::filesystem::remove_all(path_, none);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(std::string_view name) const {
    return path_ + "/" + std::string{name};
  }

private:
  std::string path_;
};

inline void write_text(const std::string& path, std::string_view text) {
  std::filesystem::create_directories(std::filesystem::path{path}.parent_path());
  std::ofstream{path, std::ios::binary} << text;
}

inline std::string read_text(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// Runs a command line of the test's own; its output.
inline std::string sh(const std::string& command) {
  std::string out;
  auto* pipe = ::popen((command + " 2>&1").c_str(), "r");
  char buffer[4096];
  for (std::size_t size; (size = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    out.append(buffer, size);
  ::pclose(pipe);
  return out;
}

/// A repository with one commit on `main`.
inline void make_repository(const std::string& path) {
  std::filesystem::create_directories(path);
  write_text(path + "/README.md", "# A project\n");
  sh("cd '" + path +
     "' && git init -q -b main && git add -A && git -c user.name=t -c user.email=t@localhost "
     "-c commit.gpgSign=false commit -q -m first");
}

/// Does something in a thread for which permissions hold though it is root's.
inline void as_anybody(const std::function<void()>& what) {
  std::thread{[&] {
    constexpr std::uint32_t powers = 1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH;
    ::prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0); // refused where it has none to lose
    ::prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH, 0, 0, 0);
    __user_cap_header_struct own{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> held{};
    EXPECT_EQ(::syscall(SYS_capget, &own, held.data()), 0);
    held[0].effective &= ~powers;
    held[0].permitted &= ~powers;
    held[0].inheritable &= ~powers;
    EXPECT_EQ(::syscall(SYS_capset, &own, held.data()), 0);
    what();
  }}.join();
}

} // namespace ash::test
