// One record on its way to the readers of feeds: turned into JSON once, by the first who needs it,
// and its bytes shared by all. Thread-safe.
#pragma once

#include "events/log/event_log.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace ash::feed {

class event {
public:
  event(log::record what, incarnation_id incarnation);

  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  [[nodiscard]] const stream_id& stream() const noexcept { return what_.stream; }
  [[nodiscard]] const stream_id& root() const noexcept { return what_.root; }
  [[nodiscard]] std::uint64_t version() const noexcept { return what_.version; }
  [[nodiscard]] const std::string& type() const noexcept { return what_.type; }
  [[nodiscard]] bool pruned() const noexcept { return what_.pruned; }
  /// About what it takes in memory, in bytes.
  [[nodiscard]] std::size_t weight() const noexcept { return weight_; }

  /// `"position":N,"cursor":"…","record":{…}`, with the record as `inspect::record_json` has it.
  /// Errors: `log_corrupt` where the fact can't be read.
  [[nodiscard]] result<std::string_view> text() const;
  /// Whether `text` is at hand.
  [[nodiscard]] bool is_encoded() const noexcept {
    return is_encoded_.load(std::memory_order_acquire);
  }
  /// The cursor of the event itself. `text()` gave no error.
  [[nodiscard]] std::string_view cursor_text() const;
  /// The turn that the fact names, in its member `turn`. Errors: as above.
  [[nodiscard]] result<std::optional<turn_id>> turn() const;

  /// `text` as a string that keeps `of` alive. `of->text()` gave no error.
  static std::shared_ptr<const std::string> shared_text(std::shared_ptr<const event> of);

private:
  void encode() const;
  result<void> encoded() const;

  std::uint64_t position_;
  incarnation_id incarnation_;
  std::size_t weight_;
  mutable log::record what_; ///< its payload until it is encoded
  mutable std::mutex encoding_;
  mutable std::atomic<bool> is_encoded_{false}; ///< what follows does not change any more
  mutable std::string text_;
  mutable std::optional<turn_id> turn_;
  mutable std::optional<error> fault_;
};

using event_ptr = std::shared_ptr<const event>;

} // namespace ash::feed
