#include "cli/commands/gate_prompt.hpp"

#include "cli/language.hpp"
#include "cli/members.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"
#include "events/codec/describe_json.hpp"

#include <array>
#include <cstdio>
#include <unistd.h>

namespace ash::cli {
namespace {

using run::decision_kind;

struct named_decision {
  std::string_view name;
  decision_kind meant;
};
/// The first name of each is the API's.
constexpr std::array names{named_decision{"approve", decision_kind::approve},
                           named_decision{"reject", decision_kind::reject},
                           named_decision{"request_changes", decision_kind::request_changes},
                           named_decision{"request-changes", decision_kind::request_changes},
                           named_decision{"abort", decision_kind::abort}};
/// What is quicker to type, at a prompt alone.
constexpr std::array short_names{named_decision{"y", decision_kind::approve},
                                 named_decision{"yes", decision_kind::approve},
                                 named_decision{"n", decision_kind::reject},
                                 named_decision{"no", decision_kind::reject},
                                 named_decision{"changes", decision_kind::request_changes}};

template <class Names>
std::optional<decision_kind> find_in(const Names& all, std::string_view text) {
  for (const auto& each : all)
    if (each.name == text)
      return each.meant;
  return std::nullopt;
}

void show(const gate_question& what) {
  const auto who = what.phase.empty() ? std::string{tr("the session")} : tr("phase {}", what.phase);
  if (what.kind == "artifact") {
    std::fprintf(stderr,
                 tr("%s asks for approval of %s (round %ld)\n"),
                 printable(who).c_str(),
                 printable(what.subject).c_str(),
                 static_cast<long>(what.round));
    return;
  }
  std::fprintf(stderr,
               tr("%s asks for approval (%s): %s%s%s\n"),
               printable(who).c_str(),
               printable(tr_word(what.kind)).c_str(),
               printable(what.subject).c_str(),
               what.amount.empty() ? "" : ", ",
               what.amount.c_str());
  if (!what.question.empty())
    std::fprintf(stderr, "%s\n", printable(what.question).c_str());
}

} // namespace

gate_question question_of(const run::approval_requested& asked) {
  gate_question out;
  out.approval = to_string(asked.approval);
  out.kind = std::string{codec::describe_json(asked.kind).as_string()};
  out.phase = asked.phase_key;
  out.subject = asked.subject;
  out.question = asked.question;
  out.round = asked.round;
  if (asked.amount != usd{})
    out.amount = to_string(asked.amount);
  return out;
}

gate_question question_of(const json::object& listed) {
  gate_question out;
  out.approval = text_in(listed, "approval");
  out.kind = text_in(listed, "kind");
  out.phase = text_in(listed, "phase");
  out.subject = text_in(listed, "subject");
  out.question = text_in(listed, "question");
  out.round = number_in<std::int64_t>(listed, "round");
  if (const auto amount = parse_usd(text_in(listed, "amount_usd"));
      amount && amount.value() != usd{})
    out.amount = to_string(amount.value());
  return out;
}

bool can_ask() {
  return ::isatty(STDIN_FILENO) == 1 && is_terminal(stream::err);
}

std::optional<gate_answer> ask_about(const gate_question& what, const std::stop_token& stop) {
  while (true) {
    show(what);
    const auto chosen = answer_to(
        tr("approve (y), reject (n), request-changes, abort the run, or leave it open? "), stop);
    if (!chosen || chosen->empty() || *chosen == "leave")
      return std::nullopt;
    auto decision = decision_named(*chosen);
    if (!decision)
      decision = find_in(short_names, *chosen);
    if (!decision) {
      std::fprintf(stderr, "%s", tr("that is none of them\n"));
      continue;
    }
    gate_answer out{*decision, {}};
    if (*decision != decision_kind::approve)
      out.comment = answer_to(tr("why? "), stop).value_or("");
    if (stop.stop_requested())
      return std::nullopt;
    return out;
  }
}

std::optional<run::decision_kind> decision_named(std::string_view text) {
  return find_in(names, text);
}

std::string_view api_name(run::decision_kind decision) {
  for (const auto& each : names)
    if (each.meant == decision)
      return each.name;
  return "cancel";
}

} // namespace ash::cli
