#include "gateway/live/frames.hpp"

#include "events/codec/json_text.hpp"

namespace ash::gateway {
namespace {

std::string member(std::string_view name, std::string_view text) {
  std::string out{'"'};
  out += name;
  out += "\":";
  codec::append_json_text(out, text);
  return out;
}

std::string member(std::string_view name, std::uint64_t number) {
  return '"' + std::string{name} + "\":" + std::to_string(number);
}

std::string place(const feed::cursor& where) {
  return member("position", where.position) + ',' + member("cursor", to_text(where));
}

} // namespace

frame_writer frame_writer::for_socket(std::string_view id) {
  frame_writer out;
  out.named_ = member("id", id) + ',';
  return out;
}

frame_writer frame_writer::for_sse() {
  frame_writer out;
  out.is_sse_ = true;
  return out;
}

frame frame_writer::make(std::string_view type, std::string_view sse_id, std::string body) const {
  std::string head;
  head.reserve(128);
  if (is_sse_) {
    if (!sse_id.empty())
      head.append("id: ").append(sse_id) += '\n';
    head.append("event: ").append(type).append("\ndata: ");
  }
  head.append("{\"type\":\"").append(type).append("\",").append(named_).append(body);
  return {std::move(head), nullptr, is_sse_ ? "}\n\n" : "}"};
}

frame frame_writer::event(const feed::an_event& what) const {
  const auto& of = *what.what;
  auto out = make("event",
                  is_sse_ ? std::string_view{of.cursor_text()} : std::string_view{},
                  member("prev", what.prev) + ',');
  out.shared = feed::event::shared_text(what.what);
  return out;
}

frame frame_writer::snapshot(const feed::cursor& where,
                             std::optional<std::uint64_t> prev,
                             std::shared_ptr<const std::string> shared) const {
  auto out =
      make("snapshot",
           to_text(where),
           (prev ? member("prev", *prev) + ',' : std::string{}) + place(where) + ",\"snapshot\":");
  out.shared = std::move(shared);
  return out;
}

frame frame_writer::caught_up(const feed::cursor& where) const {
  return make("caught_up", to_text(where), place(where));
}

frame frame_writer::closed(const feed::cursor& where,
                           std::string_view code,
                           std::string_view reason) const {
  return make("closed",
              to_text(where),
              place(where) + ',' + member("code", code) + ',' + member("reason", reason));
}

frame frame_writer::resync_required(const feed::cursor& now) const {
  // Without an id: a client that does not listen must not go on from here by itself.
  return make(
      "resync_required", {}, place(now) + ',' + member("incarnation", to_string(now.incarnation)));
}

frame socket_frame(std::string_view type, const json::object& members) {
  auto text = to_json_text(members);
  text.erase(0, 1);
  return {"{\"type\":\"" + std::string{type} + (text == "}" ? "\"" : "\",") + text, nullptr, {}};
}

} // namespace ash::gateway
