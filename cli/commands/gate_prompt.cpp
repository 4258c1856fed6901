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

constexpr std::string_view artifact = "artifact";
constexpr std::size_t most_content_shown = 4'096;

template <class Names>
std::optional<decision_kind> find_in(const Names& all, std::string_view text) {
  for (const auto& each : all)
    if (each.name == text)
      return each.meant;
  return std::nullopt;
}

/// Where it can't be read, its length alone is told.
void add_content(gate_question& to,
                 const std::string& text,
                 const std::string& sha256,
                 std::size_t bytes,
                 const document_reader& read) {
  to.content_bytes = bytes;
  if (bytes == 0 || to.kind == artifact)
    return;
  if (!text.empty())
    to.content = utf8_prefix(text, most_content_shown);
  else if (const auto whole = read(sha256))
    to.content = utf8_prefix(whole.value(), most_content_shown);
}

} // namespace

std::string text_of(const gate_question& what) {
  const auto who =
      printable(what.phase.empty() ? std::string{tr("the session")} : tr("phase {}", what.phase));
  if (what.kind == artifact)
    return tr("{} asks for approval of {} (round {})", who, printable(what.subject), what.round) +
           '\n';
  auto out = tr("{} asks for approval ({}): {}",
                who,
                printable(tr_word(what.kind)),
                printable(what.subject)) +
             (what.amount.empty() ? "" : ", " + what.amount) + '\n';
  if (!what.question.empty())
    out += printable(what.question) + '\n';
  if (!what.content.empty())
    out += printable(what.content) + '\n';
  if (what.content.size() < what.content_bytes)
    out += tr("({} of {} bytes; all of it: actor-shell approvals show {})",
              what.content.size(),
              what.content_bytes,
              what.approval) +
           '\n';
  return out;
}

gate_question question_of(const run::approval_requested& asked, const document_reader& read) {
  gate_question out;
  out.approval = to_string(asked.approval);
  out.kind = std::string{codec::describe_json(asked.kind).as_string()};
  out.phase = asked.phase_key;
  out.subject = asked.subject;
  out.question = asked.question;
  out.round = asked.round;
  if (asked.amount != usd{})
    out.amount = to_string(asked.amount);
  add_content(out,
              asked.content.text,
              asked.content.sha256,
              static_cast<std::size_t>(asked.content.size),
              read);
  return out;
}

gate_question question_of(const json::object& listed, const document_reader& read) {
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
  add_content(out,
              text_in(listed, "content"),
              text_in(listed, "content_sha256"),
              number_in<std::size_t>(listed, "content_bytes"),
              read);
  return out;
}

bool can_ask() {
  return ::isatty(STDIN_FILENO) == 1 && is_terminal(stream::err);
}

std::optional<gate_answer> ask_about(const gate_question& what, const std::stop_token& stop) {
  while (true) {
    std::fputs(text_of(what).c_str(), stderr);
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
