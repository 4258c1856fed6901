#include "actors/aggregates/command_rules.hpp"

#include "actors/aggregates/program_rules.hpp"
#include "actors/aggregates/shell_words.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace ash::policy {
namespace {

constexpr std::size_t max_command_bytes = 128 * 1024;
constexpr std::size_t max_depth = 8;

constexpr std::size_t max_judged_bytes = std::size_t{4} << 20; ///< nested texts included
constexpr std::size_t max_wrapped_words = 64;

denial denied_by(std::string_view name) {
  const auto rules = all_rules();
  const auto rule = std::find_if(
      rules.begin(), rules.end(), [&](const command_rule& r) { return r.name == name; });
  return {errc::command_denied,
          std::string{name},
          "the command is refused (" + std::string{name} + "): " + std::string{rule->reason}};
}

bool is_fork_bomb(std::string_view text) {
  std::string dense;
  for (const auto c : text)
    if (std::isspace(static_cast<unsigned char>(c)) == 0)
      dense += c;
  for (auto at = dense.find("(){"); at != std::string::npos; at = dense.find("(){", at + 1)) {
    auto begin = at;
    while (begin > 0 &&
           std::string_view{";&|(){}"}.find(dense[begin - 1]) == std::string_view::npos)
      --begin;
    auto name = dense.substr(begin, at - begin);
    if (name.starts_with("function"))
      name.erase(0, 8);
    if (!name.empty() && dense.substr(at + 3).starts_with(name + "|" + name))
      return true;
  }
  return false;
}

// -- secret files -------------------------------------------------------------------------------

/// Whether a word with `*`, `?` or `[…]` would match a file that has a secret's usual name.
bool matches_a_secret_name(std::string_view last) {
  std::string pattern;
  for (std::size_t i = 0; i < last.size(); ++i) {
    const auto close = last[i] == '[' ? last.find(']', i) : std::string_view::npos;
    pattern += close == std::string_view::npos ? last[i] : '?';
    i = close == std::string_view::npos ? i : close;
  }
  const auto letters = std::count_if(pattern.begin(), pattern.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
  });
  const bool dotted = pattern.starts_with('.');
  if (!dotted && letters < 2)
    return false;
  for (const std::string_view name : {".env",
                                      ".netrc",
                                      ".npmrc",
                                      ".pypirc",
                                      ".pgpass",
                                      ".git-credentials",
                                      "id_rsa",
                                      "id_ed25519"})
    if (name.starts_with('.') == dotted && glob_match(pattern, name, glob_case::insensitive))
      return true;
  return false;
}

std::optional<denial> judge_mention(const rules& r, std::string_view word) {
  constexpr std::string_view separators = " \t\n'\"`()<>{},;|&=:@";
  while (!word.empty()) {
    const auto token = word.substr(0, word.find_first_of(separators));
    word.remove_prefix(std::min(word.size(), token.size() + 1));
    const auto last = base_name(token);
    // A plain word, as in `grep credentials src`, is no path.
    if (token.find_first_of("./_") == std::string_view::npos)
      continue;
    auto glob = secret_glob_for(r, token);
    // `jq .key` names a field, not a file.
    if (glob && glob->starts_with("**/*.") && token.rfind('.') == 0)
      glob.reset();
    if (!glob && token.starts_with('-') && token.size() > 2)
      glob = secret_glob_for(r, token.substr(2)); // `-f.env`
    if (!glob && !r.secret_globs.empty() && last.find_first_of("*?[") != std::string_view::npos &&
        matches_a_secret_name(last))
      glob = std::string{last};
    if (glob)
      return denial{errc::secret_path_denied,
                    *glob,
                    "the command names the secret file '" + printable(utf8_prefix(token, 200)) +
                        "' (" + *glob + "): tools may not touch it"};
  }
  return std::nullopt;
}

// -- one command line -----------------------------------------------------------------------------

class command_judge {
public:
  explicit command_judge(const rules& r) : rules_{r} {}

  std::optional<denial> text(std::string_view command, std::size_t depth);

private:
  [[nodiscard]] bool on(std::string_view name) const {
    return std::find(rules_.command_rules.begin(), rules_.command_rules.end(), name) !=
           rules_.command_rules.end();
  }
  std::optional<denial> one(const simple_command& command, std::size_t depth);
  std::optional<denial> programs(const words& args, std::size_t depth);
  std::optional<denial>
  inner_texts(const simple_command& command, const words& args, std::size_t depth);
  std::optional<denial> piped(const simple_command& command, const words& args, std::size_t depth);

