#include "gateway/api/verification.hpp"

#include <exception>

namespace ash::gateway::api {

void verification::begin() {
  const std::lock_guard lock{mutex_};
  if (running_)
    return;
  running_ = true;
  done_ = total_ = 0;
  outcome_.reset();
  // The one before has said its last, so that joining it waits for nothing.
  thread_ = std::jthread{[this](const std::stop_token& stop) { work(stop); }};
}

void verification::work(const std::stop_token& stop) {
  const auto tell = [this](std::uint64_t done, std::uint64_t total) {
    const std::lock_guard lock{mutex_};
    done_ = done;
    total_ = total;
  };
  auto found = [&]() -> result<json::object> {
    try {
      return of_.verify(tell, stop);
    } catch (const std::exception& unexpected) {
      return refuse(errc::internal_error, unexpected.what());
    }
  }();
  const std::lock_guard lock{mutex_};
  outcome_ = std::move(found);
  running_ = false;
}

json::object verification::shown() const {
  const std::lock_guard lock{mutex_};
  json::object out{{"state", "none"},
                   {"done", done_},
                   {"total", total_},
                   {"result", nullptr},
                   {"error", nullptr}};
  if (running_) {
    out["state"] = "running";
  } else if (outcome_ && *outcome_) {
    out["state"] = "done";
    out["result"] = outcome_->value();
  } else if (outcome_) {
    out["state"] = "failed";
    out["error"] = json::object{{"code", to_string(outcome_->error().code)},
                                {"message", outcome_->error().message}};
  }
  return out;
}

} // namespace ash::gateway::api
