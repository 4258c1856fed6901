#include "actors/performers/hook_effects.hpp"

#include "actors/aggregates/document_of.hpp"
#include "actors/aggregates/hooks.hpp"
#include "actors/tools/process.hpp"
#include "events/base/json.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

namespace ash::performers {
namespace {

constexpr std::size_t longest_output = std::size_t{64} << 10;
constexpr std::size_t longest_message = 4'096;
constexpr std::int64_t cant_start = 127;

/// What a user's own command needs to feel at home, and nothing that holds a key.
std::vector<std::string> environment_of(const hook_call& call) {
  constexpr std::array<const char*, 10> kept{
      "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "PATH"};
  std::vector<std::string> out;
  for (const auto* name : kept)
    if (const auto* value = std::getenv(name); value != nullptr)
      out.push_back(std::string{name} + "=" + value);
  out.push_back("ACTOR_SHELL_HOOK=" + std::string{hooks::name_of(call.on)});
  out.push_back("ACTOR_SHELL_HOOK_ID=" + call.id);
  return out;
}

std::string input_of(const hook_call& call, const scrubber& scrub) {
  json::object out{{"event", hooks::name_of(call.on)}, {"id", call.id}};
  if (const auto details = parse_json(call.details, "the details"); details)
    if (const auto* members = details.value().if_object())
      for (const auto& [name, value] : *members)
        out[name] = value;
  return scrub.clean(to_json_text(out)) + "\n";
}

std::string directory_of(const hook_call& call) {
  std::error_code failed;
  return !call.directory.empty() && std::filesystem::is_directory(call.directory, failed)
             ? call.directory
             : "/";
}

/// stderr is for people and models; a hook that says nothing there may have said it on stdout.
void keep_what_it_said(run::hook_ran& into, const tool::process_end& end, const scrubber& scrub) {
  const auto clean = [&](const std::string& text) { return scrub.clean(to_valid_utf8(text)); };
  auto said = clean(end.errors);
  const auto printed = clean(end.output);
  if (said.empty())
    said = printed;
  else if (!printed.empty())
    said += "\n[stdout]\n" + printed;
  while (!said.empty() && (said.back() == '\n' || said.back() == ' '))
    said.pop_back();
  into.message = std::string{utf8_prefix(said, longest_message)};
  if (into.message.size() < said.size())
    into.output = document_of(std::move(said));
}

run::hook_ran run_one(const hook_rule& rule,
                      const hook_call& call,
                      const std::string& input,
                      const scrubber& scrub,
                      std::stop_token stop) {
  tool::process_request request;
  request.arguments = {"/bin/sh", "-c", rule.command};
  request.environment = environment_of(call);
  request.directory = directory_of(call);
  request.time_limit_ms = rule.time_limit_ms;
  request.max_output_bytes = longest_output;
  request.input = input;
  request.errors = tool::error_stream::apart;
  run::hook_ran out;
  out.on = call.on;
  out.command = scrub.clean(rule.command);
  const auto began_us = monotonic_us();
  const auto came = tool::run_process(request, std::move(stop));
  out.duration_ms = (monotonic_us() - began_us) / us_per_ms;
  if (!came) {
    out.exit_code = cant_start;
    out.message = came.error().message;
    return out;
  }
  out.exit_code = came.value().exit_code;
  out.timed_out = came.value().ending == tool::process_ending::timed_out;
  out.blocked = hooks::may_block(call.on) && came.value().ending == tool::process_ending::exited &&
                out.exit_code == hooks::blocking_exit_code;
  keep_what_it_said(out, came.value(), scrub);
  if (came.value().ending == tool::process_ending::stopped && out.message.empty())
    out.message = "called off";
  return out;
}

} // namespace

std::vector<run::hook_ran> run_hooks(const std::vector<hook_rule>& rules,
                                     const hook_call& call,
                                     const scrubber& scrub,
                                     std::stop_token stop) {
  const auto input = input_of(call, scrub);
  std::vector<run::hook_ran> out;
  for (const auto& rule : rules) {
    if (stop.stop_requested())
      return out;
    out.push_back(run_one(rule, call, input, scrub, stop));
    if (out.back().blocked)
      return out;
  }
  return out;
}

run::hooks_ran failed_hooks(const effect::run_hooks& what, const error& why) {
  run::hooks_ran out{what.on, {}};
  for (const auto& rule : what.rules) {
    out.results.emplace_back();
    out.results.back().on = what.on;
    out.results.back().command = rule.command;
    out.results.back().exit_code = cant_start;
    out.results.back().message = why.message;
  }
  return out;
}

void perform_run_hooks(running_effect& effect,
                       const effect::run_hooks& what,
                       const performer_options& options) {
  auto came = run_hooks(what.rules,
                        {what.on, effect.id(), what.directory, what.details},
                        *options.scrub->now(),
                        effect.stop_token());
  if (effect.is_cut())
    return effect.drop(); // they are owed again after the restart
  effect.end(run::hooks_ran{what.on, std::move(came)});
}

} // namespace ash::performers
