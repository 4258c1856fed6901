#include "gateway/live/socket_conversation.hpp"

#include "events/base/match.hpp"

#include <algorithm>

namespace ash::gateway {
namespace {

// RFC 6455, section 7.4.1.
constexpr std::uint16_t going_away = 1'001;
constexpr std::uint16_t policy_violation = 1'008;
constexpr std::size_t max_reason_bytes = 123;

constexpr std::chrono::seconds page_time{1}; ///< after which a client that takes nothing holds none

json::object with_id(const std::string& id, json::object members) {
  json::object out;
  if (!id.empty())
    out["id"] = id;
  for (auto& each : members)
    out[each.key()] = std::move(each.value());
  return out;
}

bool is_json(const response& of) {
  return of.content_type.find("json") != std::string::npos && !of.body.empty();
}

frame result_frame(const std::string& id, const response& of) {
  auto out = socket_frame("result", {{"id", id}, {"status", of.status}});
  out.head.pop_back();
  out.head += ",\"body\":";
  if (is_json(of)) {
    out.shared = std::make_shared<const std::string>(of.body);
    out.tail = "}";
    return out;
  }
  out.head += of.body.empty() ? std::string{"null"} : to_json_text(json::value(of.body));
  out.head += '}';
  return out;
}

} // namespace

socket_conversation::socket_conversation(std::shared_ptr<live_shared> with,
                                         live_feeds::authorisation shown,
                                         std::string client)
    : with_{std::move(with)}, client_{std::move(client)}, is_authorised_{
                                                              shown ==
                                                              live_feeds::authorisation::given} {
  with_->conversations.fetch_add(1, relaxed);
  if (is_authorised_)
    greet();
}

socket_conversation::~socket_conversation() {
  bell_->listen({});
  with_->conversations.fetch_sub(1, relaxed);
}

void socket_conversation::on_ready(std::function<void()> wake) {
  bell_->listen(std::move(wake));
}

// -- what the client says -------------------------------------------------------------------------

void socket_conversation::on_message(std::string_view text) {
  if (closing_)
    return;
  auto read = read_message(text, with_->services.limits.message_bytes);
  auto* what = std::get_if<message>(&read);
  if (!is_authorised_ && (what == nullptr || !std::holds_alternative<said::auth>(*what)))
    return end(policy_violation, "the first message has to be auth, with the server's token");
  if (what == nullptr) {
    const auto& unread = std::get<unread_message>(read);
    return answer_error(unread.id, unread.why);
  }
  std::visit([this](auto&& each) { hear(std::move(each)); }, std::move(*what));
}

void socket_conversation::hear(const said::auth& what) {
  if (is_authorised_)
    return answer_error({}, refuse(errc::argument_invalid, "the connection is authorised already"));
  if (!with_->services.is_token(what.token))
    return end(policy_violation, "this is not the server's token");
  is_authorised_ = true;
  greet();
}

void socket_conversation::greet() {
  const auto& limits = with_->services.limits;
  const auto& feeds = with_->services.feeds;
  say(socket_frame("hello",
                   {{"protocol", 1},
                    {"server", with_->services.version},
                    {"incarnation", to_string(feeds.incarnation())},
                    {"head", feeds.head()},
                    {"heartbeat_s", limits.heartbeat_every.count()},
                    {"limits",
                     {{"subscriptions", limits.subscriptions},
                      {"commands", limits.commands},
                      {"message_bytes", limits.message_bytes},
                      {"credit", limits.credit},
                      {"stall_s", limits.stall_time.count()}}}}));
}

void socket_conversation::hear(const said::subscribe& what) {
  const auto most = with_->services.limits.subscriptions;
  if (find(what.id) != feeds_.end())
    return answer_error(
        what.id,
        refuse(errc::argument_invalid, "this socket has a subscription of that id: give another"));
  if (feeds_.size() >= most)
    return answer_error(what.id,
                        refuse(errc::limit_exceeded,
                               "a socket has at most " + std::to_string(most) + " subscriptions"));
  auto opened = follower::open(
      with_, what.what, frame_writer::for_socket(what.id), [to = bell_] { to->ring(); });
  if (!opened)
    return answer_error(what.id, opened.error());
  if (auto* resync = std::get_if<follower::resync>(&opened.value()))
    return say(std::move(resync->said));
  feeds_.push_back({what.id, std::get<std::unique_ptr<follower>>(std::move(opened).value())});
  bell_->ring();
}

void socket_conversation::hear(const said::unsubscribe& what) {
  const auto which = find(what.id);
  if (which == feeds_.end())
    return answer_error(what.id,
                        refuse(errc::feed_not_found, "this socket has no such subscription"));
  say(which->by->closed("unsubscribed", "as asked"));
  feeds_.erase(which);
}

void socket_conversation::hear(const said::credit& what) {
  const auto which = find(what.id);
  if (which == feeds_.end())
    return answer_error(what.id,
                        refuse(errc::feed_not_found, "this socket has no such subscription"));
  if (!which->by->add_credit(what.add))
    return answer_error(what.id,
                        refuse(errc::limit_exceeded,
                               "a subscription has a credit of at most " +
                                   std::to_string(with_->services.limits.credit)));
  bell_->ring();
}

void socket_conversation::hear(said::command&& what) {
  if (commands_ >= with_->services.limits.commands)
    return answer_error(what.id,
                        refuse(errc::queue_full,
                               "this socket's commands in flight are " + std::to_string(commands_) +
                                   ": wait for a result"));
  what.what.client = client_;
  auto id = what.id;
  const auto queued = with_->services.run_on_worker(
      [to = inbox_, bell = bell_, with = with_, asked = std::move(what)] {
        auto answer = with->services.commands(asked.what);
        {
          const std::lock_guard guard{to->lock};
          to->results.emplace_back(asked.id, std::move(answer));
        }
        bell->ring();
      });
  if (!queued)
    return answer_error(id, refuse(errc::queue_full, "the server is busy: send it again later"));
  ++commands_;
  with_->commands.fetch_add(1, relaxed);
}

void socket_conversation::hear(const said::ping& what) {
  say(socket_frame("pong", with_id(what.id, {})));
}

// -- what it is told ------------------------------------------------------------------------------

void socket_conversation::say(frame what) {
  answers_.push_back(std::move(what));
  if (answers_.size() > with_->services.limits.unread_answers && !closing_)
    end(policy_violation, "too many messages, and their answers were not read");
  bell_->ring();
}

void socket_conversation::answer_error(const std::string& id, const error& why) {
  json::object members{{"code", to_string(why.code)}, {"message", why.message}};
  if (!why.details.empty()) {
    json::object details;
    for (const auto& [name, value] : why.details)
      details[name] = value;
    members["details"] = std::move(details);
  }
  say(socket_frame("error", with_id(id, std::move(members))));
}

void socket_conversation::end(std::uint16_t code, std::string reason) {
  if (reason.size() > max_reason_bytes)
    reason.resize(utf8_prefix(reason, max_reason_bytes).size());
  closing_ = closing{code, std::move(reason)};
  feeds_.clear();
  bell_->ring();
}

void socket_conversation::end_all(std::string_view code, std::string_view reason) {
  for (const auto& each : feeds_)
    answers_.push_back(each.by->closed(code, reason));
  feeds_.clear();
}

void socket_conversation::take_results() {
  std::vector<std::pair<std::string, response>> results;
  {
    const std::lock_guard guard{inbox_->lock};
    results.swap(inbox_->results);
  }
  // A command counts until its result is on its way, so they are bounded as the commands are.
  for (const auto& [id, answer] : results)
    answers_.push_back(result_frame(id, answer));
  commands_ -= results.size();
}

std::optional<frame> socket_conversation::next() {
  take_results();
  std::optional<frame> out;
  if (!answers_.empty()) {
    out = std::move(answers_.front());
    answers_.pop_front();
  } else if (!closing_) {
    out = next_of_feeds();
  }
  if (out) {
    has_sent_ = true;
    is_unacknowledged_ = true;
    with_->frames.fetch_add(1, relaxed);
  }
  return out;
}

std::optional<frame> socket_conversation::next_of_feeds() {
  bool has_more = false;
  for (std::size_t tried = 0; tried < feeds_.size(); ++tried) {
    if (turn_ >= feeds_.size())
      turn_ = 0;
    auto& each = feeds_[turn_++];
    if (each.by->is_waiting())
      continue;
    auto step = each.by->next();
    switch (step.now) {
    case follower::state::sent:
      return std::move(step.said);
    case follower::state::ended:
      feeds_.erase(feeds_.begin() + static_cast<std::ptrdiff_t>(--turn_));
      return std::move(step.said);
    case follower::state::working:
      has_more = true;
      break;
    case follower::state::idle:
    case follower::state::waiting:
      break;
    }
  }
  if (has_more)
    bell_->ring();
  return std::nullopt;
}

std::optional<closing> socket_conversation::ending() const {
  return answers_.empty() ? closing_ : std::nullopt;
}

// -- time -----------------------------------------------------------------------------------------

void socket_conversation::taken(time) {
  is_unacknowledged_ = false;
  stalled_since_.reset();
}

void socket_conversation::tick(time now) {
  if (closing_)
    return;
  if (!began_)
    began_ = now;
  if (!is_authorised_) {
    if (now - *began_ >= with_->services.limits.auth_time)
      end(policy_violation, "the token did not come in time");
    return;
  }
  watch_socket(now);
  if (closing_)
    return;
  close_starved(now);
  beat(now);
}

void socket_conversation::watch_socket(time now) {
  if (!is_unacknowledged_)
    return;
  if (!stalled_since_)
    stalled_since_ = now;
  if (now - *stalled_since_ >= page_time)
    for (const auto& each : feeds_)
      each.by->forget_page();
  if (now - *stalled_since_ < with_->services.limits.stall_time)
    return;
  with_->closed_slow.fetch_add(std::max<std::size_t>(feeds_.size(), 1), relaxed);
  std::string reason = "timed_out: nothing was taken for too long";
  if (feeds_.size() == 1)
    reason += "; resume after " + to_text(feeds_.front().by->where());
  end_all(to_string(errc::timed_out), "nothing was taken for too long: resume by the cursor");
  end(policy_violation, std::move(reason));
}

void socket_conversation::close_starved(time now) {
  for (auto at = feeds_.begin(); at != feeds_.end();) {
    if (!at->by->is_starved(now)) {
      ++at;
      continue;
    }
    with_->closed_slow.fetch_add(1, relaxed);
    say(at->by->closed(to_string(errc::timed_out),
                       "no credit was given for too long: resume by the cursor"));
    at = feeds_.erase(at);
  }
}

void socket_conversation::beat(time now) {
  if (has_sent_ || !last_sent_)
    last_sent_ = now;
  has_sent_ = false;
  if (now - *last_sent_ < with_->services.limits.heartbeat_every || is_unacknowledged_)
    return;
  last_sent_ = now;
  json::object cursors;
  for (const auto& each : feeds_)
    if (each.by->is_caught_up())
      cursors[each.id] = to_text(each.by->where());
  say(socket_frame("heartbeat",
                   {{"head", with_->services.feeds.head()}, {"cursors", std::move(cursors)}}));
}

void socket_conversation::shut_down(std::string_view reason) {
  if (closing_)
    return;
  end_all(to_string(errc::shutting_down), reason);
  end(going_away, std::string{to_string(errc::shutting_down)} + ": " + std::string{reason});
}

std::vector<socket_conversation::following>::iterator
socket_conversation::find(std::string_view id) {
  return std::find_if(
      feeds_.begin(), feeds_.end(), [&](const following& each) { return each.id == id; });
}

} // namespace ash::gateway
