#include "gateway/live/sse_stream.hpp"

#include "events/base/text.hpp"

namespace ash::gateway {
namespace {

constexpr std::string_view before_feed = "/api/v1/feeds/";
constexpr std::string_view after_feed = "/events";
// How long a browser waits before it connects again.
constexpr std::string_view first_line = "retry: 2000\n\n";
constexpr std::string_view heartbeat = ": heartbeat\n\n";
constexpr std::chrono::seconds page_time{1};

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    out.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

result<follow_request> read_request(const request& asked) {
  std::string_view path = asked.path;
  if (!path.starts_with(before_feed) || !path.ends_with(after_feed) ||
      path.size() <= before_feed.size() + after_feed.size())
    return refuse(errc::feed_not_found, "a feed is followed at /api/v1/feeds/{feed}/events");
  path.remove_prefix(before_feed.size());
  path.remove_suffix(after_feed.size());
  follow_request out;
  out.feed = path;
  for (const auto& [name, value] : asked.query) {
    if (name == "after")
      out.after = value;
    else if (name == "types")
      out.types = split(value);
    else if (name == "snapshots" && (value == "true" || value == "false"))
      out.snapshots = value == "true";
    else if (name == "snapshots")
      return refuse(errc::argument_invalid, "'snapshots' is true or false").with("field", name);
    else
      return refuse(errc::unknown_field,
                    "a feed has no parameter '" + printable(name.substr(0, 64)) +
                        "': give after, types or snapshots")
          .with("field", name);
  }
  // A browser that connects again sends where it was; the address is still the first one's.
  if (const auto last = asked.headers.find("last-event-id");
      last != asked.headers.end() && !last->second.empty())
    out.after = last->second;
  return out;
}

} // namespace

result<std::unique_ptr<outlet>> sse_stream::open(std::shared_ptr<live_shared> with,
                                                 const request& asked) {
  TRY(const auto what, read_request(asked));
  std::unique_ptr<sse_stream> out{new sse_stream{with}};
  TRY(auto opened,
      follower::open(
          std::move(with), what, frame_writer::for_sse(), [to = out->bell_] { to->ring(); }));
  out->said_ = frame{std::string{first_line}, nullptr, {}};
  if (auto* resync = std::get_if<follower::resync>(&opened))
    out->end(std::move(resync->said), "the cursor is of another incarnation of the log");
  else
    out->feed_ = std::get<std::unique_ptr<follower>>(std::move(opened));
  return std::unique_ptr<outlet>{std::move(out)};
}

sse_stream::sse_stream(std::shared_ptr<live_shared> with) : with_{std::move(with)} {
  with_->sse_streams.fetch_add(1, relaxed);
}

sse_stream::~sse_stream() {
  bell_->listen({});
  with_->sse_streams.fetch_sub(1, relaxed);
}

void sse_stream::on_ready(std::function<void()> wake) {
  bell_->listen(std::move(wake));
}

void sse_stream::end(std::optional<frame> last, std::string reason) {
  if (last && said_)
    said_->head += last->head + std::string{last->tail};
  else if (last)
    said_ = std::move(last);
  feed_.reset();
  closing_ = closing{1'000, std::move(reason)};
  bell_->ring();
}

std::optional<frame> sse_stream::next() {
  std::optional<frame> out;
  if (said_) {
    out = std::exchange(said_, std::nullopt);
  } else if (feed_ && !feed_->is_waiting()) {
    auto step = feed_->next();
    if (step.now == follower::state::ended)
      end(std::nullopt, "the feed is over");
    if (step.now == follower::state::sent || step.now == follower::state::ended)
      out = std::move(step.said);
    else if (step.now == follower::state::working)
      bell_->ring();
  }
  if (out) {
    has_sent_ = true;
    is_unacknowledged_ = true;
    with_->frames.fetch_add(1, relaxed);
  }
  return out;
}

std::optional<closing> sse_stream::ending() const {
  return said_ ? std::nullopt : closing_;
}

void sse_stream::taken(time) {
  is_unacknowledged_ = false;
  stalled_since_.reset();
}

void sse_stream::tick(time now) {
  if (closing_)
    return;
  if (has_sent_ || !last_sent_)
    last_sent_ = now;
  has_sent_ = false;
  if (!is_unacknowledged_) {
    if (now - *last_sent_ >= with_->services.limits.heartbeat_every && !said_) {
      said_ = frame{std::string{heartbeat}, nullptr, {}};
      last_sent_ = now;
      bell_->ring();
    }
    return;
  }
  if (!stalled_since_)
    stalled_since_ = now;
  if (now - *stalled_since_ >= page_time)
    feed_->forget_page();
  if (now - *stalled_since_ < with_->services.limits.stall_time)
    return;
  with_->closed_slow.fetch_add(1, relaxed);
  end(feed_->closed(to_string(errc::timed_out),
                    "nothing was taken for too long: resume by the cursor"),
      "nothing was taken for too long");
}

void sse_stream::shut_down(std::string_view reason) {
  if (!closing_)
    end(feed_->closed(to_string(errc::shutting_down), reason), std::string{reason});
}

} // namespace ash::gateway