  const rules& rules_;
  std::string directory_; ///< where a `cd` led: relative to the worktree, or absolute
  std::size_t judged_bytes_ = 0;
  words pipeline_;      ///< programs before this one in its pipe
  std::string printed_; ///< what an `echo` before this one prints into it
};

/// Without leading assignments and shell keywords.
words program_words(const simple_command& command) {
  words args;
  for (const auto& word : command.words) {
    const auto equals = word.text.find('=');
    const bool assignment =
        equals != std::string::npos && equals > 0 &&
        word.text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789_") == equals;
    const bool skipped = assignment || any_of(word.text,
                                              {"then",
                                               "do",
                                               "else",
                                               "elif",
                                               "if",
                                               "while",
                                               "until",
                                               "!",
                                               "{",
                                               "}",
                                               "time",
                                               "coproc"});
    if (!args.empty() || !skipped)
      args.push_back(word.text);
  }
  return args;
}

bool runs_another(std::string_view program) {
  return any_of(base_name(program),
                {"sudo",    "doas",    "env",    "nohup",  "nice",     "ionice", "timeout",
                 "command", "builtin", "exec",   "stdbuf", "setsid",   "xargs",  "busybox",
                 "find",    "strace",  "flock",  "chroot", "parallel", "watch",  "unshare",
                 "su",      "runuser", "toybox", "chrt",   "taskset"});
}

std::string joined(arguments_view args) {
  std::string all;
  for (const auto& arg : args)
    all.append(arg).append(" ");
  return all;
}

std::optional<denial> command_judge::programs(const words& args, std::size_t depth) {
  const auto wrapped = runs_another(args[0]);
  // Behind sudo, env, xargs … every later word may be the program: their options are not parsed.
  for (std::size_t i = 0; i < (wrapped ? std::min(args.size(), max_wrapped_words) : 1); ++i) {
    const auto rest = arguments_view{args}.subspan(i);
    for (const auto& rule : all_rules())
      if (rule.matches != nullptr && on(rule.name) && rule.matches(rest, directory_))
        return denied_by(rule.name);
    // `sh -c TEXT`, `su -c TEXT`, `env -S TEXT`, `eval TEXT …`.
    const auto program = base_name(rest[0]);
    if (any_of(program, {"eval", "watch", "trap"})) {
      if (auto denied = text(joined(rest.subspan(1)), depth + 1))
        return denied;
    } else if (is_shell(program) || any_of(program, {"su", "runuser", "env", "script", "flock"})) {
      for (const auto& arg : rest.subspan(1))
        if (arg.find_first_of(" \t\n;|&") != std::string::npos)
          if (auto denied = text(arg, depth + 1))
            return denied;
    }
  }
  return std::nullopt;
}

std::optional<denial>
command_judge::inner_texts(const simple_command& command, const words& args, std::size_t depth) {
  const bool shell =
      !args.empty() && (is_shell(args[0]) || any_of(args[0], {"eval", "source", "."}));
  const auto look = [&](const shell_word& word) -> std::optional<denial> {
    for (const auto& inner : word.substitutions) {
      const auto parts = shell_commands(inner);
      if (shell && on("pipe_to_shell") && parts)
        for (const auto& part : parts.value())
          if (!part.words.empty() &&
              any_of(base_name(part.words[0].text), {"curl", "wget", "fetch", "base64", "xxd"}))
            return denied_by("pipe_to_shell");
      if (auto denied = text(inner, depth + 1))
        return denied;
    }
    return judge_mention(rules_, word.text);
  };
  for (const auto& word : command.words)
    if (auto denied = look(word))
      return denied;
  for (const auto& r : command.redirections) {
    const bool here_document = r.operation.starts_with("<<") && r.operation != "<<<";
    if (!here_document)
      if (auto denied = look(r.target))
        return denied;
    if (r.operation.starts_with("<<") && shell)
      if (auto denied = text(r.target.text, depth + 1))
        return denied;
    if (r.operation.find('>') == std::string::npos)
      continue;
    if (on("write_device") && is_device(r.target.text))
      return denied_by("write_device");
    if (on("remove_git") && names_git_directory(r.target.text))
      return denied_by("remove_git");
  }
  return std::nullopt;
}

