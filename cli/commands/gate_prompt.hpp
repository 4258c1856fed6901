// Asking the person at the terminal about one approval: what stands there, and what is taken for an
// answer. Whoever calls it gives the answer on, to a server or to the runtime.
#pragma once

#include "cli/documents.hpp"
#include "events/base/money.hpp"
#include "events/base/result.hpp"
#include "events/facts/run.hpp"

#include <boost/json/object.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace ash::cli {

/// What of an approval a person is shown.
struct gate_question {
  std::string approval; ///< its id
  std::string kind;     ///< `artifact`, `tool`, `budget` or `plan`
  std::string phase;
  std::string subject;
  std::string question;
  std::int64_t round = 1;
  std::string amount;            ///< of a budget approval: `$0.25`
  std::size_t content_bytes = 0; ///< of what is to be approved, where that is a text
  std::string content;           ///< the beginning of it
};

gate_question question_of(const run::approval_requested& asked, const document_reader& read);
/// Of an object of `inspect::list_approvals`.
gate_question question_of(const boost::json::object& listed, const document_reader& read);

/// What is shown of it before the prompt.
std::string text_of(const gate_question& what);

struct gate_answer {
  run::decision_kind decision = run::decision_kind::reject;
  std::string comment;
};

/// Somebody sits at a terminal, to read and to type.
bool can_ask();

/// Asks until it is answered; none where the person leaves it open, or `stop` is requested. Takes
/// the decisions' names, `y` and `n` for approve and reject, and `changes`.
std::optional<gate_answer> ask_about(const gate_question& what, const std::stop_token& stop);

/// A decision by its name, as commands and the API take it.
std::optional<run::decision_kind> decision_named(std::string_view text);
/// As the API takes it: `request_changes`.
std::string_view api_name(run::decision_kind decision);

} // namespace ash::cli
