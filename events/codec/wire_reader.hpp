// Reads a FlatBuffer that nobody vouches for: every offset, length, alignment and text is checked
// before it is used, depth is bounded, and a part that is referred to twice is refused, so that a
// value is never larger than its bytes allow. It views the bytes and never owns them.
#pragma once

#include "events/base/error.hpp"
#include "events/base/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ash::codec {

/// Where something lies in the buffer, in bytes from its start.
using wire_position = std::uint32_t;

/// A table whose bounds have been checked.
struct wire_table {
  wire_position at = 0;
  wire_position slots = 0;
  std::uint16_t slot_bytes = 0;
  std::uint16_t bytes = 0;
};

struct wire_list {
  wire_position first = 0;
  std::uint32_t count = 0;
};

enum class presence : std::uint8_t { absent, present, damaged };

/// After the first function that says false (or `damaged`), `why` tells what was wrong and where.
class wire_reader {
public:
  explicit wire_reader(std::string_view bytes) : bytes_{bytes}, unread_{bytes.size()} {}

  [[nodiscard]] bool root(std::string_view identifier, wire_table& out);

  /// The field's inline value of `width` bytes lies at `at`.
  [[nodiscard]] presence find(const wire_table& table,
                              unsigned field,
                              std::size_t width,
                              std::size_t alignment,
                              wire_position& at);

  /// `at` holds the offset of a table. Balanced by `leave`, unless false.
  [[nodiscard]] bool enter(wire_position at, wire_table& out);
  void leave() { --depth_; }
  /// `at` holds the offset of a text. Valid UTF-8, a view into the buffer.
  [[nodiscard]] bool text(wire_position at, std::string_view& out);
  /// `at` holds the offset of a list of elements of `width` bytes.
  [[nodiscard]] bool
  list(wire_position at, std::size_t width, std::size_t alignment, wire_list& out);

  /// `at` must have been checked for `width` (at most 8) bytes.
  [[nodiscard]] std::uint64_t scalar(wire_position at, std::size_t width) const;
  [[nodiscard]] uuid id(wire_position at) const { return {scalar(at, 8), scalar(at + 8, 8)}; }

  /// Notes the first thing that is wrong. Returns false.
  bool fail(std::string_view what);
  /// While failing: the part just read was this member, or this element.
  bool failed_in(std::string_view member);
  bool failed_in(std::size_t index);

  /// `log_corrupt`, with what was wrong and in which member. `subject` names the bytes.
  [[nodiscard]] error why(std::string_view subject) const;

private:
  [[nodiscard]] bool holds(std::uint64_t at, std::uint64_t width) const {
    return at <= bytes_.size() && width <= bytes_.size() - at;
  }
  [[nodiscard]] bool follow(wire_position at, std::uint64_t needed, wire_position& target);
  [[nodiscard]] bool open(wire_position at, wire_table& out);
  [[nodiscard]] bool spend(std::uint64_t bytes);

  std::string_view bytes_;
  std::uint64_t unread_; ///< each byte is read for one part only
  int depth_ = 0;
  std::string_view what_;
  std::string where_;
};

} // namespace ash::codec
