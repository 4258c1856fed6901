#include "actors/tools/builtin.hpp"

#include "actors/tools/output.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <exception>

namespace ash::tool {
namespace {

result<outcome> complete(const context& where, std::string_view json_text, std::stop_token) {
  TRY(auto given, arguments::parse(json_text, {{"summary"}}));
  return shown_output(where, given.text("summary"), cut::tail);
}

} // namespace

outcome function_tool::run(const context& where, std::string_view arguments, std::stop_token stop) {
  if (stop.stop_requested())
    return failed(stopped());
  try {
    auto done = work_(where, arguments, std::move(stop));
    return done ? std::move(done).value() : failed(done.error());
  } catch (const std::exception& thrown) {
    return failed(refuse(errc::internal_error,
                         description_.name + " could not go on: " + std::string{thrown.what()}));
  }
}

bool is_secret(const context& where, std::string_view path) {
  const auto matches = [&](const std::vector<std::string>& globs) {
    return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
      return glob_match(glob, path, glob_case::insensitive);
    });
  };
  return matches(where.secret_globs) && !matches(where.secret_exceptions);
}

result<void> refuse_secret(const context& where, std::string_view path) {
  if (!is_secret(where, path))
    return success();
  return refuse(errc::secret_path_denied,
                "'" + shown(path) + "' is a secret file: the policy keeps tools away from it");
}

result<void> refuse_detour(const context& where, std::string_view named, std::string_view real) {
  const auto judged = path_in_worktree(named, where.worktree);
  if (judged == (real == "." ? "" : real))
    return success();
  return refuse(errc::permission_denied,
                "'" + shown(named) + "' leads through a symlink to '" + shown(real) +
                    "': name that path");
}

error stopped() {
  return refuse(errc::cancelled, "the call was cancelled");
}

std::shared_ptr<tool> make_complete() {
  return std::make_shared<function_tool>(
      description{"complete",
                  "Ends your work. Call it once everything asked for is done.",
                  R"({"type":"object","properties":{"summary":{"type":"string","description":)"
                  R"("What was done, for the person who asked"}},"required":["summary"],)"
                  R"("additionalProperties":false})",
                  effect_class::read},
      complete);
}

std::vector<std::shared_ptr<tool>> builtin_tools() {
  return {make_read_file(),
          make_write_file(),
          make_edit_file(),
          make_list_dir(),
          make_grep(),
          make_run_command(),
          make_complete()};
}

} // namespace ash::tool
