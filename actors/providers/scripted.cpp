#include "actors/providers/scripted.hpp"

#include "actors/providers/decoder.hpp"
#include "actors/providers/script.hpp"
#include "actors/providers/timer_loop.hpp"
#include "actors/tokens/tokens.hpp"
#include "events/base/hash.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_map>

namespace ash::provider {
namespace {

struct piece {
  delta_kind kind;
  std::string text;
};

/// What one attempt will do: pieces in their time, then the end.
struct plan {
  std::int64_t delay_ms = 0;
  std::int64_t piece_delay_ms = 0;
  std::vector<piece> pieces;
  std::variant<response, fault> end;
};

/// One call: all of it happens on the timer's thread, so its parts are in order without a lock.
class scripted_attempt final : public call, public std::enable_shared_from_this<scripted_attempt> {
public:
  scripted_attempt(std::weak_ptr<timer_loop> timer, plan what, observer who)
      : timer_(std::move(timer)), what_(std::move(what)), who_(std::move(who)) {}

  void start() { next(what_.delay_ms); }

  void cancel() override {
    if (const auto timer = timer_.lock())
      timer->after(0, [self = shared_from_this()](wake) {
        self->stop(refuse(errc::cancelled, "the call was cancelled"));
      });
  }

private:
  void next(std::int64_t delay_ms) {
    const auto timer = timer_.lock();
    if (!timer) {
      stop(refuse(errc::shutting_down, "the process is stopping"));
      return;
    }
    timer->after(delay_ms, [self = shared_from_this()](wake why) {
      if (why == wake::stopping)
        self->stop(refuse(errc::cancelled, "the process is stopping"));
      else
        self->go_on();
    });
  }

  void go_on() {
    if (ended_)
      return;
    while (told_ < what_.pieces.size()) {
      if (told_ > 0 && what_.piece_delay_ms > 0 && !std::exchange(waited_, true)) {
        next(what_.piece_delay_ms);
        return;
      }
      waited_ = false;
      tell(what_.pieces[told_++]);
    }
    finish(std::move(what_.end));
  }

  void tell(const piece& each) {
    if (each.kind == delta_kind::text)
      partial_text_ += each.text;
    if (who_.on_delta)
      who_.on_delta(each.kind, each.text);
  }

  void stop(error why) {
    if (ended_)
      return;
    fault made;
    made.why = std::move(why);
    finish(std::move(made));
  }

  void finish(std::variant<response, fault> end) {
    if (ended_.exchange(true))
      return;
    if (auto* fault_end = std::get_if<fault>(&end)) {
      fault_end->emitted_output = told_ > 0;
      fault_end->partial_text = std::move(partial_text_);
    }
    // The observer may hold the call: let go here, so that the two do not keep each other.
    const auto on_done = std::move(who_.on_done);
    who_ = {};
    on_done(std::move(end));
  }

