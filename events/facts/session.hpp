// What happens in a conversation: its settings, its messages and its turns.
#pragma once

#include "events/facts/run.hpp"
#include "events/facts/turn.hpp"

namespace ash::session {

struct created {
  static constexpr std::string_view type = "session.created";
  session_id session;
  std::string project_key;
  std::string worktree;
  std::optional<session_id> parent;
  std::int64_t depth = 0;
  interned<agent_terms> agent;
  std::vector<budget_terms> scopes;
  stream_id root = {};        ///< where approvals are asked for: the run or session at the top
  tool_call_id asked_by = {}; ///< of a child: the call that its result answers
  std::string task = {};      ///< of a child: its first and only message
  std::string branch = {};    ///< of a worktree of its own
  bool attended = true;       ///< someone can be asked
  std::int64_t approval_limit_ms = 0; ///< 0: an approval waits for ever
  run::decision_kind on_approval_limit = run::decision_kind::reject;
};
BOOST_DESCRIBE_STRUCT(created,
                      (),
                      (session,
                       project_key,
                       worktree,
                       parent,
                       depth,
                       agent,
                       scopes,
                       root,
                       asked_by,
                       task,
                       branch,
                       attended,
                       approval_limit_ms,
                       on_approval_limit))

struct ended {
  static constexpr std::string_view type = "session.ended";
  std::string reason;
  std::string result = {}; ///< of a child: its answer
  std::string code = {};   ///< of a child that failed
};
BOOST_DESCRIBE_STRUCT(ended, (), (reason, result, code))

struct titled {
  static constexpr std::string_view type = "session.titled";
  std::string title;
};
BOOST_DESCRIBE_STRUCT(titled, (), (title))

struct model_changed {
  static constexpr std::string_view type = "session.model.changed";
  std::vector<model_choice> models;
};
BOOST_DESCRIBE_STRUCT(model_changed, (), (models))

struct persona_changed {
  static constexpr std::string_view type = "session.persona.changed";
  interned<agent_terms> agent;
};
BOOST_DESCRIBE_STRUCT(persona_changed, (), (agent))

struct context_reset {
  static constexpr std::string_view type = "session.context.reset";
  std::int64_t epoch = 0;
};
BOOST_DESCRIBE_STRUCT(context_reset, (), (epoch))

struct cleared {
  static constexpr std::string_view type = "session.cleared";
  std::int64_t generation = 0;
  std::int64_t epoch = 0;
};
BOOST_DESCRIBE_STRUCT(cleared, (), (generation, epoch))

struct plan_mode_changed {
  static constexpr std::string_view type = "session.plan_mode.changed";
  bool on = false;
};
BOOST_DESCRIBE_STRUCT(plan_mode_changed, (), (on))

/// A user message; assistant and tool messages follow from the turn's facts.
struct message_appended {
  static constexpr std::string_view type = "message.appended";
  message_id message;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(message_appended, (), (message, text))

enum class edit_mode : std::uint8_t { save, resend };
BOOST_DESCRIBE_ENUM(edit_mode, save, resend)

struct message_edited {
  static constexpr std::string_view type = "message.edited";
  message_id message;
  std::string text;
  edit_mode mode = edit_mode::save;
};
BOOST_DESCRIBE_STRUCT(message_edited, (), (message, text, mode))

using fact = std::variant<created,
                          ended,
                          titled,
                          model_changed,
                          persona_changed,
                          context_reset,
                          cleared,
                          plan_mode_changed,
                          message_appended,
                          message_edited,
                          run::approval_requested,
                          run::approval_decided,
                          run::path_granted,
                          run::path_revoked,
                          run::hook_ran,
                          ASH_TURN_FACTS>;

} // namespace ash::session
