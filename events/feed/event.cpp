#include "events/feed/event.hpp"

#include "events/codec/codec.hpp"
#include "events/codec/json_text.hpp"
#include "events/feed/cursor.hpp"

namespace ash::feed {
namespace {

// What the labels and the envelope come to, beside the payload.
constexpr std::size_t weight_of_envelope = 1'024;

std::optional<turn_id> turn_named_by(const any_fact& fact) {
  return std::visit(
      [](const auto& f) -> std::optional<turn_id> {
        if constexpr (requires { requires std::same_as<std::decay_t<decltype(f.turn)>, turn_id>; })
          return f.turn;
        else
          return std::nullopt;
      },
      fact);
}

void append_record(std::string& out, const log::record& of) {
  const auto text = [&](std::string_view name, std::string_view value) {
    out += name;
    codec::append_json_text(out, value);
  };
  out += "{\"position\":";
  out += std::to_string(of.position);
  text(",\"stream\":", of.stream.text());
  out += ",\"version\":";
  out += std::to_string(of.version);
  text(",\"type\":", of.type);
  text(",\"at\":", to_iso(of.at));
  text(",\"correlation\":", of.correlation);
  text(",\"causation\":", of.causation);
  text(",\"root\":", of.root.text());
}

} // namespace

event::event(log::record what, incarnation_id incarnation)
    : position_{what.position}, incarnation_{incarnation},
      weight_{2 * what.payload.size() + weight_of_envelope}, what_{std::move(what)} {}

result<std::string_view> event::text() const {
  TRY(encoded());
  return text_;
}

result<std::optional<turn_id>> event::turn() const {
  TRY(encoded());
  return turn_;
}

std::string_view event::cursor_text() const {
  constexpr std::string_view before = "\"cursor\":\"";
  const auto at = text_.find(before) + before.size();
  return std::string_view{text_}.substr(at, text_.find('"', at) - at);
}

std::shared_ptr<const std::string> event::shared_text(std::shared_ptr<const event> of) {
  const auto* text = &of->text_;
  return {std::move(of), text};
}

result<void> event::encoded() const {
  // Not `call_once`, which tells the kernel each time.
  if (!is_encoded()) {
    const std::lock_guard guard{encoding_};
    if (!is_encoded_.load(std::memory_order_relaxed)) {
      encode();
      is_encoded_.store(true, std::memory_order_release);
    }
  }
  if (fault_)
    return *fault_;
  return success();
}

void event::encode() const {
  text_.reserve(what_.payload.size() * 2 + 512);
  text_ += "\"position\":";
  text_ += std::to_string(position_);
  text_ += ",\"cursor\":\"";
  text_ += to_text({incarnation_, 0, position_, position_, 0});
  text_ += "\",\"record\":";
  append_record(text_, what_);
  if (what_.pruned) {
    text_ += ",\"pruned\":true}";
    return;
  }
  const auto fact = codec::decode(what_.type, what_.schema_version, what_.payload);
  if (!fact) {
    fault_ = fact.error();
    fault_->message += " (position " + std::to_string(position_) + ")";
    return;
  }
  text_ += ",\"data\":";
  codec::append_json(text_, fact.value());
  text_ += '}';
  turn_ = turn_named_by(fact.value());
  std::string{}.swap(what_.payload);
}

} // namespace ash::feed
