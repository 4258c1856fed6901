// The built-in tools, one factory each. Internal to the folder: others take `builtin_tools`.
#pragma once

#include "actors/tools/arguments.hpp"
#include "actors/tools/beneath.hpp"
#include "actors/tools/tool.hpp"

#include <memory>

namespace ash::tool {

std::shared_ptr<tool> make_read_file();
std::shared_ptr<tool> make_write_file();
std::shared_ptr<tool> make_edit_file();
std::shared_ptr<tool> make_list_dir();
std::shared_ptr<tool> make_grep();
std::shared_ptr<tool> make_run_command();
std::shared_ptr<tool> make_complete();

/// A tool whose whole work is one function; what it refuses becomes a failed outcome.
class function_tool final : public tool {
public:
  using body = result<outcome> (*)(const context&, std::string_view arguments, std::stop_token);

  function_tool(description what, body work) : description_{std::move(what)}, work_{work} {}
  [[nodiscard]] const description& describe() const override { return description_; }
  outcome run(const context& where, std::string_view arguments, std::stop_token stop) override;

private:
  description description_;
  body work_;
};

/// Whether `path` (relative, symlinks resolved) is one of the context's secret files.
bool is_secret(const context& where, std::string_view path);
/// Refuses a secret path with `secret_path_denied`.
result<void> refuse_secret(const context& where, std::string_view path);
/// Refuses a path that a symlink, or another name of the worktree, takes to a place (`real`, as
/// `worktree::path_of` gives it) that `named`, the text that was judged, does not spell. Errors:
/// `permission_denied`.
result<void> refuse_detour(const context& where, std::string_view named, std::string_view real);

/// The error of a call that was stopped.
error stopped();

} // namespace ash::tool
