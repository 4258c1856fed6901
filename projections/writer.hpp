// The fold of a log into one generation: reads facts in batches, gives them to the views, and
// commits their rows and positions together. A fact that a view can't apply stops that view there,
// and the others go on. For one thread at a time; owned by whoever drives it.
#pragma once

#include "events/log/event_log.hpp"
#include "projections/generation.hpp"
#include "projections/views/view.hpp"

#include <memory>
#include <vector>

namespace ash::projections {

class writer {
public:
  /// Views at their beginning. `from`, and `at` while it is used, outlive this.
  explicit writer(const log::event_log& from);
  ~writer();
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;

  [[nodiscard]] const std::vector<view*>& views() const noexcept { return views_; }

  /// Goes on in `in` where its cursors stand. A view that had stopped is tried again. Errors: those
  /// of the store.
  result<void> open(connection& at, generation in);

  /// A view goes no further than `position`.
  void hold(std::string_view view, std::uint64_t position);

  /// Applies the next batch, of facts up to `head`, in one transaction. Gives how many facts it
  /// read; 0: every view that has not stopped is there. Errors: those of the store (nothing is
  /// written then; `open` again) and of the log.
  result<std::size_t> step(std::uint64_t head);

  /// One a view, in the order of `views`.
  [[nodiscard]] const std::vector<cursor>& cursors() const noexcept { return cursors_; }
  /// Rows written by a view since this was made.
  [[nodiscard]] const std::vector<std::uint64_t>& rows() const noexcept { return rows_; }
  /// Of the slowest view that has not stopped; `head` where all of them have.
  [[nodiscard]] std::uint64_t position(std::uint64_t head) const noexcept;

private:
  struct batch;
  class reader;
  using members = std::vector<std::size_t>; ///< indexes of views

  [[nodiscard]] bool is_behind(std::size_t view, std::uint64_t head) const;
  [[nodiscard]] members slowest(std::uint64_t head, std::uint64_t& until) const;
  result<void> advance(const members& who, const batch& facts);
  result<void> write(const members& who, const batch& facts);
  result<void> fold(std::size_t who, const batch& facts, cursor& to);
  void forget();

  const log::event_log& log_;
  std::vector<std::unique_ptr<view>> owned_;
  std::vector<view*> views_;
  std::vector<cursor> cursors_;
  std::vector<std::uint64_t> limits_;
  std::vector<std::uint64_t> rows_;
  std::unique_ptr<reader> reader_;
  workplace place_;
};

} // namespace ash::projections
