#include "events/base/text.hpp"
#include "tests/e2e/bad_input.hpp"

namespace ash::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

/// What each tool call of a run was answered, by the id that the model gave it.
std::map<std::string, turn::tool_answered> answers_in(const std::vector<fact_at>& facts) {
  std::map<std::string, std::string> id_of;
  for (const auto& called : only<turn::tool_called>(facts))
    id_of[to_string(called.tool_call)] = called.request.id;
  std::map<std::string, turn::tool_answered> answers;
  for (auto& answered : only<turn::tool_answered>(facts))
    answers[id_of[to_string(answered.tool_call)]] = answered;
  return answers;
}

class bad_tools : public bad_input {
protected:
  void SetUp() override {
    write_text(home_ / "outside/precious", "precious");
    write_text(
        home_ / "nasty.yaml",
        fill_in(read_text(E2E_FIXTURES "/nasty_tools.yaml"), {{"outside", home_ / "outside"}}));
    const auto ended = run({"--model", "scripted:" + (home_ / "nasty.yaml")});
    ASSERT_EQ(ended.exit_code, 0) << ended.shown();
    facts_ = left_log{data()}.facts();
    answers_ = answers_in(facts_);
  }

  std::vector<fact_at> facts_;
  std::map<std::string, turn::tool_answered> answers_;
};

TEST_F(bad_tools, are_answered_and_the_run_completes) {
  const left_log log{data()};
  EXPECT_EQ(log.damages(), "");
  const auto done = only<tool_call::completed>(facts_);
  ASSERT_GE(done.size(), 3U);
  // 10 MB: the model sees a bounded part, the whole is kept.
  EXPECT_LE(done[0].text.size(), 64U * 1024);
  EXPECT_EQ(done[0].full.size, 10'000'000);
  EXPECT_EQ(log.text_of(done[0].full).size(), 10'000'000U);
  // Invalid UTF-8 is mended for the model.
  EXPECT_TRUE(is_valid_utf8(done[1].text));
  EXPECT_THAT(done[1].text, HasSubstr("good \xEF\xBF\xBD\xEF\xBF\xBD bad"));
  EXPECT_THAT(answers_["bytes"].text, HasSubstr("here: \xEF\xBF\xBD\xEF\xBF\xBD"));
  // A name with a newline never looks like two names, and can be read.
  EXPECT_THAT(answers_["list"].text, Not(HasSubstr("new\nline")));
  EXPECT_THAT(answers_["list"].text, HasSubstr("new\\nline"));
  EXPECT_TRUE(is_valid_utf8(answers_["list"].text));
  EXPECT_THAT(answers_["newline"].text, HasSubstr("two lines"));
  EXPECT_THAT(answers_["grep"].text, Not(HasSubstr("new\nline")));
}

TEST_F(bad_tools, never_follow_a_link_out_of_the_worktree) {
  for (const auto* id :
       {"read_link", "write_link", "edit_link", "write_beneath", "list_folder", "read_above"}) {
    ASSERT_TRUE(answers_.contains(id)) << id;
    EXPECT_NE(answers_[id].answer, turn::tool_answer::completed) << id << ": " << answers_[id].text;
    EXPECT_EQ(answers_[id].code, "path_outside_root") << id << ": " << answers_[id].text;
  }
  EXPECT_EQ(read_text(home_ / "outside/precious"), "precious");
  EXPECT_FALSE(fs::exists(home_ / "outside/new"));
}

} // namespace
} // namespace ash::e2e
