#include "actors/aggregates/permissions.hpp"

#include "actors/aggregates/shell_words.hpp"
#include "events/base/json.hpp"
#include "events/base/text.hpp"
#include "events/base/tool_arguments.hpp"

#include <algorithm>
#include <optional>

namespace ash::policy {
namespace {

constexpr std::size_t most_nested_commands = 8;
constexpr std::size_t shown_bytes = 300;
/// Of a command that somebody is asked about: they approve what they have read.
constexpr std::size_t asked_bytes = 4'096;

/// `*` any run of characters, `?` one: for texts, where a `/` is nothing special.
bool wild_match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  auto star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

/// What of a call the rules look at.
struct seen_call {
  std::optional<std::string> path; ///< in the worktree
  std::string text;                ///< the command, or the arguments as canonical JSON
  bool is_command = false;
};

seen_call look_at(const permission_request& call) {
  seen_call out;
  const auto given = parse_tool_arguments(call.arguments);
  if (!given)
    return out;
  const auto text_of = [&](const char* field) -> std::optional<std::string> {
    const auto* value = given.value().if_contains(field);
    if (value == nullptr || !value->is_string())
      return std::nullopt;
    return std::string{value->get_string().data(), value->get_string().size()};
  };
  for (const auto* field : {"path", "file_path"})
    if (const auto path = text_of(field); path && !out.path)
      out.path = path_in_worktree(*path, call.worktree);
  if (const auto command = text_of("command"); command && call.tool == "run_command") {
    out.text = *command;
    out.is_command = true;
  } else {
    out.text = canonical_json(json::value(given.value()));
  }
  return out;
}

std::string words_of(const simple_command& of) {
  std::string out;
  for (const auto& word : of.words)
    out.append(out.empty() ? "" : " ").append(word.text);
  return out;
}

bool is_plain(const simple_command& of) {
  return of.redirections.empty() &&
         std::all_of(of.words.begin(), of.words.end(), [](const shell_word& word) {
           return word.substitutions.empty();
         });
}

bool every_command_matches(const std::string& pattern, std::string_view text) {
  const auto parts = shell_commands(text);
  return parts && !parts.value().empty() &&
         std::all_of(parts.value().begin(), parts.value().end(), [&](const auto& part) {
           return is_plain(part) && wild_match(pattern, words_of(part));
         });
}

/// What can't be taken apart counts as matching: it is asked about or denied.
bool any_command_matches(const std::string& pattern, std::string_view text, std::size_t depth = 0) {
  if (wild_match(pattern, text) || depth > most_nested_commands)
    return true;
  const auto parts = shell_commands(text);
  if (!parts)
    return true;
  const auto inside = [&](const shell_word& word) {
    return std::any_of(
        word.substitutions.begin(), word.substitutions.end(), [&](const std::string& nested) {
          return any_command_matches(pattern, nested, depth + 1);
        });
  };
  return std::any_of(parts.value().begin(), parts.value().end(), [&](const simple_command& part) {
    return wild_match(pattern, words_of(part)) ||
           std::any_of(part.words.begin(), part.words.end(), inside) ||
           std::any_of(part.redirections.begin(), part.redirections.end(), [&](const auto& to) {
             return inside(to.target);
           });
  });
}

bool matches(const permission_rule& rule, std::string_view tool, const seen_call& call) {
  if (!rule.tool.empty() && !wild_match(rule.tool, tool))
    return false;
  if (!rule.path.empty() && (!call.path || !glob_match(rule.path, *call.path)))
    return false;
  if (rule.pattern.empty())
    return true;
  if (!call.is_command)
    return wild_match(rule.pattern, call.text);
  return rule.verdict == permission_verdict::allow ? every_command_matches(rule.pattern, call.text)
                                                   : any_command_matches(rule.pattern, call.text);
}

/// A cut is never silent: what is left out may be what matters.
std::string shown(std::string_view text, std::size_t most = shown_bytes) {
  const auto head = utf8_prefix(text, most);
  auto out = "'" + printable(head) + "'";
  if (head.size() < text.size())
    out += " (the first " + std::to_string(head.size()) + " of " + std::to_string(text.size()) +
           " bytes: look at all of it)";
  return out;
}

std::string what_it_is(const permission_request& call, const seen_call& seen) {
  auto out = std::string{call.tool};
  if (seen.is_command)
    return out + " " + shown(seen.text, asked_bytes);
  return seen.path ? out + " " + shown(*seen.path) : out;
}

permit allowed(std::string rule = {}) {
  return {permission_verdict::allow, {}, std::move(rule), {}};
}

permit denied(std::string rule, std::string message, errc code = errc::permission_denied) {
  return {permission_verdict::deny, code, std::move(rule), std::move(message)};
}

/// `ask`, as the mode has it.
permit asked(permission_mode mode, std::string rule, const std::string& what) {
  if (mode == permission_mode::bypass)
    return allowed(std::move(rule));
  if (mode == permission_mode::dont_ask)
    return denied(rule, "nobody is asked in this mode, and " + what + " would need it: " + rule);
  return {permission_verdict::ask, {}, rule, "May it " + what + "? " + rule};
}

/// No rule has decided about a call that changes something.
permit by_mode(const tool_terms& terms, const permission_request& call, const seen_call& seen) {
  const auto& paths = terms.writable_paths;
  if (terms.mode == permission_mode::bypass)
    return allowed("mode bypass");
  if (seen.path) {
    if (terms.mode == permission_mode::accept_edits ||
        is_writable(paths, *seen.path) == writable::yes)
      return allowed();
    auto out =
        asked(terms.mode, "the path lies outside of what may be written", what_it_is(call, seen));
    out.outside = out.verdict == permission_verdict::ask;
    return out;
  }
  // What a command writes can't be told from its text: the sandbox keeps it in the worktree. Where
  // a part of that was taken back, it is asked about.
  const auto takes_back = [](const std::string& glob) { return glob.starts_with('!'); };
  if (std::none_of(paths.begin(), paths.end(), takes_back))
    return allowed();
  return asked(terms.mode, "it may write what may not be written any more", what_it_is(call, seen));
}

bool is_same_list(const permission_rule& a, const permission_rule& b) {
  const auto list_of = [](const permission_rule& rule) {
    return rule.origin.starts_with(of_subagent) ? std::string_view{rule.origin}
                                                : std::string_view{};
  };
  return list_of(a) == list_of(b);
}

/// The rule that decides, if any does.
const permission_rule*
deciding(std::span<const permission_rule> rules, std::string_view tool, const seen_call& seen) {
  const permission_rule* out = nullptr;
  for (auto at = rules.begin(); at != rules.end();) {
    const auto end =
        std::find_if(at, rules.end(), [&](const auto& rule) { return !is_same_list(rule, *at); });
    const auto hit =
        std::find_if(at, end, [&](const auto& rule) { return matches(rule, tool, seen); });
    const auto counts = hit != end && !(hit->verdict == permission_verdict::allow &&
                                        hit->origin.starts_with(of_subagent));
    if (counts && (out == nullptr || hit->verdict > out->verdict))
      out = &*hit;
    at = end;
  }
  return out;
}

} // namespace

writable is_writable(std::span<const std::string> paths, std::string_view path) {
  auto out = paths.empty() ? writable::yes : writable::no;
  for (const auto& each : paths) {
    const std::string_view glob{each};
    const auto takes = glob.starts_with('!');
    if (glob_match(takes ? glob.substr(1) : glob, path))
      out = takes ? writable::taken_back : writable::yes;
  }
  return out;
}

std::vector<std::string> with_changes(std::vector<std::string> paths,
                                      std::span<const path_change> changes) {
  if (paths.empty())
    paths.emplace_back("**");
  for (const auto& each : changes)
    paths.push_back((each.what == writable::taken_back ? "!" : "") + each.path);
  return paths;
}

bool matches(const permission_rule& rule, const permission_request& call) {
  return matches(rule, call.tool, look_at(call));
}

std::string_view to_string(permission_verdict verdict) {
  switch (verdict) {
  case permission_verdict::allow:
    return "allow";
  case permission_verdict::ask:
    return "ask";
  case permission_verdict::deny:
    break;
  }
  return "deny";
}

std::string describe(const permission_rule& rule) {
  auto out = std::string{to_string(rule.verdict)} + ' ' + (rule.tool.empty() ? "*" : rule.tool);
  if (!rule.pattern.empty())
    out += " " + shown(rule.pattern);
  if (!rule.path.empty())
    out += " in " + shown(rule.path);
  return rule.origin.empty() ? out : out + " (" + rule.origin + ")";
}

permit permit_call(const tool_terms& terms, const permission_request& call) {
  const auto writes = call.effect != effect_class::read;
  const auto seen = look_at(call);
  if (writes && terms.mode == permission_mode::plan)
    return denied("mode plan", "plan mode permits only tools that read", errc::plan_mode_violation);
  if (writes && seen.path && is_writable(terms.writable_paths, *seen.path) == writable::taken_back)
    return denied("writable paths", shown(*seen.path) + " may not be written any more");
  const auto* rule = deciding(terms.permissions, call.tool, seen);
  if (rule == nullptr)
    return writes ? by_mode(terms, call, seen) : allowed();
  switch (rule->verdict) {
  case permission_verdict::allow:
    return allowed(describe(*rule));
  case permission_verdict::ask:
    return asked(terms.mode, describe(*rule), what_it_is(call, seen));
  case permission_verdict::deny:
    break;
  }
  return denied(describe(*rule), what_it_is(call, seen) + " is denied: " + describe(*rule));
}

} // namespace ash::policy
