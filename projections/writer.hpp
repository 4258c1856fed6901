// The fold of a log into one generation: reads facts in batches, gives them to the views, and
// commits their rows and positions together. While the store takes one batch, the next one is
// folded. A fact that a view can't apply stops that view there, and the others go on. For one
// thread at a time; owned by whoever drives it.
#pragma once

#include "projections/fact_reader.hpp"
#include "projections/generation.hpp"
#include "projections/views/view.hpp"

#include <future>
#include <memory>
#include <vector>

namespace ash::projections {

class writer {
public:
  /// What goes into one transaction, but for the rest of a page. Many, for it writes each page that
  /// it changes once, and rows with random keys change nearly as many pages by the thousand as by
  /// the ten thousand.
  static constexpr std::size_t most_facts = 50'000;

  /// Views at their beginning. `from`, and the connections while they are used, outlive this.
  explicit writer(const log::event_log& from, std::size_t batch_facts = most_facts);
  ~writer();
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;

  [[nodiscard]] const std::vector<view*>& views() const noexcept { return views_; }

  /// Goes on where the cursors of the generation stand. A view that had stopped is tried again.
  /// Errors: those of the store.
  result<void> open(workplace in);

  /// A view goes no further than `position`.
  void hold(std::string_view view, std::uint64_t position);

  /// Applies the next batch, of facts up to `head`, in one transaction. Gives how many facts it
  /// read; 0: every view that has not stopped is there. Errors: those of the store (nothing is
  /// written then; `open` again) and of the log.
  result<std::size_t> step(std::uint64_t head);

  /// What is committed: one a view, in the order of `views`.
  [[nodiscard]] const std::vector<cursor>& cursors() const noexcept { return cursors_; }
  /// Rows written by a view since this was made.
  [[nodiscard]] const std::vector<std::uint64_t>& rows() const noexcept { return rows_; }
  /// Of the slowest view that has not stopped; `head` where all of them have.
  [[nodiscard]] std::uint64_t position(std::uint64_t head) const noexcept;

private:
  struct changes;
  struct batch;
  /// How rows that are new to the fold are written: `upsert` also where the store has them.
  enum class add_by : std::uint8_t { insert, upsert };
  using members = std::vector<std::size_t>; ///< indexes of views

  [[nodiscard]] bool is_behind(std::size_t view, std::uint64_t head) const;
  [[nodiscard]] members slowest(std::uint64_t head, std::uint64_t& until) const;
  std::shared_ptr<batch> fold_next(std::uint64_t head);
  result<changes> fold(const members& who, position_range facts);
  static result<void> apply(view& to, const read_fact& each);
  result<void> give(std::size_t who, std::uint64_t begin, const read_fact& fact, cursor& to);
  result<void> write(const changes& made, add_by how);
  void settle(const members& who, changes made);
  result<void> write_alone(const members& who, position_range facts);
  result<void> isolate(const members& who, position_range facts, const error& why);
  void forget();

  std::vector<std::unique_ptr<view>> owned_;
  std::vector<view*> views_;
  std::vector<cursor> cursors_; ///< committed
  std::vector<cursor> folded_;  ///< ahead of them by the batches in memory
  std::vector<std::uint64_t> limits_;
  std::vector<std::uint64_t> rows_;
  workplace place_;
  std::size_t batch_facts_;
  fact_reader reader_;
  std::shared_ptr<batch> ahead_;             ///< folded, not written
  std::shared_future<result<void>> writing_; ///< of the batch before the one that is being folded
};

} // namespace ash::projections
