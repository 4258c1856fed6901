#include "actors/aggregates/hooks.hpp"

#include "events/base/json.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>

namespace ash::hooks {
namespace {

/// A hook reads what a person wrote in a configuration for: enough to judge by, not the whole.
constexpr std::size_t longest_text = std::size_t{16} << 10;
constexpr std::size_t longest_arguments = std::size_t{64} << 10;

std::string shortened(std::string_view text) {
  return std::string{utf8_prefix(text, longest_text)};
}

json::object told_of(const tool_call::requested& call) {
  json::object tool{{"call", to_string(call.call)}, {"name", call.name}};
  // As the model gave them: they need not be JSON, and can be a whole file.
  const auto parsed = call.arguments.size() <= longest_arguments
                          ? parse_json(call.arguments, "the arguments")
                          : result<json::value>{error{errc::limit_exceeded, ""}};
  if (parsed)
    tool["arguments"] = parsed.value();
  else
    tool["arguments_text"] = std::string{utf8_prefix(call.arguments, longest_arguments)};
  json::object out{{"root", call.root.text()},
                   {"owner", call.owner.text()},
                   {"directory", call.worktree},
                   {"tool", std::move(tool)}};
  if (!call.phase_key.empty())
    out["phase"] = call.phase_key;
  return out;
}

std::string_view name_of(turn::tool_answer answer) {
  switch (answer) {
  case turn::tool_answer::completed:
    return "completed";
  case turn::tool_answer::failed:
    return "failed";
  case turn::tool_answer::denied:
    return "denied";
  case turn::tool_answer::cancelled:
    return "cancelled";
  case turn::tool_answer::in_doubt:
    return "in_doubt";
  }
  return "failed";
}

} // namespace

bool may_block(hook_event on) {
  return on == hook_event::pre_tool || on == hook_event::run_start || on == hook_event::phase_end;
}

std::string_view name_of(hook_event on) {
  constexpr std::array<std::string_view, 7> names{"pre_tool",
                                                  "post_tool",
                                                  "run_start",
                                                  "run_end",
                                                  "phase_end",
                                                  "approval_requested",
                                                  "budget_warned"};
  return names.at(static_cast<std::size_t>(on));
}

std::vector<hook_rule>
for_event(const std::vector<hook_rule>& all, hook_event on, std::string_view tool) {
  std::vector<hook_rule> out;
  for (const auto& rule : all)
    if (rule.on == on && (rule.tool.empty() || glob_match(rule.tool, tool)))
      out.push_back(rule);
  return out;
}

bool has_any(const std::vector<hook_rule>& all, hook_event on, std::string_view tool) {
  return std::any_of(all.begin(), all.end(), [&](const hook_rule& rule) {
    return rule.on == on && (rule.tool.empty() || glob_match(rule.tool, tool));
  });
}

const run::hook_ran* blocked_by(const std::vector<run::hook_ran>& results) {
  const auto found =
      std::find_if(results.begin(), results.end(), [](const auto& each) { return each.blocked; });
  return found == results.end() ? nullptr : &*found;
}

error refusal_of(const run::hook_ran& by) {
  return refuse(errc::hook_blocked,
                "a hook of " + std::string{name_of(by.on)} + " blocked it" +
                    (by.message.empty() ? "" : ": " + by.message))
      .with("hook", by.command);
}

std::string about(const tool_call::requested& call) {
  return to_json_text(told_of(call));
}

std::string about(const tool_call::requested& call,
                  turn::tool_answer answer,
                  const std::string& code,
                  const std::string& text,
                  const std::vector<file_change>& written) {
  auto out = told_of(call);
  json::array files;
  for (const auto& each : written)
    files.emplace_back(each.path);
  json::object came{{"answer", name_of(answer)}, {"text", shortened(text)}};
  if (!code.empty())
    came["code"] = code;
  if (!files.empty())
    came["written"] = std::move(files);
  out["result"] = std::move(came);
  return to_json_text(out);
}

std::string about(const run::created& plan) {
  return to_json_text(json::object{{"root", stream_of(plan.run).text()},
                                   {"run", to_string(plan.run)},
                                   {"workflow", plan.workflow},
                                   {"repository", plan.repo_path},
                                   {"base_branch", plan.base_branch},
                                   {"branch", plan.branch},
                                   {"directory", plan.worktree},
                                   {"requirements", shortened(plan.requirements)},
                                   {"started_by", plan.started_by}});
}

} // namespace ash::hooks
