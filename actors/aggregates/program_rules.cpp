#include "actors/aggregates/program_rules.hpp"

#include <algorithm>
#include <array>

namespace ash::policy {

namespace {

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> all;
  while (!path.empty()) {
    const auto component = path.substr(0, path.find('/'));
    if (!component.empty() && component != ".")
      all.push_back(component);
    path.remove_prefix(std::min(path.size(), component.size() + 1));
  }
  return all;
}

bool is_wildcard(std::string_view component) {
  return component.find_first_of("*?") != std::string_view::npos &&
         component.find_first_not_of("*?.[]!^") == std::string_view::npos;
}

} // namespace

bool any_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string_view base_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

words operands(arguments_view args) {
  words found;
  bool only_operands = false;
  for (const auto& arg : args.subspan(1)) {
    if (!only_operands && arg == "--")
      only_operands = true;
    else if (only_operands || !arg.starts_with('-') || arg == "-")
      found.push_back(arg);
  }
  return found;
}

bool names_git_directory(std::string_view path) {
  const auto all = components(path);
  return std::find(all.begin(), all.end(), ".git") != all.end();
}

bool is_protected(std::string_view given, std::string_view from) {
  const auto rooted = given.starts_with('/') || given.starts_with('~') || given.starts_with("$");
  const auto whole = rooted ? std::string{given} : std::string{from} + "/" + std::string{given};
  std::string_view path = whole;
  if (!rooted && from.empty())
    path.remove_prefix(1);
  bool home = false;
  for (const std::string_view prefix : {"~", "$HOME", "${HOME}"})
    if (path.starts_with(prefix)) {
      home = true;
      path.remove_prefix(std::min(path.size(), std::min(path.find('/'), path.size())));
      break;
    }
  for (const std::string_view prefix : {"$PWD", "${PWD}"})
    if (path.starts_with(prefix)) {
      path.remove_prefix(prefix.size());
      path = path.substr(std::min(path.find_first_not_of('/'), path.size()));
    }
  const bool absolute = path.starts_with('/') && !home;
  std::vector<std::string_view> kept;
  for (const auto component : components(path)) {
    if (component == ".." && kept.empty() && !absolute)
      return true;
    if (component == "..") {
      if (!kept.empty())
        kept.pop_back();
    } else if (!is_wildcard(component)) {
      kept.push_back(component);
    }
  }
  if (home)
    return kept.size() <= 1;
  if (!absolute || kept.empty())
    return absolute;
  if (kept.size() == 1)
    return kept[0] != "tmp";
  constexpr std::array<std::string_view, 17> system{"bin",
                                                    "boot",
                                                    "dev",
                                                    "etc",
                                                    "home",
                                                    "lib",
                                                    "lib64",
                                                    "mnt",
                                                    "opt",
                                                    "proc",
                                                    "root",
                                                    "run",
                                                    "sbin",
                                                    "srv",
                                                    "sys",
                                                    "usr",
                                                    "var"};
  return kept.size() <= 2 && std::find(system.begin(), system.end(), kept[0]) != system.end();
}

bool is_device(std::string_view path) {
  const auto all = components(path);
  if (!path.starts_with('/') || all.size() < 2 || all[0] != "dev")
    return false;
  return !any_of(all[1],
                 {"null",
                  "stdout",
                  "stderr",
                  "stdin",
                  "tty",
                  "fd",
                  "zero",
                  "full",
                  "random",
                  "urandom",
                  "shm",
                  "pts",
                  "tcp",
                  "udp"});
}

bool is_shell(std::string_view program) {
  return any_of(base_name(program), {"sh", "bash", "dash", "zsh", "ksh", "ash", "fish"});
}

namespace {

/// Whether an option is given: as a letter in a bundle (`-rf`), or by a prefix of its long name.
bool has_option(arguments_view args, std::string_view letters, std::string_view long_name) {
  for (const auto& arg : args.subspan(1)) {
    if (arg == "--")
      return false;
    if (arg.starts_with("--")) {
      const auto name = std::string_view{arg}.substr(2, arg.find('=') - 2);
      if (!name.empty() && !long_name.empty() && long_name.starts_with(name))
        return true;
    } else if (arg.starts_with('-') && arg.find_first_of(letters, 1) != std::string::npos) {
      return true;
    }
  }
  return false;
}

bool any_protected(const words& paths, std::string_view from) {
  return std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
    return is_protected(path, from);
  });
}

bool removes_outside(arguments_view args, std::string_view from) {
  const auto program = base_name(args[0]);
  // A program whose name is only known at run time is taken for the worst.
  const bool unknown = args[0].empty() || args[0].starts_with('$');
  if (program == "rm" || unknown) {
    if (has_option(args, "", "no-preserve-root"))
      return true;
    return has_option(args, "rR", "recursive") && any_protected(operands(args), from);
  }
  if (program == "find" && args.size() > 1) {
    const bool removes = std::any_of(args.begin(), args.end(), [](const std::string& arg) {
      return arg == "-delete" || any_of(base_name(arg), {"rm", "shred", "unlink"});
    });
    return removes && is_protected(args[1], from);
  }
  auto sources = operands(args);
  if (program == "mv" && !sources.empty())
    sources.pop_back();
  return any_of(program, {"mv", "shred"}) && any_protected(sources, from);
}

