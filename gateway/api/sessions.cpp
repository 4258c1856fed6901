// Sessions: listed, opened, spoken to and ended.
#include "gateway/api/context.hpp"

#include "events/codec/codec.hpp"

namespace ash::gateway::api {
namespace {

result<response> create(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(auto body, body_reader::of(asked));
  session_request wanted;
  wanted.persona = body.text("persona");
  wanted.model = body.optional_text("model");
  wanted.directory = body.optional_text("directory").value_or(std::string{});
  TRY(body.done());
  if (!wanted.directory.empty()) {
    TRY(check_absolute("directory", wanted.directory));
  }
  TRY(const auto key, key_of(asked, in.log(), "create session", body.canonical()));
  const session_id session{key.made};
  wanted.id = session;
  TRY(const auto how,
      perform(in, key, stream_of(session), [&](const command_source& from) -> result<void> {
        TRY(in.work().create_session(wanted, from));
        return success();
      }));
  const auto id = to_string(session);
  return commanded(in, {{"session", id}}, how, 201, "/api/v1/sessions/" + id);
}

/// The turn that a message began: its fact stands in the same append.
result<std::string> turn_begun(const log::event_log& log, const outcome_of_command& how) {
  if (how.first_position == 0)
    return std::string{};
  log::read_limit limit;
  limit.max_records = how.position - how.first_position + 1;
  TRY(const auto records, log.read(how.first_position - 1, limit));
  for (const auto& each : records) {
    if (each.type != turn::started::type)
      continue;
    TRY(const auto fact, codec::decode(each.type, each.schema_version, each.payload));
    return to_string(std::get<turn::started>(fact).turn);
  }
  return std::string{};
}

result<response> post(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(const auto session, session_in(in, asked));
  TRY(auto body, body_reader::of(asked));
  const auto text = body.text("text");
  const auto given = body.optional_text("message");
  TRY(body.done());
  const auto target = "post to " + stream_of(session).text();
  TRY(const auto key, key_of(asked, in.log(), target, body.canonical()));
  message_id message{key.made};
  if (given) {
    auto parsed = parse_uuid(*given);
    if (!parsed)
      return std::move(parsed).error().with("field", "/message");
    message = {parsed.value()};
  }
  TRY(const auto how, perform(in, key, stream_of(session), [&](const command_source& from) {
        return in.work().post_message(session, message, text, from);
      }));
  TRY(const auto turn, turn_begun(in.log(), how));
  return commanded(
      in,
      {{"session", to_string(session)}, {"message", to_string(message)}, {"turn", turn}},
      how,
      201);
}

result<response> stop(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(const auto session, session_in(in, asked));
  TRY(const auto turn, parse_uuid(asked.at("turn")));
  TRY(auto body, body_reader::of(asked));
  const auto reason = body.optional_text("reason").value_or("Response stopped.");
  TRY(body.done());
  const auto target = "stop " + to_string(turn) + " of " + stream_of(session).text();
  TRY(const auto key, key_of(asked, in.log(), target, body.canonical()));
  TRY(const auto how, perform(in, key, stream_of(session), [&](const command_source& from) {
        return in.work().stop_turn(session, {turn}, reason, from);
      }));
  return commanded(in, {{"session", to_string(session)}, {"turn", to_string(turn)}}, how);
}

result<response> resume_session(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(const auto session, session_in(in, asked));
  TRY(const auto body, body_reader::of(asked));
  TRY(body.done());
  const auto target = "resume " + stream_of(session).text();
  TRY(const auto key, key_of(asked, in.log(), target, body.canonical()));
  TRY(const auto how, perform(in, key, stream_of(session), [&](const command_source& from) {
        return in.work().resume_session(session, from);
      }));
  return commanded(in, {{"session", to_string(session)}}, how);
}

result<response> end(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(const auto session, session_in(in, asked));
  TRY(auto body, body_reader::of(asked));
  const auto reason = body.optional_text("reason").value_or("ended over the API");
  TRY(body.done());
  const auto target = "end " + stream_of(session).text();
  TRY(const auto key, key_of(asked, in.log(), target, body.canonical()));
  TRY(const auto how, perform(in, key, stream_of(session), [&](const command_source& from) {
        return in.work().end_session(session, reason, from);
      }));
  return commanded(in, {{"session", to_string(session)}}, how);
}

result<response> change_plan_mode(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(const auto session, session_in(in, asked));
  TRY(auto body, body_reader::of(asked));
  const auto named = body.text("plan_mode");
  TRY(body.done());
  if (named != "on" && named != "off")
    return refuse(errc::argument_invalid, "'plan_mode' is on or off").with("field", "/plan_mode");
  const auto mode = named == "on" ? plan_mode::on : plan_mode::off;
  const auto target = "plan mode of " + stream_of(session).text();
  TRY(const auto key, key_of(asked, in.log(), target, body.canonical()));
  TRY(const auto how, perform(in, key, stream_of(session), [&](const command_source& from) {
        return in.work().set_plan_mode(session, mode, from);
      }));
  return commanded(in, {{"session", to_string(session)}}, how);
}

} // namespace

void add_session_routes(router& to, const context_ptr& in) {
  to.add("GET", "/api/v1/sessions", [in](const call& c) { return rows(*in, c, "sessions"); });
  to.add("POST", "/api/v1/sessions", [in](const call& c) { return create(*in, c); });
  to.add("GET", "/api/v1/sessions/{session}", [in](const call& c) -> result<response> {
    TRY(const auto session, session_in(*in, c));
    return row(*in, c, "sessions", to_string(session), errc::session_not_found);
  });
  to.add("GET", "/api/v1/sessions/{session}/messages", [in](const call& c) -> result<response> {
    TRY(const auto session, session_in(*in, c));
    return rows(*in, c, "messages", {{"session", to_string(session)}});
  });
  to.add(
      "POST", "/api/v1/sessions/{session}/messages", [in](const call& c) { return post(*in, c); });
  to.add("POST", "/api/v1/sessions/{session}/turns/{turn}/stop", [in](const call& c) {
    return stop(*in, c);
  });
  to.add("POST", "/api/v1/sessions/{session}/plan_mode", [in](const call& c) {
    return change_plan_mode(*in, c);
  });
  to.add("POST", "/api/v1/sessions/{session}/resume", [in](const call& c) {
    return resume_session(*in, c);
  });
  to.add("POST", "/api/v1/sessions/{session}/end", [in](const call& c) { return end(*in, c); });
}

} // namespace ash::gateway::api
