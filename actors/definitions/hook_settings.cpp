#include "actors/definitions/hook_settings.hpp"

#include "actors/definitions/permission_settings.hpp"
#include "events/base/scrub.hpp"
#include "events/base/yaml.hpp"

#include <algorithm>

namespace ash::definitions {
namespace {

constexpr std::size_t max_hooks = 100;
/// Of all commands together: each tool call is recorded with the hooks that hold for it. The kernel
/// takes 128 KiB in one argument.
constexpr std::size_t max_commands_bytes = 64 * 1024;
constexpr std::int64_t max_time_limit_s = 300;

std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const auto c : word)
    out += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return out + "'";
}

std::string joined(const std::vector<std::string>& words) {
  std::string out = "exec";
  for (const auto& word : words)
    out += " " + quoted(word);
  return out;
}

std::string read_command(yaml::object_reader& at) {
  const auto* found = at.any_if("command");
  if (found == nullptr) {
    at.fail("command", "is missing: the text that /bin/sh gets, or a list of words");
    return {};
  }
  if (found->what == yaml::kind::sequence) {
    const auto words = at.texts_if("command");
    if (words.empty())
      at.fail("command", "is an empty list: the first word is the program");
    return joined(words);
  }
  return at.text("command");
}

hook_setting read_hook(yaml::object_reader& at) {
  hook_setting out;
  out.on = static_cast<hook_event>(at.one_of("on",
                                             {"pre_tool",
                                              "post_tool",
                                              "run_start",
                                              "run_end",
                                              "phase_end",
                                              "approval_requested",
                                              "budget_warned"}));
  out.match = at.text_if("match").value_or("");
  out.command = read_command(at);
  out.time_limit_s =
      at.integer_if("time_limit_s", {1, max_time_limit_s}).value_or(out.time_limit_s);
  if (!out.match.empty() && out.on != hook_event::pre_tool && out.on != hook_event::post_tool)
    at.fail("match", "is for the hooks of tools: pre_tool and post_tool");
  else if (const auto fault = fault_of_tool_glob(out.match); !out.match.empty() && !fault.empty())
    at.fail("match", fault);
  if (scrubber{}.clean(out.command) != out.command)
    at.fail("command",
            "holds something that looks like a key, and commands are recorded: let it read the key "
            "from a file");
  if (out.command.find('\0') != std::string::npos)
    at.fail("command", "has a NUL byte, which no program can be given");
  at.finish();
  return out;
}

} // namespace

std::vector<hook_setting> read_hooks(yaml::object_reader& top) {
  std::vector<hook_setting> out;
  std::size_t bytes = 0;
  for (auto& each : top.objects_if("hooks")) {
    out.push_back(read_hook(each));
    const auto before = bytes;
    bytes += out.back().command.size() + out.back().match.size();
    if (before <= max_commands_bytes && bytes > max_commands_bytes)
      each.fail("command",
                "is one too many: all commands of hooks together have more than " +
                    std::to_string(max_commands_bytes) + " bytes. Put long ones into files");
  }
  if (out.size() > max_hooks)
    top.fail("hooks", "has more than " + std::to_string(max_hooks) + " hooks");
  return out;
}

} // namespace ash::definitions
