#include "events/feed/feed_reader.hpp"

#include "events/feed/read_ahead.hpp"
#include "events/feed/ring.hpp"

#include <algorithm>
#include <array>

namespace ash::feed {
namespace {

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
    : pages_{log, incarnation, which, std::move(root)}, which_{std::move(which)}, types_{std::move(
                                                                                      types)} {}

std::string feed_reader::channel() const {
  if (!pages_.root().empty())
    return pages_.root().text();
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
  TRY(auto first, pages_.log().read_stream(what.stream(), 0, {1, 1}));
  bool made = false;
  if (!first.empty()) {
    TRY(const auto turn, event(std::move(first.front()), pages_.incarnation()).turn());
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
  TRY(auto found, pages_.log().read(position - 1, {1, 1}));
  if (found.empty() || found.front().position != position)
    return false;
  const event there{std::move(found.front()), pages_.incarnation()};
  if ((!pages_.root().empty() && there.root() != pages_.root()) ||
      (pages_.by_version() && there.stream() != which_.stream()))
    return false;
  return has(there);
}

// -- forwards -------------------------------------------------------------------------------------

result<log_page> feed_reader::read(std::uint64_t after) {
  const auto ahead = std::exchange(ahead_, nullptr);
  return ahead && ahead->after() == after ? ahead->take(pages_) : pages_.read(after);
}

void feed_reader::read_ahead(feed::read_ahead& by, std::uint64_t after) {
  ahead_ = by.begin(pages_, types_, after);
}

// -- backwards ------------------------------------------------------------------------------------

result<bool> feed_reader::search::step(feed_reader& in) {
  TRY(const auto last, in.pages_.last_record(from_));
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
    TRY(const auto page, in.pages_.read(begin));
    const auto& events = page.events;
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
