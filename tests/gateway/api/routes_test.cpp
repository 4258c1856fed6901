#include "events/log/rocksdb_log.hpp"
#include "tests/gateway/api/serving.hpp"

#include <algorithm>
#include <future>
#include <thread>

namespace ash::gateway::test {
namespace {

class other_routes : public serving {};

TEST_F(other_routes, speak_with_a_session) {
  const auto made =
      got(201,
          "POST",
          "/api/v1/sessions",
          {.body = to_json_text(json::object{{"persona", "writer"},
                                             {"model", "scripted:" + (home_ / "quick.yaml")},
                                             {"directory", repo_}}),
           .headers = {{"idempotency-key", "s1"}}});
  const auto path = "/api/v1/sessions/" + std::string{made.at("session").as_string()};
  const asking hello{.body = R"({"text": "Hello there"})", .headers = {{"idempotency-key", "m1"}}};
  const auto posted = got(201, "POST", path + "/messages", hello);
  EXPECT_EQ(posted.at("turn").as_string().size(), 36U);
  wait_for_fact("session/" + std::string{made.at("session").as_string()}, "turn.completed");
  EXPECT_EQ(got(201, "POST", path + "/messages", hello), posted);
  const auto stop = path + "/turns/" + std::string{posted.at("turn").as_string()} + "/stop";
  got(200, "POST", stop);
  EXPECT_EQ(refused("POST", path + "/turns/00000000-0000-4000-8000-000000000000/stop"),
            "turn_not_found");
  EXPECT_EQ(refused("POST", path + "/messages", {.body = R"({"text": ""})"}), "argument_invalid");
  EXPECT_EQ(refused("POST", path + "/messages", {.body = R"({"text": "x", "message": "y"})"}),
            "argument_invalid");
  got(200, "POST", path + "/end", {.body = R"({"reason": "done"})"});
  EXPECT_EQ(refused("POST", path + "/messages", {.body = R"({"text": "Hello"})"}), "session_ended");
  rows_.page.rows.push_back(json::object{{"text", "Hello there"}});
  got(200, "GET", path + "/messages");
  ASSERT_EQ(rows_.asked.size(), 1U);
  EXPECT_EQ(rows_.asked_what.back(), "messages");
  EXPECT_EQ(rows_.asked.back().filters.at("session"), made.at("session").as_string());
  EXPECT_EQ(refused("GET", path), "session_not_found") << "the read models do not know it yet";
}

TEST_F(other_routes, go_on_with_a_session_that_a_budget_blocked) {
  const auto session = made_session();
  const auto path = "/api/v1/sessions/" + session;
  const auto cap = "/api/v1/budget/scopes/day:" + utc_date(system_now()) + "/cap";
  got(200, "POST", cap, {.body = R"({"cap_usd": "0.0000001"})"});
  got(201, "POST", path + "/messages", {.body = R"({"text": "Hello there"})"});
  wait_for_fact("session/" + session, "turn.suspended");
  got(200, "POST", cap, {.body = R"({"cap_usd": "5"})"});
  got(200, "POST", path + "/resume");
  wait_for_fact("session/" + session, "turn.completed");
  got(200, "POST", path + "/resume");
  got(200, "POST", path + "/end");
  EXPECT_EQ(refused("POST", path + "/resume"), "session_ended");
}

TEST_F(other_routes, let_a_session_leave_plan_mode_once_somebody_approves) {
  const auto session = made_session();
  const auto path = "/api/v1/sessions/" + session + "/plan_mode";
  EXPECT_EQ(refused("POST", path, {.body = R"({"plan_mode": "maybe"})"}), "argument_invalid");
  got(200, "POST", path, {.body = R"({"plan_mode": "on"})"});
  got(200, "POST", path, {.body = R"({"plan_mode": "off"})"});
  got(200, "POST", path, {.body = R"({"plan_mode": "off"})"});
  const auto facts = [&](const char* types) {
    return got(200,
               "GET",
               "/api/v1/feeds/session/" + session + "/events",
               {.query = {{"types", types}}})
        .at("items")
        .as_array();
  };
  const auto asked = facts("approval.requested");
  ASSERT_EQ(asked.size(), 1U) << "it is asked once at a time";
  EXPECT_EQ(asked.at(0).at("record").at("data").at("kind"), "plan");
  EXPECT_EQ(facts("session.plan_mode.changed").size(), 1U) << "and stays on meanwhile";
  const std::string approval{asked.at(0).at("record").at("data").at("approval").as_string()};
  const auto decision = "/api/v1/approvals/" + approval + "/decision";
  rows_.are_late = true;
  const auto told = got(200, "POST", decision, {.body = R"({"decision": "approve"})"});
  EXPECT_EQ(told.at("session").as_string(), session);
  EXPECT_FALSE(told.contains("run"));
  EXPECT_EQ(facts("session.plan_mode.changed").size(), 2U);
  EXPECT_EQ(refused("POST", decision, {.body = R"({"decision": "reject"})"}),
            "approval_already_decided");
  EXPECT_EQ(refused("POST",
                    "/api/v1/approvals/00000000-0000-4000-8000-000000000000/decision",
                    {.body = R"({"decision": "reject"})"}),
            "approval_not_found");
}

TEST_F(other_routes, list_rows_by_page_and_filter) {
  rows_.page = {{json::object{{"run", "r"}}}, "the-next", 9, 17};
  const auto page = got(200,
                        "GET",
                        "/api/v1/runs",
                        {.query = {{"limit", "3"}, {"after", "here"}, {"state", "failed"}}});
  EXPECT_EQ(page,
            (json::object{{"items", json::array{json::object{{"run", "r"}}}},
                          {"next", "the-next"},
                          {"total", 9},
                          {"position", 17}}));
  EXPECT_EQ(rows_.asked.back().limit, 3U);
  EXPECT_EQ(rows_.asked.back().after, "here");
  EXPECT_EQ(rows_.asked.back().filters, (std::map<std::string, std::string>{{"state", "failed"}}));
  rows_.page.next.clear();
  EXPECT_TRUE(got(200, "GET", "/api/v1/budget/ledger").at("next").is_null());
  EXPECT_EQ(rows_.asked.back().limit, 50U);
  EXPECT_EQ(refused("GET", "/api/v1/runs", {.query = {{"limit", "0"}}}), "argument_invalid");
  EXPECT_EQ(refused("GET", "/api/v1/runs", {.query = {{"colour", "red"}}}), "unknown_field");
  rows_.found["budget_scopes/run:x"] = {{"cap", "1.00"}};
  EXPECT_EQ(got(200, "GET", "/api/v1/budget/scopes/run:x").at("cap"), "1.00");
  EXPECT_EQ(refused("GET", "/api/v1/budget/scopes/run:y"), "budget_scope_not_found");
  EXPECT_EQ(got(200, "GET", "/api/v1/stats").at("by"), "model");
  EXPECT_EQ(refused("GET", "/api/v1/stats", {.query = {{"by", "moon"}}}), "argument_invalid");
}

/// Over real read models.
TEST_F(other_routes, refuse_what_a_list_or_a_feed_is_not_asked_with_and_name_the_field) {
  const auto session = made_session();
  const auto models = projections::read_models::open(runtime_->log(), {home_ / "data", ""});
  ASSERT_TRUE(models) << to_string(models.error());
  ASSERT_TRUE(models.value()->wait_for(runtime_->log().head(), std::chrono::seconds{60}));
  routes_ = api::make_router({*runtime_, *feeds_, read_side_of(*models.value())});
  const auto fault = [&](const std::string& path, const std::string& name, const char* value) {
    const auto answer = got(422, "GET", "/api/v1/" + path, {.query = {{name, value}}});
    EXPECT_EQ(answer.at("field").as_string(), name);
    return std::string{answer.at("code").as_string()};
  };
  for (const auto* path : {"runs", "stats", "feeds", "feeds/all", "feeds/all/events", "log"})
    EXPECT_EQ(fault(path, "foo", "1"), "unknown_field") << path;
  EXPECT_EQ(fault("runs", "order", "foo"), "argument_invalid");
  EXPECT_EQ(fault("runs", "limit", "0"), "argument_invalid");
  EXPECT_EQ(fault("runs", "state", "bogus"), "argument_invalid");
  EXPECT_EQ(fault("approvals", "kind", "artifact,bogus"), "argument_invalid");
  EXPECT_EQ(fault("stats", "by", "foo"), "argument_invalid");
  EXPECT_EQ(fault("feeds/all/events", "types", "UPPER CASE"), "argument_invalid");
  EXPECT_EQ(fault("sessions/" + session + "/messages", "session", "x"), "unknown_field");
  got(200, "GET", "/api/v1/runs", {.query = {{"state", "completed,failed"}, {"order", "asc"}}});
  got(200, "GET", "/api/v1/runs", {.query = {{"workflow", "bogus"}}});
}

TEST_F(other_routes, name_only_feeds_that_there_are) {
  std::string kinds;
  for (const auto& each : got(200, "GET", "/api/v1/feeds").at("items").as_array())
    if (each.at("feed") == "category/KIND")
      kinds = each.at("what").as_string();
  const std::string_view before{"the streams of one kind: "};
  ASSERT_TRUE(kinds.starts_with(before)) << kinds;
  std::size_t count = 0;
  for (auto at = before.size(); at < kinds.size(); ++count) {
    const auto end = std::min(kinds.find_first_of(", ", at), kinds.size());
    const auto kind = kinds.substr(at, end - at);
    if (kind != "or") {
      EXPECT_EQ(got(200, "GET", "/api/v1/feeds/category/" + kind).at("kind"), "category") << kind;
    }
    at = std::min(kinds.find_first_not_of(", ", end), kinds.size());
  }
  EXPECT_EQ(count, 7U) << "six, and an 'or'";
}

TEST_F(other_routes, show_definitions_by_name_and_never_by_path) {
  const auto workflow = got(200, "GET", "/api/v1/workflows/gated");
  EXPECT_EQ(workflow.at("id"), "gated@1");
  EXPECT_EQ(workflow.at("phases").as_array().size(), 1U);
  EXPECT_EQ(ask("GET", "/api/v1/workflows/gone").status, 404);
  EXPECT_EQ(refused("GET", "/api/v1/workflows/x.yaml"), "argument_invalid");
  EXPECT_EQ(got(200, "GET", "/api/v1/personas/writer@1").at("model"), "scripted:none");
  EXPECT_EQ(refused("GET", "/api/v1/personas/gone"), "persona_not_found");
  EXPECT_GT(got(200, "GET", "/api/v1/personas").at("items").as_array().size(), 1U);
}

TEST_F(other_routes, show_feeds_the_log_and_what_was) {
  const auto run = start(run_kind::gated);
  wait_for_approval(run);
  const auto feed = got(200, "GET", "/api/v1/feeds/run/" + run);
  EXPECT_EQ(feed.at("kind"), "root");
  EXPECT_EQ(feed.at("first"), 1);
  EXPECT_FALSE(feed.at("closed").as_bool());
  const auto after = std::string{feed.at("cursor").as_string()};
  const auto none =
      got(200, "GET", "/api/v1/feeds/run/" + run + "/events", {.query = {{"after", after}}});
  EXPECT_TRUE(none.at("items").as_array().empty());
  EXPECT_TRUE(none.at("caught_up").as_bool());
  EXPECT_EQ(refused("GET", "/api/v1/feeds/nonsense"), "feed_not_found");
  EXPECT_EQ(refused("GET", "/api/v1/feeds/all/events", {.query = {{"after", "zzz"}}}),
            "cursor_invalid");
  EXPECT_EQ(refused("GET", "/api/v1/feeds/all/events", {.query = {{"after", "999999"}}}),
            "cursor_invalid");
  const auto head = got(200, "GET", "/api/v1/log").at("head").to_number<std::uint64_t>();
  EXPECT_EQ(head, runtime_->log().head());
  const auto early = got(200, "GET", "/api/v1/replay/run/" + run, {.query = {{"at", "1"}}});
  EXPECT_EQ(early.at("version"), 1);
  const auto now = got(200, "GET", "/api/v1/replay/run/" + run);
  EXPECT_GT(now.at("version").to_number<std::uint64_t>(), 1U);
  EXPECT_EQ(got(200, "GET", "/api/v1/replay/" + run.substr(0, 8)), now);
  EXPECT_EQ(got(200, "GET", "/api/v1/replay/run/" + run.substr(0, 8)), now);
  EXPECT_EQ(refused("GET", "/api/v1/replay/run/x"), "id_prefix_too_short");
  EXPECT_EQ(refused("GET", "/api/v1/replay/run/ffffffff"), "run_not_found");
  EXPECT_EQ(refused("GET", "/api/v1/replay/moon/x"), "feed_not_found");
  EXPECT_EQ(refused("GET", "/api/v1/blobs/xyz"), "argument_invalid");
  EXPECT_EQ(refused("GET", "/api/v1/blobs/" + std::string(64, '0')), "blob_not_found");
}

TEST_F(other_routes, back_up_the_log_beside_its_writer) {
  const auto run = start(run_kind::gated);
  wait_for_approval(run);
  const auto to = [&](const std::string& directory, const std::string& key) {
    return asking{.body = to_json_text(json::object{{"directory", directory}}),
                  .headers = {{"idempotency-key", key}},
                  .query = {}};
  };
  const auto copy = home_ / "copies/monday";
  const auto made = got(201, "POST", "/api/v1/log/backup", to(copy, "b1"));
  EXPECT_EQ(made.at("directory").as_string(), copy);
  EXPECT_EQ(got(201, "POST", "/api/v1/log/backup", to(copy, "b1")), made) << "answered as before";
  EXPECT_EQ(refused("POST", "/api/v1/log/backup", to(home_ / "other", "b1")),
            "idempotency_conflict");
  EXPECT_EQ(refused("POST", "/api/v1/log/backup", to(copy, "b2")), "argument_invalid") << "exists";
  EXPECT_EQ(refused("POST", "/api/v1/log/backup", to("copies/monday", "b3")), "argument_invalid");
  EXPECT_EQ(refused("POST", "/api/v1/log/backup"), "argument_invalid");
  const auto restored = log::restore_backup(copy, home_ / "restored");
  ASSERT_TRUE(restored) << to_string(restored.error());
  EXPECT_EQ(restored.value().verified.head, made.at("head").to_number<std::uint64_t>());
  EXPECT_EQ(to_string(restored.value().backup.incarnation), made.at("incarnation").as_string());
}

TEST_F(other_routes, list_no_rows_that_are_older_than_was_asked) {
  start(run_kind::gated);
  const auto head = std::to_string(runtime_->log().head());
  const auto from = [](const std::string& position) {
    return asking{.body = {}, .headers = {}, .query = {{"min_position", position}}};
  };
  got(200, "GET", "/api/v1/runs", from("1"));
  EXPECT_FALSE(rows_.asked.back().filters.contains("min_position"));
  EXPECT_EQ(refused("GET", "/api/v1/runs", from(head + "000")), "argument_invalid");
  rows_.are_late = true;
  const auto late = ask("GET", "/api/v1/runs", from(head));
  EXPECT_EQ(late.status, 503);
  EXPECT_NE(late.body.find("\"class\":\"retryable\""), std::string::npos) << late.body;
  EXPECT_TRUE(std::any_of(late.headers.begin(), late.headers.end(), [](const auto& each) {
    return each.first == "Retry-After";
  }));
  got(200, "GET", "/api/v1/runs");
}

TEST_F(other_routes, compare_the_read_models_with_the_log) {
  const std::string path = "/api/v1/projections/verification";
  EXPECT_EQ(got(200, "GET", path).at("state"), "none");
  std::promise<json::object> found;
  int begun = 0;
  rows_.verify = [&](const std::stop_token&) -> result<json::object> {
    ++begun;
    return found.get_future().get();
  };
  EXPECT_EQ(got(202, "POST", path).at("state"), "running");
  EXPECT_EQ(got(202, "POST", path).at("state"), "running");
  while (got(200, "GET", path).at("total") != 2)
    std::this_thread::yield();
  found.set_value({{"clean", true}});
  auto now = got(200, "GET", path);
  for (; now.at("state") == "running"; now = got(200, "GET", path))
    std::this_thread::yield();
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(now.at("state"), "done");
  EXPECT_EQ(now.at("result").at("clean"), true);
  rows_.verify = [](const std::stop_token& stop) -> result<json::object> {
    while (!stop.stop_requested())
      std::this_thread::yield();
    return refuse(errc::cancelled, "called off");
  };
  got(202, "POST", path);
  close(); // does not wait for its end
  open();
  rows_.verify = [](const std::stop_token&) -> result<json::object> {
    return refuse(errc::store_unavailable, "away");
  };
  got(202, "POST", path);
  while ((now = got(200, "GET", path)).at("state") == "running")
    std::this_thread::yield();
  EXPECT_EQ(now.at("state"), "failed");
  EXPECT_EQ(now.at("error").at("code"), "store_unavailable");
}

TEST_F(other_routes, rebuild_the_read_models) {
  EXPECT_EQ(got(200, "GET", "/api/v1/projections").at("state"), "following");
  got(202, "POST", "/api/v1/projections/rebuild");
  EXPECT_EQ(rows_.rebuilds, 1);
  EXPECT_EQ(refused("POST", "/api/v1/projections/rebuild", {.body = R"({"hard": true})"}),
            "unknown_field");
}

} // namespace
} // namespace ash::gateway::test