std::optional<denial>
command_judge::piped(const simple_command& command, const words& args, std::size_t depth) {
  if (!command.reads_pipe) {
    pipeline_.clear();
    printed_.clear();
  }
  if (args.empty())
    return std::nullopt;
  const auto interprets = [](arguments_view rest) {
    if (is_shell(rest[0]))
      return true;
    return (base_name(rest[0]).starts_with("python") ||
            any_of(base_name(rest[0]), {"perl", "ruby", "node", "php"})) &&
           (rest.size() == 1 || rest[1] == "-");
  };
  bool interpreter = interprets(args);
  for (std::size_t i = 1; runs_another(args[0]) && i < args.size(); ++i)
    interpreter = interpreter || interprets(arguments_view{args}.subspan(i));
  if (interpreter && on("pipe_to_shell"))
    for (const auto& program : pipeline_)
      if (any_of(program, {"curl", "wget", "fetch", "base64", "xxd", "openssl"}))
        return denied_by("pipe_to_shell");
  if (interpreter && !printed_.empty())
    if (auto denied = text(printed_, depth + 1))
      return denied;
  if (base_name(args[0]) == "xargs" && !printed_.empty())
    if (auto denied = text(joined(arguments_view{args}.subspan(1)) + printed_, depth + 1))
      return denied;
  for (const auto& arg : args)
    if (runs_another(args[0]) || &arg == &args[0])
      pipeline_.emplace_back(base_name(arg));
  if (any_of(base_name(args[0]), {"echo", "printf"}))
    printed_ = joined(arguments_view{args}.subspan(1));
  return std::nullopt;
}

std::optional<denial> command_judge::one(const simple_command& command, std::size_t depth) {
  const auto args = program_words(command);
  if (auto denied = inner_texts(command, args, depth))
    return denied;
  if (auto denied = piped(command, args, depth))
    return denied;
  if (args.empty())
    return std::nullopt;
  if (auto denied = programs(args, depth))
    return denied;
  if (any_of(args[0], {"cd", "pushd"})) {
    const auto to = operands(args);
    const auto where = to.empty() ? std::string{"~"} : to[0];
    if (where == "-")
      directory_.clear();
    else if (where.starts_with('/') || where.starts_with('~') || where.starts_with('$'))
      directory_ = where;
    else if (directory_.size() < 4'096)
      directory_.append(directory_.empty() ? "" : "/").append(where);
  }
  return std::nullopt;
}

std::optional<denial> command_judge::text(std::string_view command, std::size_t depth) {
  if (depth > max_depth)
    return denial{errc::command_denied,
                  "nesting",
                  "the command is nested too deeply to be judged: write it plainly"};
  judged_bytes_ += command.size() + 64;
  if (judged_bytes_ > max_judged_bytes)
    return denial{
        errc::command_denied, "size", "the command is too complex to be judged: write it plainly"};
  if (on("fork_bomb") && is_fork_bomb(command))
    return denied_by("fork_bomb");
  const auto parts = shell_commands(command);
  if (!parts)
    return denial{errc::command_denied, "size", parts.error().message};
  // A nested text has a pipe and a place of its own.
  auto outer_pipeline = std::exchange(pipeline_, {});
  auto outer_printed = std::exchange(printed_, {});
  auto outer_directory = directory_;
  std::optional<denial> denied;
  for (const auto& part : parts.value())
    if ((denied = one(part, depth)))
      break;
  pipeline_ = std::move(outer_pipeline);
  printed_ = std::move(outer_printed);
  directory_ = std::move(outer_directory);
  return denied;
}

} // namespace

std::vector<std::string> command_rule_names() {
  std::vector<std::string> names;
  for (const auto& rule : all_rules())
    names.emplace_back(rule.name);
  return names;
}

std::optional<denial> judge_command(const rules& r, std::string_view command) {
  if (command.size() > max_command_bytes)
    return denial{errc::command_denied, "size", "the command is longer than 128 KiB"};
  return command_judge{r}.text(command, 0);
}

} // namespace ash::policy
