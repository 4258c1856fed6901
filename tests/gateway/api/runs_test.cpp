#include "tests/gateway/api/serving.hpp"

#include <boost/json/value_to.hpp>

namespace ash::gateway::test {
namespace {

class run_routes : public serving {};

TEST_F(run_routes, start_a_run_and_show_it) {
  const auto begun = got(201, "POST", "/api/v1/runs", {.body = text_of(run_kind::gated)});
  const std::string run{begun.at("run").as_string()};
  const auto approval = wait_for_approval(run);
  EXPECT_EQ(approval.at("phase"), "draft");
  EXPECT_TRUE(approval.at("decision").is_null());
  const auto shown = got(200, "GET", "/api/v1/runs/" + run.substr(0, 8));
  EXPECT_EQ(shown.at("run").as_string(), run);
  EXPECT_EQ(shown.at("state"), "awaiting_approval");
  EXPECT_EQ(shown.at("workflow"), "gated@1");
  const auto events =
      got(200, "GET", "/api/v1/runs/" + run + "/events", {.query = {{"limit", "2"}}});
  EXPECT_EQ(events.at("items").as_array().size(), 2U);
  EXPECT_FALSE(events.at("caught_up").as_bool());
  const auto first = events.at("items").as_array().at(0).as_object();
  EXPECT_EQ(first.at("record").at("type"), "run.created");
  EXPECT_EQ(first.at("prev"), 0);
  const auto rest = got(200,
                        "GET",
                        "/api/v1/runs/" + run + "/events",
                        {.query = {{"after", std::string{events.at("next").as_string()}},
                                   {"types", "run.*,approval.*"}}});
  EXPECT_TRUE(rest.at("caught_up").as_bool());
  EXPECT_EQ(rest.at("items").as_array().at(0).at("record").at("type"), "run.started");
  const auto markdown =
      ask("GET", "/api/v1/runs/" + run + "/report", {.headers = {{"accept", "text/markdown"}}});
  EXPECT_EQ(markdown.content_type, "text/markdown; charset=utf-8");
  EXPECT_NE(markdown.body.find("gated@1"), std::string::npos);
  const auto report =
      got(200, "GET", "/api/v1/runs/" + run + "/report", {.query = {{"format", "json"}}});
  EXPECT_EQ(report.at("run").as_string(), run);
}

TEST_F(run_routes, answer_the_same_key_the_same_also_after_a_restart) {
  const asking keyed{.body = text_of(run_kind::gated), .headers = {{"idempotency-key", "k1"}}};
  const auto begun = got(201, "POST", "/api/v1/runs", keyed);
  const std::string run{begun.at("run").as_string()};
  wait_for_approval(run);
  EXPECT_EQ(got(201, "POST", "/api/v1/runs", keyed), begun);
  auto other = keyed;
  other.body = text_of(run_kind::endless);
  EXPECT_EQ(refused("POST", "/api/v1/runs", other), "idempotency_conflict");
  close();
  open();
  EXPECT_EQ(got(201, "POST", "/api/v1/runs", keyed), begun);
  EXPECT_EQ(refused("POST", "/api/v1/runs", other), "idempotency_conflict");
  const auto all = inspect::list_runs(runtime_->log());
  ASSERT_TRUE(all);
  EXPECT_EQ(all.value().size(), 1U);
  EXPECT_EQ(refused("POST", "/api/v1/runs", {.body = keyed.body}), "active_run_exists");
  auto bad = keyed;
  bad.headers["idempotency-key"] = "a\tb";
  EXPECT_EQ(refused("POST", "/api/v1/runs", bad), "argument_invalid");
}

TEST_F(run_routes, abort_once_for_a_key_and_refuse_what_is_over) {
  const auto run = start(run_kind::endless);
  const auto path = "/api/v1/runs/" + run + "/abort";
  const asking keyed{.body = R"({"reason": "enough"})", .headers = {{"idempotency-key", "stop"}}};
  const auto first = got(200, "POST", path, keyed);
  EXPECT_EQ(got(200, "POST", path, keyed), first);
  EXPECT_EQ(refused("POST", path, {.headers = keyed.headers}), "idempotency_conflict");
  EXPECT_EQ(refused("POST", path), "run_already_terminal");
  EXPECT_EQ(refused("POST", "/api/v1/runs/" + run + "/resume"), "run_already_terminal");
  const auto shown = got(200, "GET", "/api/v1/runs/" + run);
  EXPECT_EQ(shown.at("state"), "aborted");
  EXPECT_EQ(shown.at("message"), "enough");
}

TEST_F(run_routes, resume_what_was_interrupted) {
  const auto run = start(run_kind::endless);
  wait_for_fact("run/" + run, "llm.call.started");
  runtime_->stop(std::chrono::milliseconds{0});
  close();
  open();
  EXPECT_EQ(got(200, "GET", "/api/v1/runs/" + run).at("state"), "interrupted");
  const asking keyed{.body = R"({"budget_usd": "2.50"})", .headers = {{"idempotency-key", "go"}}};
  const auto path = "/api/v1/runs/" + run + "/resume";
  const auto first = got(200, "POST", path, keyed);
  EXPECT_EQ(got(200, "POST", path, keyed), first);
  EXPECT_EQ(got(200, "GET", "/api/v1/runs/" + run).at("state"), "executing");
  const auto scope = got(200, "GET", "/api/v1/replay/budget/run:" + run);
  EXPECT_EQ(scope.at("state").at("terms").at("cap"), "2.50");
}

TEST_F(run_routes, refuse_what_is_wrong_before_anything_happens) {
  const auto with = [&](auto change) {
    auto body = start_body(run_kind::gated);
    change(body);
    return refused("POST", "/api/v1/runs", {.body = to_json_text(body)});
  };
  EXPECT_EQ(with([](auto& b) { b["nope"] = 1; }), "unknown_field");
  EXPECT_EQ(with([](auto& b) { b.erase("workflow"); }), "argument_invalid");
  EXPECT_EQ(with([](auto& b) { b["repository"] = "repo"; }), "argument_invalid");
  EXPECT_EQ(with([](auto& b) { b["workflow"] = "x.yaml"; }), "argument_invalid");
  EXPECT_EQ(with([](auto& b) { b["workflow"] = "gone"; }), "template_not_found");
  EXPECT_EQ(with([](auto& b) { b["bindings"] = "x"; }), "argument_invalid");
  EXPECT_EQ(with([](auto& b) { b["base_branch"] = "gone"; }), "repo_branch_missing");
  EXPECT_EQ(ask("POST",
                "/api/v1/runs",
                {.body = R"({"workflow": "gone", "repository": "/", "requirements": "x"})"})
                .status,
            400);
  const std::string nobody = "00000000-0000-4000-8000-000000000000";
  for (const auto* what : {"/resume", "/abort"})
    EXPECT_EQ(refused("POST", "/api/v1/runs/" + nobody + what), "run_not_found");
  for (const auto* what : {"", "/events", "/report"})
    EXPECT_EQ(refused("GET", "/api/v1/runs/" + nobody + what), "run_not_found");
  EXPECT_EQ(refused("GET", "/api/v1/runs/abc"), "id_prefix_too_short");
  EXPECT_EQ(runtime_->log().head(), 0U);
}

TEST_F(run_routes, tell_what_a_run_would_cost_and_start_none) {
  const auto seen = got(200, "POST", "/api/v1/runs/preview", {.body = text_of(run_kind::gated)});
  EXPECT_EQ(runtime_->log().head(), 0U);
  EXPECT_EQ(seen.at("workflow"), "gated@1");
  ASSERT_EQ(seen.at("phases").as_array().size(), 1U);
  const auto& phase = seen.at("phases").at(0).as_object();
  EXPECT_EQ(phase.at("persona"), "writer@1");
  EXPECT_GT(phase.at("input_tokens").as_int64(), 100);
  EXPECT_TRUE(phase.at("unpriced").as_array().empty());
  EXPECT_NE(phase.at("first_call_usd"), "0.00");
  auto wrong = start_body(run_kind::gated);
  wrong["workflow"] = "gone";
  EXPECT_EQ(refused("POST", "/api/v1/runs/preview", {.body = to_json_text(wrong)}),
            "template_not_found");
}

TEST_F(run_routes, tell_who_would_do_a_run_and_why_nobody_else) {
  const auto explained = [&](const std::string& body) {
    const auto seen = got(200, "POST", "/api/v1/runs/explanation", {.body = body});
    EXPECT_EQ(seen.at("workflow"), "gated@1");
    EXPECT_EQ(seen.at("roles").as_array().size(), 1U);
    return seen.at("roles").at(0).as_object();
  };
  const auto chosen = explained(R"({"workflow": "gated", "bindings": {"writer": "writer@1"}})");
  EXPECT_EQ(chosen.at("role"), "writer");
  EXPECT_EQ(chosen.at("phases"), (json::array{"draft"}));
  EXPECT_EQ(chosen.at("chosen"), "writer@1");
  EXPECT_FALSE(chosen.at("reasons").as_array().empty());
  EXPECT_FALSE(chosen.contains("problem"));
  const auto nobody = explained(R"({"workflow": "gated", "model": "openrouter:a/b"})");
  EXPECT_TRUE(nobody.at("chosen").is_null());
  EXPECT_EQ(nobody.at("problem").at("code"), "no_eligible_persona");
  for (const auto& each : nobody.at("candidates").as_array()) {
    EXPECT_TRUE(each.at("place").is_null());
    EXPECT_FALSE(each.at("against").as_array().empty()) << to_json_text(each);
  }
  EXPECT_EQ(runtime_->log().head(), 0U);
  const auto refusal = [&](const std::string& body) {
    return refused("POST", "/api/v1/runs/explanation", {.body = body});
  };
  EXPECT_EQ(refusal(R"({"workflow": "gone"})"), "template_not_found");
  EXPECT_EQ(refusal(R"({"workflow": "here.yaml"})"), "argument_invalid") << "of whose directory?";
  EXPECT_EQ(refusal(R"({"workflow": "gated", "model": "none"})"), "argument_invalid");
  EXPECT_EQ(refusal(R"({"workflow": "gated", "requirements": "x"})"), "unknown_field");
}

TEST_F(run_routes, let_paths_be_written_and_take_that_back) {
  const auto run = start(run_kind::gated);
  wait_for_approval(run);
  const auto path = "/api/v1/runs/" + run + "/permissions/";
  const asking docs{.body = R"({"path": "docs/**"})"};
  got(200, "POST", path + "grant", docs);
  wait_for_fact("run/" + run, "permission.path.granted");
  got(200, "POST", path + "revoke", docs);
  wait_for_fact("run/" + run, "permission.path.revoked");
  for (const auto* bad : {R"({"path": "/etc/**"})",
                          R"({"path": "../**"})",
                          R"({"path": "docs/.."})",
                          R"({"path": "!docs"})",
                          R"({"path": "../docs/**"})",
                          R"({"path": "docs/"})",
                          R"({"path": "docs/ghp_R7tY2uI9oP4aS6dF1gH8jK3lZ5xC0vB7nM2q"})",
                          R"({})"})
    EXPECT_EQ(refused("POST", path + "grant", {.body = bad}), "argument_invalid") << bad;
}

TEST_F(run_routes, show_what_tools_may_do) {
  const auto run = start(run_kind::gated);
  wait_for_approval(run);
  const auto path = "/api/v1/runs/" + run.substr(0, 8) + "/permissions";
  const auto shown = got(200, "GET", path);
  EXPECT_EQ(shown.at("run").as_string(), run);
  ASSERT_EQ(shown.at("roles").as_array().size(), 1U);
  const auto& writer = shown.at("roles").at(0).as_object();
  EXPECT_EQ(writer.at("who"), "writer (writer@1)");
  EXPECT_EQ(writer.at("mode"), "default");
  EXPECT_TRUE(writer.at("reviewer").is_null());
  got(200, "POST", path + "/grant", {.body = R"({"path": "docs/**"})"});
  const auto granted = got(200, "GET", path);
  EXPECT_EQ(granted.at("roles").at(0).at("writable_paths").as_array().back(), "docs/**");
  const auto tag = ask("GET", path).headers.front().second;
  EXPECT_EQ(ask("GET", path, {.headers = {{"if-none-match", tag}}}).status, 304);
}

TEST_F(run_routes, tell_which_calls_other_rules_would_judge_otherwise) {
  const auto run = start(run_kind::gated);
  wait_for_approval(run);
  const auto path = "/api/v1/runs/" + run + "/permissions/test";
  const auto head = runtime_->log().head();
  const auto told =
      got(200,
          "POST",
          path,
          {.body = R"({"rules": [{"verdict": "deny", "tool": "write_file"}], "source": "mine"})"});
  EXPECT_GE(told.at("calls").to_number<int>(), 1);
  ASSERT_EQ(told.at("changed").as_array().size(), 1U);
  const auto& changed = told.at("changed").at(0).as_object();
  EXPECT_EQ(changed.at("what"), "out/draft.json");
  EXPECT_EQ(changed.at("before").at("verdict"), "allow");
  EXPECT_EQ(changed.at("after").at("verdict"), "deny");
  EXPECT_NE(changed.at("after").at("rule").as_string().find("(mine)"), std::string::npos);
  EXPECT_FALSE(
      got(200, "POST", path, {.body = R"({"mode": "plan"})"}).at("changed").as_array().empty());
  EXPECT_TRUE(got(200, "POST", path, {.body = R"({"rules": []})"}).at("changed").as_array().empty())
      << "there are none in the configuration either";
  EXPECT_EQ(runtime_->log().head(), head);
}

TEST_F(run_routes, refuse_rules_that_are_none) {
  const auto run = start(run_kind::gated);
  const auto path = "/api/v1/runs/" + run + "/permissions/test";
  const auto refusal = [&](const std::string& body) {
    const auto answer = got(422, "POST", path, {.body = body});
    return json::value_to<std::string>(answer.at("code")) + " " +
           json::value_to<std::string>(answer.at("field"));
  };
  const auto of_rule = [&](const std::string& rule) {
    return refusal(R"({"rules": [{"verdict": "ask"}, )" + rule + "]}");
  };
  EXPECT_EQ(refusal("{}"), "argument_invalid ");
  EXPECT_EQ(refusal(R"({"mode": "yolo"})"), "argument_invalid /mode");
  EXPECT_EQ(refusal(R"({"rules": [1]})"), "argument_invalid /rules/0");
  EXPECT_EQ(of_rule("{}"), "argument_invalid /rules/1/verdict");
  EXPECT_EQ(of_rule(R"({"verdict": "perhaps"})"), "argument_invalid /rules/1/verdict");
  EXPECT_EQ(of_rule(R"({"verdict": "deny", "nope": 1})"), "unknown_field /rules/1/nope");
  EXPECT_EQ(of_rule(R"({"verdict": "deny", "tool": 1})"), "argument_invalid /rules/1/tool");
  EXPECT_EQ(of_rule(R"({"verdict": "deny", "path": "/etc"})"), "argument_invalid /rules/1/path");
  const auto long_rule = [](std::size_t bytes) {
    return R"({"verdict": "deny", "pattern": ")" + std::string(bytes, 'x') + "\"}";
  };
  EXPECT_EQ(of_rule(long_rule(1'025)), "argument_invalid /rules/1/pattern");
  EXPECT_EQ(refusal(R"({"mode": "plan", "source": ")" + std::string(1'025, 'x') + "\"}"),
            "argument_invalid /source");
  auto full = long_rule(1'024); // 64 of them are as many bytes as rules may have
  for (auto i = 1; i < 64; ++i)
    full += "," + long_rule(1'024);
  got(200, "POST", path, {.body = R"({"rules": [)" + full + "]}"});
  EXPECT_EQ(refusal(R"({"rules": [)" + full + "," + long_rule(1) + "]}"),
            "argument_invalid /rules");
  std::string many = R"({"verdict": "ask"})";
  for (auto i = 1; i < 501; ++i)
    many += R"(,{"verdict": "ask"})";
  EXPECT_EQ(refusal(R"({"rules": [)" + many + "]}"), "argument_invalid /rules");
  const std::string nobody = "/api/v1/runs/00000000-0000-4000-8000-000000000000/permissions";
  EXPECT_EQ(refused("GET", nobody), "run_not_found");
  EXPECT_EQ(refused("POST", nobody + "/test", {.body = R"({"mode": "plan"})"}), "run_not_found");
}

TEST_F(run_routes, decide_approvals_once) {
  const auto run = start(run_kind::gated);
  const auto approval = std::string{wait_for_approval(run).at("approval").as_string()};
  const auto path = "/api/v1/approvals/" + approval + "/decision";
  EXPECT_EQ(refused("POST", path, {.body = R"({"decision": "cancel"})"}), "argument_invalid");
  EXPECT_EQ(refused("POST", path), "argument_invalid");
  const asking keyed{.body = R"({"decision": "approve", "comment": "good"})",
                     .headers = {{"idempotency-key", "yes"}}};
  EXPECT_EQ(refused("POST", path, {.body = keyed.body}), "approval_not_found")
      << "rows that stand for the whole log are believed";
  rows_.are_late = true;
  const auto first = got(200, "POST", path, keyed);
  rows_.are_late = false;
  EXPECT_EQ(first.at("run").as_string(), run);
  wait_for_fact("run/" + run, "run.completed");
  rows_.found["approvals/" + approval] = {{"run", run}};
  EXPECT_EQ(got(200, "POST", path, keyed), first) << "the read models know it once it is over";
  EXPECT_EQ(refused("POST", path, {.body = keyed.body}), "approval_already_decided");
  const auto shown = got(200, "GET", "/api/v1/runs/" + run).at("approvals").as_array().at(0);
  EXPECT_EQ(shown.at("decision"), "approve");
  EXPECT_EQ(shown.at("comment"), "good");
  EXPECT_EQ(shown.at("by"), "api:127.0.0.1");
  EXPECT_EQ(refused("POST",
                    "/api/v1/approvals/00000000-0000-4000-8000-000000000000/decision",
                    {.body = keyed.body}),
            "approval_not_found");
  EXPECT_EQ(refused("POST", "/api/v1/approvals/x/decision", {.body = keyed.body}),
            "argument_invalid");
}

} // namespace
} // namespace ash::gateway::test
