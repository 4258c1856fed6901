#include "gateway/live/turn_picture.hpp"

#include "events/base/match.hpp"
#include "events/codec/describe_json.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace ash::gateway {
namespace {

constexpr std::string_view running = "running";

} // namespace

std::vector<turn_picture::item>& turn_picture::items() {
  if (groups_.empty())
    groups_.emplace_back();
  return groups_.back().items;
}

void turn_picture::piece(item_kind kind, const std::string& text) {
  if (text.empty())
    return;
  auto& all = items();
  if (all.empty() || all.back().kind != kind)
    all.push_back({.kind = kind, .text = {}, .status = {}, .code = {}, .tool_call = {}});
  all.back().text += text;
}

void turn_picture::spend(const token_usage& usage, usd cost) {
  usage_.input += usage.input;
  usage_.output += usage.output;
  usage_.cached += usage.cached;
  usage_.reasoning += usage.reasoning;
  usage_.estimated = usage_.estimated || usage.estimated;
  cost_ += cost;
}

/// The whole answer has what the stream may have missed.
turn_picture::change turn_picture::keep(const turn::call_completed& f) {
  items().clear();
  for (const auto& each : f.thinking)
    piece(item_kind::thinking, each.text);
  piece(item_kind::text, f.text);
  spend(f.usage, f.cost);
  return change::step;
}

turn_picture::change turn_picture::keep(const turn::call_failed& f) {
  items().clear();
  piece(item_kind::text, f.partial_text);
  items().push_back({item_kind::error, f.message, {}, f.code, {}});
  spend(f.usage, f.cost);
  return change::step;
}

turn_picture::change turn_picture::keep(const turn::tool_called& f) {
  items().push_back({item_kind::tool,
                     f.request.name,
                     std::string{f.refusal.empty() ? running : "denied"},
                     f.refusal,
                     f.tool_call});
  return change::step;
}

turn_picture::change turn_picture::keep(const turn::tool_answered& f) {
  for (auto& each : items())
    if (each.kind == item_kind::tool && each.tool_call == f.tool_call) {
      each.status = codec::describe_json(f.answer).as_string();
      each.code = f.code;
    }
  return change::step;
}

turn_picture::change turn_picture::close() {
  *this = {};
  return change::end;
}

turn_picture::change turn_picture::take(const turn::fact& what) {
  if (const auto* begun = std::get_if<turn::started>(&what)) {
    *this = {};
    turn_ = begun->turn;
    status_ = running;
    return change::step;
  }
  if (status_.empty())
    return change::none;
  return std::visit(match{[&](const turn::started&) { return change::step; },
                          [&](const turn::step_started& f) {
                            groups_.push_back({f.step, {}});
                            return change::step;
                          },
                          // What an earlier attempt had said does not count any more.
                          [&](const turn::call_requested&) {
                            items().clear();
                            return change::none;
                          },
                          [&](const turn::call_started&) { return change::none; },
                          [&](const turn::call_refused& f) {
                            items().push_back({item_kind::error, f.message, {}, f.code, {}});
                            return change::step;
                          },
                          [&](const turn::call_delta& f) {
                            piece(f.thinking ? item_kind::thinking : item_kind::text, f.text);
                            return change::piece;
                          },
                          [&](const turn::call_completed& f) { return keep(f); },
                          [&](const turn::call_failed& f) { return keep(f); },
                          [&](const turn::call_lost& f) {
                            items().clear();
                            spend({}, f.cost);
                            return change::step;
                          },
                          [&](const turn::call_settled&) { return change::none; },
                          [&](const turn::call_retried&) { return change::none; },
                          [&](const turn::model_fell_back&) { return change::none; },
                          [&](const turn::tool_called& f) { return keep(f); },
                          [&](const turn::tool_answered& f) { return keep(f); },
                          [&](const turn::loop_detected&) { return change::none; },
                          [&](const turn::step_finished&) { return change::none; },
                          [&](const turn::stop_requested&) { return change::none; },
                          [&](const turn::suspended&) {
                            status_ = "suspended";
                            return change::step;
                          },
                          [&](const turn::resumed&) {
                            status_ = running;
                            return change::step;
                          },
                          [&](const turn::approval_awaited&) { return change::none; },
                          [&](const turn::approval_settled&) { return change::none; },
                          [&](const turn::completed&) { return close(); },
                          [&](const turn::interrupted&) { return close(); },
                          [&](const turn::failed&) { return close(); }},
                    what);
}

json::object turn_picture::to_json(const item& of) {
  switch (of.kind) {
  case item_kind::thinking:
    return {{"type", "thinking"}, {"text", of.text}};
  case item_kind::text:
    return {{"type", "text"}, {"text", of.text}};
  case item_kind::error:
    return {{"type", "error"}, {"code", of.code}, {"message", of.text}};
  case item_kind::tool:
    break;
  }
  json::object out{{"type", "tool"},
                   {"tool_call", to_string(of.tool_call)},
                   {"name", of.text},
                   {"status", of.status}};
  if (!of.code.empty())
    out["code"] = of.code;
  return out;
}

json::object turn_picture::to_json() const {
  json::array groups;
  for (const auto& each : groups_) {
    json::array items;
    for (const auto& one : each.items)
      items.push_back(to_json(one));
    groups.push_back(json::object{{"step", each.step}, {"items", std::move(items)}});
  }
  return {{"turn", to_string(turn_)},
          {"status", status_},
          {"groups", std::move(groups)},
          {"usage", codec::describe_json(usage_)},
          {"cost", codec::describe_json(cost_)}};
}

} // namespace ash::gateway