bool removes_git(arguments_view args, std::string_view) {
  const auto program = base_name(args[0]);
  if (!any_of(program, {"rm", "rmdir", "mv", "shred", "unlink", "truncate", "find", "tee"}))
    return false;
  if (program == "find" && std::find(args.begin(), args.end(), "-delete") == args.end() &&
      std::find(args.begin(), args.end(), "-exec") == args.end())
    return false;
  const auto paths = operands(args);
  return std::any_of(paths.begin(), paths.end(), names_git_directory);
}

bool formats_disk(arguments_view args, std::string_view) {
  const auto program = base_name(args[0]);
  return program == "mkfs" || program.starts_with("mkfs.") ||
         any_of(program,
                {"mke2fs",
                 "mkswap",
                 "wipefs",
                 "fdisk",
                 "sfdisk",
                 "cfdisk",
                 "parted",
                 "sgdisk",
                 "blkdiscard"});
}

bool writes_device(arguments_view args, std::string_view) {
  const auto program = base_name(args[0]);
  if (program == "dd")
    return std::any_of(args.begin(), args.end(), [](const std::string& arg) {
      return arg.starts_with("of=") && is_device(std::string_view{arg}.substr(3));
    });
  if (!any_of(program, {"cp", "tee", "shred", "mv", "truncate", "install"}))
    return false;
  const auto paths = operands(args);
  return std::any_of(paths.begin(), paths.end(), is_device);
}

bool changes_mode_outside(arguments_view args, std::string_view from) {
  return any_of(base_name(args[0]), {"chmod", "chown", "chgrp", "setfacl"}) &&
         has_option(args, "R", "recursive") && any_protected(operands(args), from);
}

bool powers_off(arguments_view args, std::string_view) {
  const auto program = base_name(args[0]);
  if (any_of(program, {"shutdown", "reboot", "halt", "poweroff"}))
    return true;
  const auto rest = operands(args);
  if (any_of(program, {"init", "telinit"}))
    return !rest.empty() && any_of(rest[0], {"0", "6"});
  return program == "systemctl" && !rest.empty() &&
         any_of(rest[0], {"poweroff", "reboot", "halt", "kexec", "suspend", "hibernate"});
}

bool kills_all(arguments_view args, std::string_view) {
  if (base_name(args[0]) != "kill" || args.size() < 2)
    return false;
  return args.back() == "-1" && (args.size() > 2 || args[1] == "-1");
}

/// The arguments from git's own command on: `git -C dir push -f` gives `push -f`.
arguments_view git_command(arguments_view args) {
  if (base_name(args[0]) != "git")
    return {};
  std::size_t i = 1;
  while (i < args.size() && args[i].starts_with('-'))
    i += any_of(args[i], {"-C", "-c", "--git-dir", "--work-tree", "--namespace"}) ? 2 : 1;
  return args.subspan(std::min(i, args.size()));
}

bool pushes_by_force(arguments_view args, std::string_view) {
  const auto git = git_command(args);
  if (git.empty() || git[0] != "push")
    return false;
  return has_option(git, "f", "force") || has_option(git, "", "mirror") ||
         std::any_of(git.begin(), git.end(), [](const std::string& arg) {
           return arg.starts_with("+") || arg.starts_with("--force-");
         });
}

bool rewrites_history(arguments_view args, std::string_view) {
  const auto git = git_command(args);
  if (git.empty())
    return false;
  const auto rest = operands(git);
  const auto first = rest.empty() ? std::string_view{} : std::string_view{rest[0]};
  if (any_of(git[0], {"filter-branch", "filter-repo"}))
    return true;
  if (git[0] == "reset")
    return has_option(git, "", "hard") && !first.empty() && first != "HEAD";
  if (git[0] == "branch")
    return has_option(git, "D", "") ||
           (has_option(git, "d", "delete") && has_option(git, "f", "force"));
  if (git[0] == "update-ref")
    return has_option(git, "d", "delete");
  return (git[0] == "reflog" && any_of(first, {"expire", "delete"})) ||
         (git[0] == "worktree" && any_of(first, {"remove", "prune", "move"}));
}

constexpr std::array<command_rule, 11> table{{
    {"remove_outside",
     "it removes or moves a system or home directory, or what is above the worktree",
     removes_outside},
    {"remove_git", "it removes or overwrites a part of .git", removes_git},
    {"format_disk", "it formats or partitions a disk", formats_disk},
    {"write_device", "it writes to a device", writes_device},
    {"fork_bomb", "it starts processes without end", nullptr},
    {"change_mode_outside",
     "it changes modes or owners of a system or home directory",
     changes_mode_outside},
    {"power_off", "it stops the machine", powers_off},
    {"kill_all", "it kills every process", kills_all},
    {"force_push", "it overwrites a remote branch", pushes_by_force},
    {"rewrite_history", "it throws away commits, branches or worktrees", rewrites_history},
    {"pipe_to_shell", "it runs what it downloads or decodes, unseen", nullptr},
}};

} // namespace

std::span<const command_rule> all_rules() {
  return table;
}

} // namespace ash::policy
