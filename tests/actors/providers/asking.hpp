// How the tests of all providers ask: one call, run to its end, with everything that was told.
// Values of one test; it owns no provider.
#pragma once

#include "actors/providers/provider.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <string>

namespace ash::provider::test {

/// What one call told.
struct told {
  std::string text;
  std::string thinking;
  int deltas = 0;
  int ends = 0;
  std::variant<response, fault> end;

  [[nodiscard]] const response& answer() const {
    if (const auto* bad = std::get_if<fault>(&end))
      ADD_FAILURE() << to_string(bad->why);
    return std::get<response>(end);
  }
  [[nodiscard]] const fault& failure() const {
    EXPECT_TRUE(std::holds_alternative<fault>(end)) << "there is an answer";
    return std::get<fault>(end);
  }
};

/// A call under way.
class asking {
public:
  asking(model_provider& whom, request what) {
    observer who;
    who.on_delta = [seen = seen_](delta_kind kind, std::string_view piece) {
      (kind == delta_kind::text ? seen->text : seen->thinking) += piece;
      ++seen->deltas;
    };
    who.on_done = [seen = seen_, done = done_](std::variant<response, fault> end) {
      ++seen->ends;
      seen->end = std::move(end);
      done->set_value();
    };
    call_ = whom.start(std::move(what), std::move(who));
  }

  void cancel() { call_->cancel(); }
  [[nodiscard]] bool is_done() const {
    return ended_.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
  }
  told wait() {
    if (ended_.wait_for(std::chrono::seconds{60}) != std::future_status::ready)
      throw std::runtime_error{"the call does not end"};
    return *seen_;
  }

private:
  std::shared_ptr<told> seen_ = std::make_shared<told>();
  std::shared_ptr<std::promise<void>> done_ = std::make_shared<std::promise<void>>();
  std::future<void> ended_ = done_->get_future();
  std::shared_ptr<call> call_;
};

inline told ask(model_provider& whom, request what) {
  return asking{whom, std::move(what)}.wait();
}

/// A request with one user message.
inline request hello(std::string model = "a-model") {
  return {
      "call-1",
      std::move(model),
      R"({"system":"be brief","messages":[{"role":"user","content":"hello"}],"max_tokens":64})"};
}

} // namespace ash::provider::test
