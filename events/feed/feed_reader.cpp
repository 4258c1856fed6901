#include "events/feed/feed_reader.hpp"

#include "events/feed/ring.hpp"

#include <algorithm>
#include <array>

namespace ash::feed {
namespace {

constexpr log::read_limit page{256, std::size_t{256} << 10};
// A step of a search that met fewer records than this looks further the next time.
constexpr std::size_t few_records = 64;
// A turn rarely makes more tool calls than a few hundred, and one stream costs one read.
constexpr std::size_t most_tool_calls = 10'000;

} // namespace

feed_reader::feed_reader(const log::event_log& log,
                         incarnation_id incarnation,
                         selector which,
                         stream_id root,
                         type_filter types)
    : log_{log}, incarnation_{incarnation}, which_{std::move(which)}, root_{std::move(root)},
      types_{std::move(types)} {}

std::string feed_reader::channel() const {
  if (!root_.empty())
    return root_.text();
  if (which_.kind() == feed_kind::category)
    return std::string{channel_of_category(which_.category())};
  if (which_.kind() == feed_kind::everything)
    return std::string{channel_of_everything};
  return which_.stream().text();
}

// -- what the feed has ----------------------------------------------------------------------------

result<bool> feed_reader::has(const event& what) {
  if (which_.kind() == feed_kind::category && what.stream().kind() != which_.category())
    return false;
  if (!types_.passes(what.type()))
    return false;
  return which_.kind() != feed_kind::turn ? result<bool>{true} : has_turn(what);
}

result<bool> feed_reader::has_turn(const event& what) {
  if (what.stream() == which_.stream()) {
    TRY(const auto turn, what.turn());
    return turn == which_.turn();
  }
  if (what.stream().kind() != entity_kind::tool_call)
    return false;
  if (const auto known = tool_calls_.find(what.stream()); known != tool_calls_.end())
    return known->second;
  TRY(auto first, log_.read_stream(what.stream(), 0, {1, 1}));
  bool made = false;
  if (!first.empty()) {
    TRY(const auto turn, event(std::move(first.front()), incarnation_).turn());
    made = turn == which_.turn();
  }
  if (tool_calls_.size() >= most_tool_calls)
    tool_calls_.clear();
  tool_calls_.emplace(what.stream(), made);
  return made;
}

result<bool> feed_reader::ends_turn(const event& what) const {
  static constexpr std::array<std::string_view, 3> last{
      "turn.completed", "turn.interrupted", "turn.failed"};
  if (which_.kind() != feed_kind::turn || what.stream() != which_.stream() ||
      std::find(last.begin(), last.end(), what.type()) == last.end())
    return false;
  TRY(const auto turn, what.turn());
  return turn == which_.turn();
}

result<bool> feed_reader::has_at(std::uint64_t position) {
  if (position == 0)
    return false;
  TRY(auto found, log_.read(position - 1, {1, 1}));
  if (found.empty() || found.front().position != position)
    return false;
  const event there{std::move(found.front()), incarnation_};
  if ((!root_.empty() && there.root() != root_) ||
      (by_version() && there.stream() != which_.stream()))
    return false;
  return has(there);
}

// -- forwards -------------------------------------------------------------------------------------

result<std::vector<log::record>> feed_reader::records(std::uint64_t after, std::size_t max) const {
  const log::read_limit limit{max, page.max_bytes};
  return root_.empty() ? log_.read(after, limit) : log_.read_root(root_, after, limit);
}

result<std::vector<event_ptr>> feed_reader::read(std::uint64_t after) {
  std::vector<log::record> read;
  if (by_version()) {
    if (version_position_ != after) {
      TRY(version_, version_at(after));
    }
    TRY(read, log_.read_stream(which_.stream(), version_, page));
    version_ = read.empty() ? version_ : read.back().version;
    version_position_ = read.empty() ? after : read.back().position;
  } else {
    TRY(read, records(after, page.max_records));
  }
  std::vector<event_ptr> out;
  out.reserve(read.size());
  for (auto& record : read)
    out.push_back(std::make_shared<const event>(std::move(record), incarnation_));
  return out;
}

// -- backwards ------------------------------------------------------------------------------------

result<std::uint64_t> feed_reader::version_at(std::uint64_t position) const {
  TRY(const auto head, log_.find_stream(which_.stream()));
  std::uint64_t low = 0;                             // at or before `position`
  std::uint64_t high = head ? head->version + 1 : 1; // after it
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    TRY(const auto found, log_.read_stream(which_.stream(), middle - 1, {1, 1}));
    (!found.empty() && found.front().position <= position ? low : high) = middle;
  }
  return low;
}

result<std::uint64_t> feed_reader::last_record(std::uint64_t position) const {
  if (by_version()) {
    TRY(const auto version, version_at(position));
    if (version == 0)
      return 0;
    TRY(const auto found, log_.read_stream(which_.stream(), version - 1, {1, 1}));
    return found.empty() ? 0 : found.front().position;
  }
  if (root_.empty())
    return position;
  // The greatest place after which a record still lies at or before `position`.
  std::uint64_t found = 0;
  for (std::uint64_t low = 0, high = position; low < high;) {
    const auto middle = low + (high - low) / 2;
    TRY(const auto next, records(middle, 1));
    if (!next.empty() && next.front().position <= position) {
      found = next.front().position;
      low = found;
    } else {
      high = middle;
    }
  }
  return found;
}

result<bool> feed_reader::search::step(feed_reader& in) {
  TRY(const auto last, in.last_record(from_));
  if (last == 0) {
    found_ = 0;
    return true;
  }
  TRY(const auto at_last, in.has_at(last));
  if (at_last) {
    found_ = last;
    return true;
  }
  // Not by the record itself: by what lies within a page before it.
  auto begin = last > width_ ? last - width_ : 0;
  from_ = begin;
  std::uint64_t found = 0;
  std::size_t seen = 0;
  while (begin < last) {
    TRY(const auto events, in.read(begin));
    seen += events.size();
    for (const auto& each : events) {
      if (each->position() > last)
        break;
      TRY(const auto has, in.has(*each));
      if (has)
        found = each->position();
    }
    if (events.empty() || events.back()->position() >= last)
      break;
    begin = events.back()->position();
  }
  if (seen < few_records)
    width_ *= 4;
  found_ = found;
  return found != 0 || from_ == 0;
}

} // namespace ash::feed
