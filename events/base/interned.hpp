// A value that is kept once for all who hold an equal one: for what many entities have alike and
// none of them changes. Takes a pointer's room; to change it is to assign another value.
// Thread-safe, as a `shared_ptr<const T>` is.
#pragma once

#include <memory>
#include <utility>

namespace ash {

/// For a type with `std::shared_ptr<const T> intern(T)`, found by its argument's namespace.
template <class T> class interned {
public:
  using value_type = T;

  /// As `T{}`.
  interned() noexcept = default;
  interned(T value) : held_{intern(std::move(value))} {}

  const T& operator*() const noexcept { return held_ ? *held_ : none(); }
  const T* operator->() const noexcept { return &**this; }
  /// Another value, made from this one by `edit(T&)`.
  template <class Edit> void change(Edit edit) {
    T value = **this;
    edit(value);
    *this = interned{std::move(value)};
  }

private:
  static const T& none() {
    static const T value{};
    return value;
  }

  std::shared_ptr<const T> held_;
};

} // namespace ash
