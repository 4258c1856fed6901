// Values that facts of several aggregates share. Everything here is plain data with described
// members (Boost.Describe): the codec, the JSON form and the snapshots follow from the description.
// Members are only ever added at the end, so that old records stay readable.
#pragma once

#include "events/base/clock.hpp"
#include "events/base/ids.hpp"
#include "events/base/interned.hpp"
#include "events/base/model_values.hpp"
#include "events/base/money.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ash {

BOOST_DESCRIBE_STRUCT(token_usage, (), (input, output, cached, reasoning, estimated))
BOOST_DESCRIBE_STRUCT(thinking_block, (), (text, signature))
BOOST_DESCRIBE_STRUCT(tool_request, (), (id, name, arguments))
BOOST_DESCRIBE_ENUM(effect_class, read, idempotent, write)

/// Text that is kept for the record and that no fold needs: whole where it is made, and only its
/// address once it has been read back from the log. An empty `sha256` means that there is no
/// document.
struct document {
  std::string text;
  std::string sha256;    ///< of the text, lower-case hex
  std::int64_t size = 0; ///< bytes

  friend bool operator==(const document&, const document&) = default;
};
BOOST_DESCRIBE_STRUCT(document, (), (text, sha256, size))

/// A model that a turn may call, with its price as it was known when the work began.
struct model_choice {
  std::string name; ///< `provider:model`
  usd input;        ///< a token
  usd cached;       ///< an input token that the provider had cached
  usd output;       ///< a token
  bool price_known = false;

  friend bool operator==(const model_choice&, const model_choice&) = default;
};
BOOST_DESCRIBE_STRUCT(model_choice, (), (name, input, cached, output, price_known))

/// A tool as the model is told of it.
struct tool_spec {
  std::string name;
  std::string description;
  std::string parameters; ///< JSON Schema, as text
  effect_class effect = effect_class::write;

  friend bool operator==(const tool_spec&, const tool_spec&) = default;
};
BOOST_DESCRIBE_STRUCT(tool_spec, (), (name, description, parameters, effect))

enum class permission_verdict : std::uint8_t { allow, ask, deny };
BOOST_DESCRIBE_ENUM(permission_verdict, allow, ask, deny)

/// What a tool call is permitted by: the first rule that matches decides. An empty field matches
/// everything.
struct permission_rule {
  permission_verdict verdict = permission_verdict::ask;
  std::string tool = {};    ///< a glob over the tool's name
  std::string pattern = {}; ///< a glob over the command, or over the arguments as canonical JSON
  std::string path = {};    ///< a glob over the path that the call names
  std::string origin = {};  ///< where the rule stands: `config`, `persona NAME`, …

  friend bool operator==(const permission_rule&, const permission_rule&) = default;
};
BOOST_DESCRIBE_STRUCT(permission_rule, (), (verdict, tool, pattern, path, origin))

/// What happens to a call that no rule decides.
enum class permission_mode : std::uint8_t { standard, accept_edits, plan, dont_ask, bypass };
BOOST_DESCRIBE_ENUM(permission_mode, standard, accept_edits, plan, dont_ask, bypass)

enum class hook_event : std::uint8_t {
  pre_tool,
  post_tool,
  run_start,
  run_end,
  phase_end,
  approval_requested,
  budget_warned,
};
BOOST_DESCRIBE_ENUM(hook_event,
                    pre_tool,
                    post_tool,
                    run_start,
                    run_end,
                    phase_end,
                    approval_requested,
                    budget_warned)

/// A command of the user's that runs when something happens.
struct hook_rule {
  hook_event on = hook_event::pre_tool;
  std::string tool = {};    ///< a glob over the tool's name; empty: every tool
  std::string command = {}; ///< for `/bin/sh -c`
  std::int64_t time_limit_ms = 30'000;

  friend bool operator==(const hook_rule&, const hook_rule&) = default;
};
BOOST_DESCRIBE_STRUCT(hook_rule, (), (on, tool, command, time_limit_ms))

