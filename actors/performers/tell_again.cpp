#include "actors/performers/tell_again.hpp"

#include <algorithm>

namespace ash::performers {
namespace {

constexpr std::int64_t first_wait_us = 50 * us_per_ms;
constexpr std::int64_t longest_wait_us = 5 * us_per_s;

struct attempt : std::enable_shared_from_this<attempt> {
  entity_directory& directory;
  timer_thread& timers;
  destination to;
  command_envelope command;
  std::function<bool(const error&)> try_again;
  std::function<void(result<void>)> done;
  std::int64_t wait_us = first_wait_us;

  attempt(entity_directory& in, timer_thread& with) : directory{in}, timers{with} {}

  void make() {
    directory.tell(to.stream, to.root, command, [self = shared_from_this()](result<void> reply) {
      if (reply || !self->try_again(reply.error()))
        return self->done(std::move(reply));
      const auto wait = std::exchange(self->wait_us, std::min(2 * self->wait_us, longest_wait_us));
      self->timers.after(wait, [self] { self->make(); });
    });
  }
};

} // namespace

bool may_pass(const error& why) {
  return why.code == errc::queue_full ||
         (class_of(why.code) == error_class::retryable && why.code != errc::shutting_down);
}

void tell_again(entity_directory& directory,
                timer_thread& timers,
                destination to,
                command_envelope command,
                std::function<bool(const error&)> try_again,
                std::function<void(result<void>)> done) {
  auto first = std::make_shared<attempt>(directory, timers);
  first->to = std::move(to);
  first->command = std::move(command);
  first->try_again = std::move(try_again);
  first->done = std::move(done);
  first->make();
}

} // namespace ash::performers
