#include "events/codec/wire_reader.hpp"

#include "events/base/text.hpp"

#include <bit>
#include <cstring>

namespace ash::codec {
namespace {

constexpr int max_depth = 64;
constexpr std::uint64_t max_bytes = std::uint64_t{1} << 31;
constexpr std::size_t offset_bytes = 4;
constexpr std::size_t slot_head_bytes = 4;

} // namespace

std::uint64_t wire_reader::scalar(wire_position at, std::size_t width) const {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i)
    value |= std::uint64_t{static_cast<std::uint8_t>(bytes_[at + i])} << (8 * i);
  return value;
}

bool wire_reader::fail(std::string_view what) {
  if (what_.empty())
    what_ = what;
  return false;
}

bool wire_reader::failed_in(std::string_view member) {
  const auto joined = where_.empty() || where_.front() == '[' ? "" : ".";
  where_ = std::string{member} + joined + where_;
  return false;
}

bool wire_reader::failed_in(std::size_t index) {
  const auto joined = where_.empty() || where_.front() == '[' ? "" : ".";
  where_ = '[' + std::to_string(index) + ']' + joined + where_;
  return false;
}

error wire_reader::why(std::string_view subject) const {
  std::string message{subject};
  message += " is damaged: ";
  message += what_;
  if (!where_.empty())
    message += " in " + where_;
  return error{errc::log_corrupt, message + "; check the log with `verify`"};
}

bool wire_reader::spend(std::uint64_t bytes) {
  if (bytes > unread_)
    return fail("parts overlap");
  unread_ -= bytes;
  return true;
}

bool wire_reader::root(std::string_view identifier, wire_table& out) {
  if (bytes_.size() >= max_bytes)
    return fail("it is larger than 2 GiB");
  if (!holds(0, offset_bytes + identifier.size()))
    return fail("it is too short");
  if (bytes_.substr(offset_bytes, identifier.size()) != identifier)
    return fail("its identifier is another");
  return enter(0, out);
}

bool wire_reader::follow(wire_position at, std::uint64_t needed, wire_position& target) {
  const auto to = at + scalar(at, offset_bytes);
  if (to == at || to % offset_bytes != 0 || !holds(to, needed))
    return fail("an offset points outside");
  target = static_cast<wire_position>(to);
  return true;
}

bool wire_reader::enter(wire_position at, wire_table& out) {
  wire_position target = 0;
  if (!follow(at, offset_bytes, target))
    return false;
  if (depth_ == max_depth)
    return fail("it is nested too deep");
  if (!open(target, out))
    return false;
  ++depth_;
  return true;
}

bool wire_reader::open(wire_position at, wire_table& out) {
  const auto back = std::bit_cast<std::int32_t>(static_cast<std::uint32_t>(scalar(at, 4)));
  const auto slots = std::int64_t{at} - back;
  if (slots < 0 || slots % 2 != 0 || !holds(static_cast<std::uint64_t>(slots), slot_head_bytes))
    return fail("a table's slots lie outside");
  out.at = at;
  out.slots = static_cast<wire_position>(slots);
  out.slot_bytes = static_cast<std::uint16_t>(scalar(out.slots, 2));
  out.bytes = static_cast<std::uint16_t>(scalar(out.slots + 2, 2));
  if (out.slot_bytes < slot_head_bytes || out.slot_bytes % 2 != 0 ||
      !holds(out.slots, out.slot_bytes) || out.bytes < offset_bytes || !holds(at, out.bytes))
    return fail("a table has an impossible size");
  return spend(out.bytes);
}

presence wire_reader::find(const wire_table& table,
                           unsigned field,
                           std::size_t width,
                           std::size_t alignment,
                           wire_position& at) {
  const auto slot = slot_head_bytes + std::size_t{2} * field;
  if (slot + 2 > table.slot_bytes)
    return presence::absent;
  const auto within = scalar(table.slots + static_cast<wire_position>(slot), 2);
  if (within == 0)
    return presence::absent;
  at = table.at + static_cast<wire_position>(within);
  if (within < offset_bytes || within + width > table.bytes || at % alignment != 0) {
    fail("a field lies outside its table");
    return presence::damaged;
  }
  return presence::present;
}

bool wire_reader::text(wire_position at, std::string_view& out) {
  wire_position target = 0;
  if (!follow(at, offset_bytes, target))
    return false;
  const auto size = scalar(target, offset_bytes);
  const auto first = std::uint64_t{target} + offset_bytes;
  if (!holds(first, size + 1) || bytes_[first + size] != '\0')
    return fail("a text has no end");
  out = bytes_.substr(first, size);
  if (!is_valid_utf8(out))
    return fail("a text is not UTF-8");
  return spend(offset_bytes + size + 1);
}

bool wire_reader::list(wire_position at, std::size_t width, std::size_t alignment, wire_list& out) {
  wire_position target = 0;
  if (!follow(at, offset_bytes, target))
    return false;
  const auto count = scalar(target, offset_bytes);
  const auto first = std::uint64_t{target} + offset_bytes;
  if (!holds(first, count * width) || (count != 0 && first % alignment != 0))
    return fail("a list has no end");
  out = {static_cast<wire_position>(first), static_cast<std::uint32_t>(count)};
  return spend(offset_bytes + count * width);
}

} // namespace ash::codec
