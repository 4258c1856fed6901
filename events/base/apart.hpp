// An optional value that lives apart from its owner: a pointer's room where there is none. For
// large members that most owners lack most of the time; otherwise used like `std::optional`, copies
// included. Owned by whoever holds it; never shared.
#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace ash {

template <class T> class apart {
public:
  using value_type = T;

  apart() noexcept = default;
  apart(std::nullopt_t) noexcept {}
  apart(T value) : held_{std::make_unique<T>(std::move(value))} {}
  apart(const apart& other) : held_{other.held_ ? std::make_unique<T>(*other.held_) : nullptr} {}
  apart(apart&&) noexcept = default;
  ~apart() = default;

  apart& operator=(const apart& other) { return *this = apart{other}; }
  apart& operator=(apart&&) noexcept = default;

  [[nodiscard]] bool has_value() const noexcept { return held_ != nullptr; }
  explicit operator bool() const noexcept { return has_value(); }
  /// There must be a value.
  T& operator*() noexcept { return *held_; }
  const T& operator*() const noexcept { return *held_; }
  T* operator->() noexcept { return held_.get(); }
  const T* operator->() const noexcept { return held_.get(); }
  T& emplace() {
    held_ = std::make_unique<T>();
    return *held_;
  }
  void reset() noexcept { held_.reset(); }

private:
  std::unique_ptr<T> held_;
};

} // namespace ash
