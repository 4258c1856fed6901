#include "actors/tools/builtin.hpp"
#include "actors/tools/output.hpp"
#include "actors/tools/process.hpp"
#include "actors/tools/sandbox.hpp"

#include <algorithm>
#include <unistd.h>

namespace ash::tool {
namespace {

constexpr std::int64_t max_timeout_ms = 24 * 3'600'000;
constexpr std::size_t max_command_bytes = 100'000; ///< the kernel takes 128 KiB in one argument

std::vector<std::string> shell_for(const std::string& command) {
  const auto* shell = ::access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
  return {"/bin/sh", "-c", "ulimit -c 0; exec \"$@\"", "sh", shell, "-c", command};
}

outcome finished(const context& where, process_end end, std::int64_t limit_ms) {
  std::string note;
  errc code = errc::tool_failed;
  if (end.ending == process_ending::timed_out) {
    note = "killed after " + std::to_string(limit_ms) + " ms, its time limit";
    code = errc::timed_out;
  } else if (end.ending == process_ending::stopped) {
    note = "killed: the call was cancelled";
    code = errc::cancelled;
  } else if (end.exit_code != 0) {
    note = "exit code " + std::to_string(end.exit_code);
  }
  const auto silent = end.output.empty();
  auto done = shown_output(where, std::move(end.output), cut::middle);
  if (!note.empty())
    done.text += (silent || done.text.ends_with('\n') ? "[" : "\n[") + note + "]\n";
  else if (silent)
    done.text = "(no output)\n";
  done.failed = !note.empty();
  done.code = code;
  done.exit_code = end.exit_code;
  return done;
}

result<outcome>
run_command(const context& where, std::string_view json_text, std::stop_token stop) {
  TRY(auto given,
      arguments::parse(json_text,
                       {{"command"},
                        {"timeout_ms", field_type::integer, presence::optional},
                        {"cwd", field_type::text, presence::optional}}));
  TRY(auto asked_ms, integer_between(given, "timeout_ms", 1, max_timeout_ms, where.time_limit_ms));
  const auto command = given.text("command");
  if (command.empty() || command.size() > max_command_bytes ||
      command.find('\0') != std::string::npos)
    return error{errc::tool_arguments_invalid,
                 "the field 'command' must have 1 to 100000 bytes, none of them NUL"}
        .with("field", "command");
  TRY(auto root, worktree::open(where.worktree));
  TRY(auto cwd, root.relative(given.has("cwd") ? given.text("cwd") : "."));
  TRY(auto directory, root.open_directory(cwd));
  TRY(auto real_cwd, root.path_of(directory.get()));
  const auto sandboxed = where.sandbox == sandbox_mode::required;
  process_request request;
  request.environment = command_environment();
  request.time_limit_ms = std::min(asked_ms, where.time_limit_ms);
  request.max_output_bytes =
      static_cast<std::size_t>(std::max<std::int64_t>(where.captured_bytes, 0));
  if (sandboxed) {
    TRY(sandbox_probe());
    request.kind = child_kind::bubblewrap;
    request.arguments = sandbox_arguments(where, root, real_cwd, shell_for(command));
  } else {
    request.arguments = shell_for(command);
    request.directory = real_cwd == "." ? root.real_path() : root.real_path() + "/" + real_cwd;
  }
  TRY(auto end, run_process(request, std::move(stop)));
  if (!end.command_ran)
    return refuse(errc::sandbox_unavailable,
                  "the sandbox could not be set up, the command did not run: " + end.output);
  auto done = finished(where, std::move(end), request.time_limit_ms);
  done.unsandboxed = !sandboxed;
  if (!sandboxed)
    done.text += "[ran without a sandbox]\n";
  return done;
}

} // namespace

std::shared_ptr<tool> make_run_command() {
  return std::make_shared<function_tool>(
      description{
          "run_command",
          "Runs a shell command in the worktree and gives its output (stdout and stderr together). "
          "Only the worktree is writable; there is no network unless it was granted; git can read "
          "but not commit. Nothing it starts outlives the call.",
          R"({"type":"object","properties":{"command":{"type":"string","description":)"
          R"("What bash -c gets"},"timeout_ms":{"type":"integer","minimum":1},)"
          R"("cwd":{"type":"string","description":"Directory relative to the worktree"}},)"
          R"("required":["command"],"additionalProperties":false})",
          effect_class::write},
      run_command);
}

} // namespace ash::tool
