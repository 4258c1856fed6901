#include "cli/commands/gate_prompt.hpp"

#include <gtest/gtest.h>

namespace ash::cli {
namespace {

using run::decision_kind;

result<std::string> documents(const std::string& sha256) {
  EXPECT_EQ(sha256, "the address");
  return std::string{"whole"};
}

TEST(gate_prompt, knows_decisions_as_commands_and_the_api_have_them) {
  for (const auto decision : {decision_kind::approve,
                              decision_kind::reject,
                              decision_kind::request_changes,
                              decision_kind::abort})
    EXPECT_EQ(decision_named(api_name(decision)), decision);
  EXPECT_EQ(decision_named("request-changes"), decision_kind::request_changes);
  for (const auto* none : {"", "y", "cancel", "Approve", "approved"})
    EXPECT_FALSE(decision_named(none)) << none;
}

TEST(gate_prompt, shows_the_same_of_a_fact_and_of_what_is_listed) {
  run::approval_requested asked;
  asked.approval = {random_uuid()};
  asked.kind = run::approval_kind::budget;
  asked.phase_key = "note";
  asked.subject = "run:x";
  asked.question = "May it go on?";
  asked.amount = usd{250'000'000'000};
  asked.content = {"whole", "the address", 5};
  const auto of_fact = question_of(asked, documents);
  EXPECT_EQ(of_fact.kind, "budget");
  EXPECT_EQ(of_fact.amount, "$0.25");
  const auto listed = question_of(boost::json::object{{"approval", of_fact.approval},
                                                      {"kind", "budget"},
                                                      {"phase", "note"},
                                                      {"subject", "run:x"},
                                                      {"round", 1},
                                                      {"question", "May it go on?"},
                                                      {"content_sha256", "the address"},
                                                      {"content_bytes", 5},
                                                      {"amount_usd", "0.25"}},
                                  documents);
  EXPECT_EQ(listed.approval, of_fact.approval);
  EXPECT_EQ(listed.phase, of_fact.phase);
  EXPECT_EQ(listed.question, of_fact.question);
  EXPECT_EQ(listed.round, of_fact.round);
  EXPECT_EQ(listed.amount, of_fact.amount);
  EXPECT_EQ(listed.content, of_fact.content);
  EXPECT_EQ(text_of(listed),
            "phase note asks for approval (budget): run:x, $0.25\nMay it go on?\nwhole\n");
}

TEST(gate_prompt, says_how_much_of_what_is_to_be_approved_it_does_not_show) {
  run::approval_requested asked;
  asked.kind = run::approval_kind::tool;
  asked.subject = "write_file";
  asked.content = {{}, "the address", 10'000};
  const auto much = question_of(
      asked, [](const std::string&) -> result<std::string> { return std::string(10'000, 'x'); });
  EXPECT_EQ(much.content.size(), 4'096U);
  EXPECT_NE(text_of(much).find("(4096 of 10000 bytes; all of it: actor-shell approvals show"),
            std::string::npos)
      << text_of(much);
  const auto gone = question_of(asked, [](const std::string&) -> result<std::string> {
    return refuse(errc::blob_not_found, "gone");
  });
  EXPECT_NE(text_of(gone).find("(0 of 10000 bytes"), std::string::npos) << text_of(gone);
}

TEST(gate_prompt, names_no_amount_where_nothing_is_to_be_paid) {
  EXPECT_TRUE(question_of(run::approval_requested{}, documents).amount.empty());
  EXPECT_TRUE(question_of(boost::json::object{{"amount_usd", "0.00"}}, documents).amount.empty());
}

} // namespace
} // namespace ash::cli
