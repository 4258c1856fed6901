#include "actors/providers/openai_stream.hpp"

#include "actors/providers/reported_cost.hpp"
#include "events/base/hash.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace ash::provider {
namespace {

constexpr std::size_t max_tool_calls = 256;

std::string_view view_of(const json::string& text) {
  return {text.data(), text.size()};
}

enum class piece_kind : std::uint8_t { fragment, whole_call };

/// Tool calls as they grow, in the order in which they began.
class call_slots {
public:
  /// False once there are too many. `place` is the piece's place in its list.
  bool take(const json::object& piece, piece_kind kind, std::size_t place) {
    auto& slot = kind == piece_kind::whole_call ? calls_.emplace_back() : slot_of(piece, place);
    if (const auto* id = text_in(piece, "id"); id && slot.id.empty())
      slot.id = view_of(*id);
    const auto* function = object_in(piece, "function");
    if (!function)
      function = &piece; // some servers leave the level out
    if (const auto* name = text_in(*function, "name"))
      add_name(slot, view_of(*name), text_in(piece, "id") != nullptr);
    if (const auto* arguments = function->if_contains("arguments")) {
      if (const auto* text = arguments->if_string())
        slot.arguments += view_of(*text);
      else if (!arguments->is_null())
        slot.arguments = to_json_text(*arguments);
    }
    return calls_.size() <= max_tool_calls;
  }

  /// The calls, each with an id that no other has. `seed` makes up the missing ones.
  std::vector<tool_request> finished(std::string_view seed) {
    std::set<std::string> taken;
    for (std::size_t i = 0; i < calls_.size(); ++i)
      if (auto& id = calls_[i].id; id.empty() || !taken.insert(id).second) {
        id = "call_" + sha256_hex(std::string{seed} + '/' + std::to_string(i)).substr(0, 24);
        taken.insert(id);
      }
    return std::move(calls_);
  }

private:
  tool_request& slot_of(const json::object& piece, std::size_t place) {
    const auto* id = text_in(piece, "id");
    const auto index = count_of(piece, "index")
                           .value_or(
                               // Without an index a piece with an id begins a call; one without
                               // goes on with the last.
                               id || by_index_.empty() ? static_cast<std::int64_t>(place)
                                                       : by_index_.rbegin()->first);
    const auto found = by_index_.find(index);
    // Some servers number every call 0: another id then means another call.
    const auto another = found != by_index_.end() && id && !id->empty() &&
                         !calls_[found->second].id.empty() &&
                         calls_[found->second].id != view_of(*id);
    if (found != by_index_.end() && !another)
      return calls_[found->second];
    by_index_[index] = calls_.size();
    return calls_.emplace_back();
  }

  static void add_name(tool_request& slot, std::string_view name, bool begins) {
    if (slot.name.empty())
      slot.name = name;
    else if (!begins && slot.name != name)
      slot.name += name;
  }

  std::vector<tool_request> calls_;
  std::map<std::int64_t, std::size_t> by_index_;
};

token_usage usage_of(const json::object& from) {
  token_usage usage;
  usage.input = count_of(from, "prompt_tokens").value_or(0);
  usage.output = count_of(from, "completion_tokens").value_or(0);
  if (const auto* details = object_in(from, "prompt_tokens_details"))
    usage.cached = count_of(*details, "cached_tokens").value_or(0);
  else
    usage.cached = count_of(from, "prompt_cache_hit_tokens").value_or(0);
  if (const auto* details = object_in(from, "completion_tokens_details"))
    usage.reasoning = count_of(*details, "reasoning_tokens").value_or(0);
  usage.cached = std::min(usage.cached, usage.input);
  usage.reasoning = std::min(usage.reasoning, usage.output);
  return usage;
}

class openai_decoder final : public decoder {
public:
  openai_decoder(exchange about, cost_report cost) : decoder(std::move(about)), cost_(cost) {}

protected:
  void event(const sse_event& raw, const json::object& data) override {
    if (const auto* error = data.if_contains("error"); error && !error->is_null()) {
      break_off(*error, true);
      return;
    }
    take_usage(data, raw.data);
    if (const auto* choice = first_choice(data))
      take_choice(*choice, "delta", raw.data);
  }

