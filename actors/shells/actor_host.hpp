// CAF, behind a door: one actor an entity, and the threads that run them. Nothing else in the
// project sees CAF. Owned by the shells; destroyed after the last actor was told to quit.
#pragma once

#include "actors/shells/mail.hpp"

#include <functional>
#include <memory>

namespace ash::shell {

class entity_driver;

class actor_host {
public:
  /// Makes the driver of an actor whose own box is `self`.
  using driver_factory = std::function<std::shared_ptr<entity_driver>(std::weak_ptr<mailbox> self)>;

  /// `threads` run all actors; 0: one a processor, at least two.
  explicit actor_host(std::size_t threads);
  /// Waits until every actor has quit.
  ~actor_host();
  actor_host(const actor_host&) = delete;
  actor_host& operator=(const actor_host&) = delete;

  std::shared_ptr<mailbox> spawn(const driver_factory& make_driver);

private:
  struct system;
  std::unique_ptr<system> system_;
};

} // namespace ash::shell
