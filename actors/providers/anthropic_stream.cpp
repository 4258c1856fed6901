#include "actors/providers/anthropic_stream.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace ash::provider {
namespace {

constexpr std::size_t max_blocks = 1024;

std::string_view view_of(const json::string& text) {
  return {text.data(), text.size()};
}

std::string string_in(const json::object& in, std::string_view key) {
  const auto* text = text_in(in, key);
  return text ? std::string{view_of(*text)} : std::string{};
}

/// One content block under way.
struct block {
  std::string type;
  std::string id;
  std::string name;
  std::string text;      ///< thinking
  std::string signature; ///< or the data of a redacted block
  std::string arguments;
  std::string first_input; ///< what the block began with, for servers that send it at once
};

std::string finish_reason_of(std::string_view stop_reason) {
  if (stop_reason == "end_turn" || stop_reason == "stop_sequence")
    return "stop";
  if (stop_reason == "tool_use")
    return "tool_calls";
  if (stop_reason == "max_tokens")
    return "length";
  return std::string{stop_reason};
}

bool is_retryable_error(std::string_view type) {
  static const std::set<std::string_view> passing{"overloaded_error",
                                                  "rate_limit_error",
                                                  "api_error",
                                                  "timeout_error",
                                                  "internal_server_error"};
  return passing.contains(type);
}

class anthropic_decoder final : public decoder {
public:
  using decoder::decoder;

protected:
  void event(const sse_event& raw, const json::object& data) override {
    const auto named = string_in(data, "type");
    const auto& type = named.empty() ? raw.name : named;
    if (type == "message_start") {
      if (const auto* message = object_in(data, "message"))
        take_usage(*message);
      made().input_usage = usage();
    } else if (type == "content_block_start") {
      start_block(data);
    } else if (type == "content_block_delta") {
      take_delta(data);
    } else if (type == "message_delta") {
      if (const auto* delta = object_in(data, "delta"))
        take_stop_reason(*delta);
      if (object_in(data, "usage"))
        counted_ = true;
      take_usage(data);
    } else if (type == "message_stop") {
      made().whole = made().ended = true;
    } else if (type == "error") {
      take_error(data);
    }
    // `ping`, `content_block_stop` and kinds of events yet to come say nothing that is needed here.
  }

  void whole(const json::object& data, std::string_view) override {
    const auto* content = data.if_contains("content");
    const auto* list = content ? content->if_array() : nullptr;
    if (!list) {
      break_off(errc::provider_response_invalid, "the answer has no content", true);
      return;
    }
    for (std::size_t i = 0; i < list->size(); ++i)
      if (const auto* each = (*list)[i].if_object())
        begin_block(static_cast<std::int64_t>(i), *each);
    take_stop_reason(data);
    counted_ = object_in(data, "usage") != nullptr;
    take_usage(data);
    made().whole = true;
  }

  void settle() override {
    for (auto& [index, each] : blocks_) {
      if (each.type == "tool_use") {
        made().tool_calls.push_back(
            {std::move(each.id),
             std::move(each.name),
             each.arguments.empty() ? std::move(each.first_input) : std::move(each.arguments)});
      } else if (each.type == "redacted_thinking") {
        made().thinking.push_back({"", std::move(each.signature)});
      } else if (each.type == "thinking") {
        if (each.text.empty() && !each.signature.empty())
          each.signature.insert(0, untold_thinking);
        made().thinking.push_back({std::move(each.text), std::move(each.signature)});
      }
    }
    if (made().finish_reason.empty())
      made().finish_reason = made().tool_calls.empty() ? "stop" : "tool_calls";
    if (counted_ && input_ + cache_read_ + cache_created_ + output_ > 0)
      made().usage = usage();
  }

private:
  void start_block(const json::object& data) {
    if (const auto* content = object_in(data, "content_block"))
      begin_block(count_of(data, "index").value_or(static_cast<std::int64_t>(blocks_.size())),
                  *content);
  }

  void begin_block(std::int64_t index, const json::object& content) {
    if (blocks_.size() >= max_blocks) {
      break_off(errc::provider_response_invalid,
                "more than " + std::to_string(max_blocks) + " content blocks in one answer",
                false);
      return;
    }
    auto& made_block = blocks_[index];
    made_block.type = string_in(content, "type");
    if (made_block.type == "tool_use") {
      made().emitted = true;
      made_block.id = string_in(content, "id");
      made_block.name = string_in(content, "name");
      const auto* input = content.if_contains("input");
      made_block.first_input = input && input->is_object() ? to_json_text(*input) : "{}";
    } else if (made_block.type == "redacted_thinking") {
      made_block.signature = string_in(content, "data");
    } else if (made_block.type == "thinking") {
      made_block.text = string_in(content, "thinking");
      made_block.signature = string_in(content, "signature");
      say(delta_kind::thinking, made_block.text);
    } else if (made_block.type == "text") {
      say(delta_kind::text, string_in(content, "text"));
    }
  }

  void take_delta(const json::object& data) {
    const auto* delta = object_in(data, "delta");
    const auto found = blocks_.find(count_of(data, "index").value_or(-1));
    if (!delta || found == blocks_.end())
      return;
    auto& into = found->second;
    const auto type = string_in(*delta, "type");
    if (type == "text_delta") {
      say(delta_kind::text, string_in(*delta, "text"));
    } else if (type == "thinking_delta") {
      const auto piece = string_in(*delta, "thinking");
      into.text += piece;
      say(delta_kind::thinking, piece);
    } else if (type == "signature_delta") {
      into.signature += string_in(*delta, "signature");
    } else if (type == "input_json_delta") {
      into.arguments += string_in(*delta, "partial_json");
    }
  }

  void take_stop_reason(const json::object& in) {
    if (const auto reason = string_in(in, "stop_reason"); !reason.empty()) {
      made().finish_reason = finish_reason_of(reason);
      made().whole = true;
    }
  }

  void take_error(const json::object& data) {
    const auto* error = data.if_contains("error");
    const auto type = error && error->is_object() ? string_in(error->get_object(), "type") : "";
    break_off(error ? *error : json::value(data), type.empty() || is_retryable_error(type));
  }

  /// Every report replaces what it names: the later ones are cumulative.
  void take_usage(const json::object& in) {
    const auto* reported = object_in(in, "usage");
    if (!reported)
      return;
    input_ = count_of(*reported, "input_tokens").value_or(input_);
    output_ = count_of(*reported, "output_tokens").value_or(output_);
    cache_read_ = count_of(*reported, "cache_read_input_tokens").value_or(cache_read_);
    cache_created_ = count_of(*reported, "cache_creation_input_tokens").value_or(cache_created_);
  }

  [[nodiscard]] token_usage usage() const {
    token_usage counted;
    counted.input = input_ + cache_read_ + cache_created_;
    counted.cached = cache_read_;
    counted.output = output_;
    return counted;
  }

  std::map<std::int64_t, block> blocks_; ///< by index: the order of the answer
  std::int64_t input_ = 0;
  std::int64_t output_ = 0;
  std::int64_t cache_read_ = 0;
  std::int64_t cache_created_ = 0;
  bool counted_ = false; ///< the usage of the whole answer has come
};

} // namespace

std::shared_ptr<decoder> make_anthropic_decoder(exchange about) {
  return std::make_shared<anthropic_decoder>(std::move(about));
}

} // namespace ash::provider