/// The bounds under which tools run, as they were when the work began.
struct tool_terms {
  std::vector<std::string> secret_globs;
  std::int64_t time_limit_ms = 120'000;
  std::int64_t visible_bytes = 32'768;
  bool network = false;
  bool unsandboxed = false; ///< an explicit setting: commands run without a sandbox
  std::vector<std::string> secret_exceptions;   ///< not secret in spite of `secret_globs`
  std::vector<std::string> command_rules;       ///< destructive-command rules that are on
  std::vector<std::string> writable_paths = {}; ///< globs in the worktree; none: all of it
  permission_mode mode = permission_mode::standard;
  std::vector<permission_rule> permissions = {};
  std::string reviewer = {}; ///< `provider:model` that decides in a person's place; empty: none
  std::vector<hook_rule> hooks = {};

  friend bool operator==(const tool_terms&, const tool_terms&) = default;
};
BOOST_DESCRIBE_STRUCT(tool_terms,
                      (),
                      (secret_globs,
                       time_limit_ms,
                       visible_bytes,
                       network,
                       unsandboxed,
                       secret_exceptions,
                       command_rules,
                       writable_paths,
                       mode,
                       permissions,
                       reviewer,
                       hooks))

/// Everything about an agent that its turns need: fixed when a phase or session begins.
struct agent_terms {
  std::string persona; ///< `name@version`
  std::string persona_hash;
  std::string policy_hash;
  std::string system_prompt;
  std::vector<model_choice> models; ///< the first, then its fallbacks
  std::vector<tool_spec> tools;
  tool_terms tool_bounds;
  std::int64_t max_tokens = 4'096;   ///< of output, a call
  usd max_cost_per_call;             ///< 0: no such limit
  std::int64_t max_steps = 50;       ///< a turn
  std::int64_t max_tokens_total = 0; ///< input and output over all calls; 0: no such limit
  std::int64_t tool_quota = 0;       ///< tool calls a turn; 0: no such limit
  std::optional<std::int64_t> temperature_milli; ///< thousandths
  std::vector<std::string> subagents = {};       ///< personas that may be asked for help

  friend bool operator==(const agent_terms&, const agent_terms&) = default;
};
BOOST_DESCRIBE_STRUCT(agent_terms,
                      (),
                      (persona,
                       persona_hash,
                       policy_hash,
                       system_prompt,
                       models,
                       tools,
                       tool_bounds,
                       max_tokens,
                       max_cost_per_call,
                       max_steps,
                       max_tokens_total,
                       tool_quota,
                       temperature_milli,
                       subagents))
/// One for all that are equal: sessions of a persona differ in little else than their messages.
std::shared_ptr<const agent_terms> intern(agent_terms value);

enum class budget_policy : std::uint8_t { block, warn_continue, prompt };
BOOST_DESCRIBE_ENUM(budget_policy, block, warn_continue, prompt)

/// A budget scope that pays for a call, with the terms it is opened under where it does not exist
/// yet.
struct budget_terms {
  std::string scope; ///< `run:UUID`, `session:UUID`, `persona:NAME:DATE`, `day:DATE`
  usd cap;
  usd warn_at; ///< 0: no warning
  budget_policy policy = budget_policy::block;

  friend bool operator==(const budget_terms&, const budget_terms&) = default;
};
BOOST_DESCRIBE_STRUCT(budget_terms, (), (scope, cap, warn_at, policy))

/// A file that a tool changed, relative to the worktree.
struct file_change {
  std::string path;
  std::string sha256;

  friend bool operator==(const file_change&, const file_change&) = default;
};
BOOST_DESCRIBE_STRUCT(file_change, (), (path, sha256))

/// One thing that validation found in an artifact.
struct artifact_finding {
  std::string path; ///< JSON pointer into the artifact
  std::string keyword;
  std::string message;

  friend bool operator==(const artifact_finding&, const artifact_finding&) = default;
};
BOOST_DESCRIBE_STRUCT(artifact_finding, (), (path, keyword, message))

} // namespace ash