  void whole(const json::object& data, std::string_view raw) override {
    take_usage(data, raw);
    const auto* choice = first_choice(data);
    if (!choice) {
      break_off(errc::provider_response_invalid, "the answer has no choices", true);
      return;
    }
    take_choice(*choice, "message", raw);
    made().whole = true;
  }

  void settle() override {
    if (!thinking_.empty())
      made().thinking.push_back({std::move(thinking_), {}});
    made().tool_calls = calls_.finished(about().what.call + about().what.body);
    if (made().finish_reason.empty())
      made().finish_reason = made().tool_calls.empty() ? "stop" : "tool_calls";
    if (made().finish_reason == "error")
      break_off(errc::provider_unavailable, "the model's server failed without saying why", true);
  }

private:
  static const json::object* first_choice(const json::object& data) {
    const auto* choices = data.if_contains("choices");
    const auto* list = choices ? choices->if_array() : nullptr;
    if (list)
      for (const auto& each : *list)
        if (const auto* object = each.if_object();
            object && count_of(*object, "index").value_or(0) == 0)
          return object;
    return nullptr;
  }

  void take_choice(const json::object& choice, std::string_view key, std::string_view raw) {
    if (const auto* error = choice.if_contains("error"); error && !error->is_null()) {
      break_off(*error, true);
      return;
    }
    // Either key, whatever was asked for: some servers stream whole messages.
    const auto* delta = object_in(choice, key);
    if (!delta)
      delta = object_in(choice, key = key == "delta" ? "message" : "delta");
    if (delta)
      take_delta(*delta, key == "message" ? piece_kind::whole_call : piece_kind::fragment);
    if (const auto* reason = text_in(choice, "finish_reason"); reason && !reason->empty()) {
      made().finish_reason = view_of(*reason);
      made().whole = true;
    }
    take_usage(choice, raw);
  }

  void take_delta(const json::object& delta, piece_kind kind) {
    // Some servers send the same thinking under both names.
    const auto* thinking = text_in(delta, "reasoning_content");
    if (!thinking || thinking->empty())
      thinking = text_in(delta, "reasoning");
    if (thinking) {
      thinking_ += view_of(*thinking);
      say(delta_kind::thinking, view_of(*thinking));
    }
    if (const auto* content = delta.if_contains("content"))
      take_content(*content);
    if (const auto* refusal = text_in(delta, "refusal"))
      say(delta_kind::text, view_of(*refusal));
    const auto* calls = delta.if_contains("tool_calls");
    const auto* list = calls ? calls->if_array() : nullptr;
    for (std::size_t i = 0; list && i < list->size(); ++i)
      if (const auto* piece = (*list)[i].if_object()) {
        made().emitted = true;
        if (!calls_.take(*piece, kind, i))
          break_off(errc::provider_response_invalid,
                    "more than " + std::to_string(max_tool_calls) + " tool calls in one answer",
                    false);
      }
  }

  void take_content(const json::value& content) {
    if (const auto* text = content.if_string()) {
      say(delta_kind::text, view_of(*text));
    } else if (const auto* parts = content.if_array()) {
      for (const auto& part : *parts)
        if (const auto* object = part.if_object())
          if (const auto* piece = text_in(*object, "text"))
            say(delta_kind::text, view_of(*piece));
    }
  }

  void take_usage(const json::object& in, std::string_view raw) {
    const auto* usage = object_in(in, "usage");
    if (!usage)
      return;
    // All zero is a server that does not count: the answer is then estimated.
    if (const auto found = usage_of(*usage); found.input + found.output > 0)
      made().usage = found;
    if (cost_ == cost_report::usage_cost)
      if (const auto cost = reported_cost(raw, "usage", "cost"))
        made().cost = cost;
  }

  cost_report cost_;
  std::string thinking_;
  call_slots calls_;
};

} // namespace

std::shared_ptr<decoder> make_openai_decoder(exchange about, cost_report cost) {
  return std::make_shared<openai_decoder>(std::move(about), cost);
}

} // namespace ash::provider