  std::weak_ptr<timer_loop> timer_;
  plan what_;
  observer who_;
  std::size_t told_ = 0;
  bool waited_ = false;
  std::string partial_text_;
  std::atomic<bool> ended_ = false;
};

std::vector<piece> cut_into_pieces(const scripted_turn& turn) {
  std::vector<piece> pieces;
  const auto cut = [&](delta_kind kind, std::string_view text) {
    const auto size = turn.chunk > 0 ? static_cast<std::size_t>(turn.chunk) : text.size();
    while (!text.empty()) {
      // A piece holds one code point at least, however small the pieces are to be.
      auto part = utf8_prefix(text, size);
      for (auto more = size + 1; part.empty(); ++more)
        part = utf8_prefix(text, more);
      pieces.push_back({kind, std::string{part}});
      text.remove_prefix(part.size());
    }
  };
  cut(delta_kind::thinking, turn.thinking);
  cut(delta_kind::text, turn.text);
  return pieces;
}

/// The answer as a provider's own representation, for the log.
std::string raw_of(const scripted_turn& turn, const response& answer) {
  json::array calls;
  for (const auto& call : answer.tool_calls)
    calls.push_back({{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
  json::object raw{{"turn", turn.name},
                   {"line", turn.line},
                   {"text", answer.text},
                   {"tool_calls", std::move(calls)},
                   {"finish_reason", answer.finish_reason}};
  return to_json_text(raw);
}

response answer_of(const scripted_turn& turn, const request& what) {
  response made;
  made.text = turn.text;
  if (!turn.thinking.empty())
    made.thinking.push_back({turn.thinking, {}});
  for (const auto& call : turn.tool_calls) {
    auto id = call.id;
    if (id.empty())
      id = "call_" +
           sha256_hex(what.body + '/' + std::to_string(made.tool_calls.size())).substr(0, 24);
    made.tool_calls.push_back({std::move(id), call.name, call.arguments});
  }
  made.finish_reason = turn.finish_reason;
  if (made.finish_reason.empty())
    made.finish_reason = made.tool_calls.empty() ? "stop" : "tool_calls";
  made.reported_cost = turn.cost;
  if (turn.usage) {
    made.usage = *turn.usage;
  } else {
    made.usage.estimated = true;
    made.usage.input = count_tokens(what.body);
    made.usage.reasoning = count_tokens(turn.thinking);
    made.usage.output = count_tokens(turn.text) + made.usage.reasoning;
    for (const auto& call : made.tool_calls)
      made.usage.output += count_tokens(call.name) + count_tokens(call.arguments);
  }
  made.raw = raw_of(turn, made);
  return made;
}

fault retryable_fault(errc code, std::string message) {
  fault made;
  made.why = refuse(code, std::move(message));
  made.retryable = true;
  return made;
}

/// Changes the plan of an answer into one of a fault.
void spoil(plan& what, const scripted_fault& how) {
  const auto said = how.message.empty() ? std::string{} : ": " + how.message;
  if (how.cut_after_chunks) {
    const auto kept = static_cast<std::size_t>(*how.cut_after_chunks);
    what.pieces.resize(std::min(what.pieces.size(), kept));
    what.end = retryable_fault(errc::provider_unavailable,
                               "scripted: the stream ended before the answer did" + said);
    return;
  }
  what.pieces.clear();
  if (how.status) {
    const auto retryable = is_retryable_status(*how.status);
    auto made = retryable_fault(retryable ? errc::provider_unavailable : errc::provider_rejected,
                                "scripted answered " + std::to_string(*how.status) + said);
    made.why = std::move(made.why).with("status", std::to_string(*how.status));
    made.retryable = retryable;
    made.retry_after_ms = how.retry_after_ms;
    what.end = std::move(made);
  } else if (how.garbage) {
    what.end =
        retryable_fault(errc::provider_response_invalid,
                        "scripted: the answer is neither a stream of events nor JSON" + said);
  } else {
    what.delay_ms = *how.hang_ms;
    what.end = retryable_fault(
        errc::timed_out, "scripted: no byte for " + std::to_string(*how.hang_ms) + " ms" + said);
  }
}

class scripted_model final : public model_provider {
public:
  explicit scripted_model(script from) : script_(std::move(from)) {}

  std::shared_ptr<call> start(request what, observer who) override {
    auto made = std::make_shared<scripted_attempt>(timer_, plan_for(what), std::move(who));
    made->start();
    return made;
  }

private:
  plan plan_for(const request& what) {
    plan made;
    const auto asked = parse_canonical(what.body);
    if (!asked) {
      fault refused;
      refused.why = asked.error();
      made.end = std::move(refused);
      return made;
    }
    const auto* turn = script_.find(what.model, asked.value());
    if (!turn) {
      made.end = no_turn(what, asked.value());
      return made;
    }
    made.delay_ms = turn->delay_ms;
    made.piece_delay_ms = turn->chunk_delay_ms;
    made.pieces = cut_into_pieces(*turn);
    made.end = answer_of(*turn, what);
    if (const auto* how = fault_of(*turn, what))
      spoil(made, *how);
    return made;
  }

  [[nodiscard]] fault no_turn(const request& what, const canonical_request& asked) const {
    std::string_view user;
    std::string_view last;
    std::int64_t assistant_turns = 0;
    for (const auto& each : asked.messages) {
      user = each.role == speaker::user ? std::string_view{each.content} : user;
      assistant_turns += each.role == speaker::assistant ? 1 : 0;
      last = each.content;
    }
    const auto shown = [](std::string_view text) {
      return "'" + printable(utf8_prefix(text, 160)) + "'";
    };
    fault made;
    made.why = refuse(errc::provider_response_invalid,
                      "the script " + script_.file + " has no turn for this request: model " +
                          shown(what.model) + ", " + std::to_string(assistant_turns) +
                          " assistant turns, last user message " + shown(user) + ", last message " +
                          shown(last) + ". Add a turn that matches it")
                   .with("file", script_.file);
    return made;
  }

  /// The fault that this attempt meets, or null. Attempts at one request are counted in this
  /// process.
  const scripted_fault* fault_of(const scripted_turn& turn, const request& what) {
    if (turn.faults.empty())
      return nullptr;
    // The bound only matters to a script whose faults are met by very many requests.
    constexpr std::size_t max_counted = 100'000;
    std::int64_t attempt = 0;
    {
      const std::lock_guard lock{mutex_};
      if (attempts_.size() >= max_counted)
        attempts_.clear();
      attempt = attempts_[std::to_string(turn.line) + '/' + sha256_hex(what.body)]++;
    }
    for (const auto& each : turn.faults) {
      if (attempt < each.times)
        return &each;
      attempt -= each.times;
    }
    return nullptr;
  }

  script script_;
  std::shared_ptr<timer_loop> timer_ = timer_loop::shared();
  std::mutex mutex_;
  std::unordered_map<std::string, std::int64_t> attempts_; ///< by turn and request
};

std::shared_ptr<model_provider> make_scripted(script from) {
  return std::make_shared<scripted_model>(std::move(from));
}

} // namespace

result<std::shared_ptr<model_provider>> load_scripted(const std::string& path) {
  TRY(auto text, yaml::read_text(path));
  return parse_scripted(text, path);
}

result<std::shared_ptr<model_provider>> parse_scripted(std::string_view text, std::string file) {
  TRY(auto made, parse_script(text, std::move(file)));
  return make_scripted(std::move(made));
}

} // namespace ash::provider
