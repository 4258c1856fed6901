// The rules on one program with its arguments, and what they are made of. Pure; part of
// `command_rules`.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ash::policy {

using words = std::vector<std::string>;
/// A program and its arguments, never empty.
using arguments_view = std::span<const std::string>;

struct command_rule {
  std::string_view name;
  std::string_view reason;
  /// Whether the rule matches, started in a directory (relative to the worktree, or as `cd` was
  /// told). Null where it is judged on more than one program.
  bool (*matches)(arguments_view, std::string_view directory);
};

/// Every rule, in a fixed order.
std::span<const command_rule> all_rules();

bool any_of(std::string_view name, std::initializer_list<std::string_view> names);
/// A program's name without its directory.
std::string_view base_name(std::string_view path);
/// The arguments that are no options.
words operands(arguments_view args);
/// Whether a component of `path` is `.git`.
bool names_git_directory(std::string_view path);
/// Whether `given`, seen from the directory `from`, is one that no work in a worktree removes: the
/// root, a system directory, a home directory, or anything above the worktree.
bool is_protected(std::string_view given, std::string_view from);
/// Whether `path` is a device that holds data, so not /dev/null and its like.
bool is_device(std::string_view path);
bool is_shell(std::string_view program);

} // namespace ash::policy
