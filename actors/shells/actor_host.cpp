#include "actors/shells/actor_host.hpp"

#include "actors/shells/entity_driver.hpp"
#include "actors/shells/ready_queue.hpp"

#include <algorithm>
#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/logger.hpp>
#include <caf/policy/unprofiled.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/coordinator.hpp>
#include <caf/send.hpp>
#include <thread>

// Mail is moved out by its only reader, and never leaves the process.
using boxed_mail = std::shared_ptr<ash::shell::mail>;
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(boxed_mail);

namespace ash::shell {
namespace {

/// What CAF's scheduler asks of a policy.
class ready_queue_policy : public caf::policy::unprofiled {
public:
  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}
    ready_queue<caf::resumable*> ready;
  };
  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
  };

  template <class Coordinator> void central_enqueue(Coordinator* self, caf::resumable* job) {
    d(self).ready.put(job);
  }
  template <class Worker> void external_enqueue(Worker* self, caf::resumable* job) {
    d(self->parent()).ready.put(job);
  }
  template <class Worker> void internal_enqueue(Worker* self, caf::resumable* job) {
    d(self->parent()).ready.put(job);
  }
  template <class Worker> void resume_job_later(Worker* self, caf::resumable* job) {
    d(self->parent()).ready.put(job);
  }
  template <class Worker> caf::resumable* dequeue(Worker* self) {
    return d(self->parent()).ready.take();
  }
  template <class Worker, class Use> void foreach_resumable(Worker*, Use) {}
  template <class Coordinator, class Use>
  void foreach_central_resumable(Coordinator* self, Use use) {
    d(self).ready.drain(use);
  }
};

class caf_mailbox final : public mailbox {
public:
  void post(mail what) override { caf::anon_send(actor_, std::make_shared<mail>(std::move(what))); }
  /// Once, before the first `post`.
  void belongs_to(caf::actor actor) { actor_ = std::move(actor); }

private:
  caf::actor actor_;
};

caf::behavior entity_actor(caf::event_based_actor* self, std::shared_ptr<entity_driver> driver) {
  return {
      [self, driver = std::move(driver)](const boxed_mail& what) {
        if (driver->handle(std::move(*what)) == entity_driver::next::quit)
          self->quit();
      },
  };
}

} // namespace

struct actor_host::system {
  struct config : caf::actor_system_config {
    explicit config(std::size_t threads) {
      const auto wanted = threads != 0 ? threads : std::thread::hardware_concurrency();
      set("scheduler.max-threads", std::max<std::size_t>(wanted, 2));
      // Not CAF's own: its work stealing polls, so that idle threads cost time and a lone message
      // up to 10 ms; its work sharing wakes a thread for each message.
      load<caf::scheduler::coordinator<ready_queue_policy>>();
    }
  };

  explicit system(std::size_t threads) : settings(threads), actors(settings) {}

  config settings;
  caf::actor_system actors;
};

actor_host::actor_host(std::size_t threads) : system_(std::make_unique<system>(threads)) {}

actor_host::~actor_host() = default;

std::shared_ptr<mailbox> actor_host::spawn(const driver_factory& make_driver) {
  auto box = std::make_shared<caf_mailbox>();
  box->belongs_to(system_->actors.spawn<caf::lazy_init>(entity_actor, make_driver(box)));
  // Spawning leaves the calling thread with a reference to the system's logger, and the system's
  // end waits for it: a thread from outside that once activated an entity would block it for ever.
  caf::logger::set_current_actor_system(nullptr);
  return box;
}

} // namespace ash::shell
