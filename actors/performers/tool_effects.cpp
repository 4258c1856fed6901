#include "actors/performers/tool_effects.hpp"

#include "events/base/fail_point.hpp"

#include <algorithm>

namespace ash::performers {
namespace {

tool_call::finish finish_of(tool::outcome came) {
  tool_call::finish out;
  out.failed = came.failed;
  if (came.failed)
    out.code = to_string(came.code);
  out.text = std::move(came.text);
  out.full = std::move(came.full);
  out.exit_code = came.exit_code;
  out.unsandboxed = came.unsandboxed;
  for (auto& file : came.written)
    out.written.push_back({std::move(file.path), std::move(file.sha256)});
  return out;
}

} // namespace

tool::context
context_of(const std::string& worktree, const tool_terms& terms, const performer_options& options) {
  tool::context where;
  where.worktree = worktree;
  where.sandbox =
      terms.unsandboxed ? tool::sandbox_mode::unsandboxed : tool::sandbox_mode::required;
  where.network = terms.network ? tool::network_access::granted : tool::network_access::none;
  where.time_limit_ms = terms.time_limit_ms;
  where.visible_bytes = terms.visible_bytes;
  for (const auto& directory : {options.data_dir, options.key_dir})
    if (!directory.empty())
      where.hidden_directories.push_back(directory);
  where.hidden_files = options.hidden_files;
  where.scrub = options.scrub->now();
  where.secret_globs = terms.secret_globs;
  where.secret_exceptions = terms.secret_exceptions;
  return where;
}

tool_call::finish failed_tool_call(const error& why) {
  tool_call::finish out;
  out.failed = true;
  out.code = to_string(why.code);
  out.text = why.message;
  return out;
}

void perform_run_tool(running_effect& effect,
                      const effect::run_tool& what,
                      const performer_options& options) {
  const auto& call = what.what;
  const auto found = std::find_if(options.tools.begin(), options.tools.end(), [&](const auto& one) {
    return one->describe().name == call.name;
  });
  if (found == options.tools.end())
    return effect.end(
        failed_tool_call(refuse(errc::tool_unknown, "there is no tool named '" + call.name + "'")));
  if (effect.stop_token().stop_requested())
    return effect.end(
        failed_tool_call(refuse(errc::cancelled, "the call was stopped before it began")));
  pass(fail_point::tool_before);
  const auto began_us = monotonic_us();
  auto finish = finish_of((*found)->run(
      context_of(call.worktree, call.terms, options), call.arguments, effect.stop_token()));
  finish.duration_ms = (monotonic_us() - began_us) / us_per_ms;
  pass(fail_point::tool_after);
  effect.end(std::move(finish));
}

} // namespace ash::performers
