#include "actors/aggregates/model_review.hpp"

#include "events/base/json.hpp"
#include "events/base/text.hpp"

#include <boost/json/object.hpp>

namespace ash::model_review {
namespace {

/// An answer is flat: one object of two texts.
constexpr std::size_t max_depth = 2;

std::string one_line(std::string_view text) {
  const auto whole = to_valid_utf8(text);
  const auto kept = utf8_prefix(whole, max_reason_bytes);
  return printable(kept) + (kept.size() < whole.size() ? "…" : "");
}

opinion no_verdict(const std::string& why) {
  return {answer::ask, "it gave no verdict: " + why};
}

const json::string* text_in(const json::object& in, std::string_view name) {
  const auto* value = in.if_contains(name);
  return value != nullptr ? value->if_string() : nullptr;
}

} // namespace

bool is_wanted(const tool_call::requested& what, const policy::permit& verdict) {
  return !what.terms.reviewer.empty() && !what.review &&
         verdict.verdict == permission_verdict::ask && verdict.outside &&
         what.arguments.size() <= max_arguments_bytes;
}

session_id session_of(const tool_call_id& call) {
  return {derive(call.value, "reviewer")};
}

bool is_reviewer(const session::created& about) {
  return !about.asked_by.is_nil() && about.session == session_of(about.asked_by);
}

opinion read(std::string_view text) {
  if (text.size() > max_answer_bytes)
    return no_verdict("its answer has " + std::to_string(text.size()) + " bytes");
  const auto parsed = parse_json(text, "the answer", {max_answer_bytes, max_depth});
  if (!parsed || !parsed.value().is_object())
    return no_verdict("its answer is not one JSON object");
  const auto& given = parsed.value().get_object();
  const auto* verdict = text_in(given, "verdict");
  const auto* reason = text_in(given, "reason");
  if (given.size() != 2 || verdict == nullptr || reason == nullptr)
    return no_verdict("its answer does not have exactly 'verdict' and 'reason'");
  const std::string_view why{reason->data(), reason->size()};
  if (why.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return no_verdict("it named no reason");
  if (*verdict == "approve")
    return {answer::approve, one_line(why)};
  if (*verdict == "deny")
    return {answer::deny, one_line(why)};
  if (*verdict == "ask")
    return {answer::ask, one_line(why)};
  return no_verdict("there is no verdict '" +
                    one_line({verdict->data(), std::min<std::size_t>(verdict->size(), 40)}) + "'");
}

opinion opinion_of(const tool_call::finish& end) {
  return end.failed ? no_verdict(end.code + ": " + one_line(end.text)) : read(end.text);
}

} // namespace ash::model_review
