#include "events/log/memory_log.hpp"
#include "projections/queries/queries.hpp"
#include "tests/gateway/api/schema_check.hpp"
#include "tests/gateway/api/serving.hpp"
#include "tests/projections/history.hpp"

#include <gmock/gmock.h>
#include <set>

namespace ash::gateway::test {
namespace {

using ::testing::IsEmpty;

const json::value& document() {
  static const auto parsed = parse_json(openapi_text(), "openapi.json").value();
  return parsed;
}

/// A description, or what it refers to.
const json::object& meant(const json::value& of) {
  const auto* reference = of.as_object().if_contains("$ref");
  return reference == nullptr
             ? of.as_object()
             : resolve(document(), std::string{reference->as_string()})->as_object();
}

struct operation {
  std::string method;
  std::string path;
  const json::object& describes;
  std::vector<const json::object*> parameters;
};

std::vector<operation> operations() {
  std::vector<operation> out;
  for (const auto& [path, item] : document().at("paths").as_object())
    for (const auto& [name, what] : item.as_object()) {
      if (name == "parameters")
        continue;
      operation one{name == "get" ? "GET" : "POST", std::string{path}, what.as_object(), {}};
      for (const auto* from : {&item.as_object(), &what.as_object()})
        if (const auto* all = from->if_contains("parameters"))
          for (const auto& each : all->as_array())
            one.parameters.push_back(&meant(each));
      out.push_back(std::move(one));
    }
  return out;
}

const operation& operation_of(std::string_view method, std::string_view path) {
  static const auto all = operations();
  for (const auto& each : all)
    if (each.method == method && each.path == path)
      return each;
  ADD_FAILURE() << "the document has no " << method << " " << path;
  return all.front();
}

/// Answered by the server itself: openapi_server_test.cpp has them.
bool is_of_server(const std::string& path) {
  static const std::set<std::string> all{
      "/api/v1/ws", "/healthz", "/metrics", "/readyz", "/version"};
  return all.contains(path);
}

void each_reference(const json::value& in, const std::function<void(std::string)>& visit) {
  if (const auto* object = in.if_object())
    for (const auto& [name, value] : *object)
      if (name == "$ref")
        visit(std::string{value.as_string()});
      else
        each_reference(value, visit);
  else if (const auto* array = in.if_array())
    for (const auto& value : *array)
      each_reference(value, visit);
}

class openapi : public serving {
protected:
  /// Asks, and holds the answer against the operation's schema for its status and type.
  json::value told(int status,
                   const std::string& method,
                   const std::string& described,
                   const std::string& path,
                   asking more = {}) {
    const auto answer = ask(method, path, std::move(more));
    EXPECT_EQ(answer.status, status) << method << ' ' << path << ": " << answer.body;
    const auto& responses = operation_of(method, described).describes.at("responses").as_object();
    const auto* found = responses.if_contains(std::to_string(answer.status));
    const auto& content = meant(found == nullptr ? responses.at("default") : *found).at("content");
    auto body = parse_json(answer.body, "the answer");
    if (!body || !content.as_object().contains(answer.content_type)) {
      ADD_FAILURE() << method << ' ' << path << " answered " << answer.content_type;
      return nullptr;
    }
    const auto& schema = content.at(answer.content_type).at("schema");
    EXPECT_THAT(faults_of(body.value(), schema, document()), IsEmpty()) << method << ' ' << path;
    return std::move(body).value();
  }
};

TEST_F(openapi, describes_every_route_and_no_other) {
  std::set<std::string> routes;
  for (auto each : routes_->routes()) {
    if (const auto dots = each.pattern.find("..."); dots != std::string::npos)
      each.pattern.erase(dots, 3);
    routes.insert(each.method + " " + each.pattern);
  }
  std::set<std::string> described;
  std::size_t of_server = 0;
  for (const auto& each : operations())
    if (is_of_server(each.path))
      ++of_server;
    else
      described.insert(each.method + " " + each.path);
  EXPECT_EQ(described, routes);
  EXPECT_EQ(of_server, 5U);
}

TEST_F(openapi, leads_clients_to_where_they_have_it_from) {
  for (const auto& each : document().at("servers").as_array())
    EXPECT_EQ(each.at("url"), "/") << "an address of its own is wrong under every other --listen";
}

TEST_F(openapi, is_whole) {
  EXPECT_EQ(document().at("openapi"), "3.1.0");
  each_reference(document(), [](const std::string& reference) {
    EXPECT_NE(resolve(document(), reference), nullptr) << reference;
  });
  std::set<std::string> ids;
  for (const auto& each : operations()) {
    const std::string id{each.describes.at("operationId").as_string()};
    EXPECT_TRUE(ids.insert(id).second) << id;
    std::set<std::string> in_path;
    for (const auto* parameter : each.parameters)
      if (parameter->at("in") == "path")
        in_path.insert("{" + std::string{parameter->at("name").as_string()} + "}");
    for (const auto& name : in_path)
      EXPECT_NE(each.path.find(name), std::string::npos) << id << name;
    EXPECT_EQ(static_cast<std::size_t>(std::count(each.path.begin(), each.path.end(), '{')),
              in_path.size())
        << id;
  }
  const auto answer = ask("GET", "/openapi.json");
  EXPECT_EQ(answer.body, openapi_text());
}

TEST_F(openapi, describes_what_bodies_and_queries_may_have) {
  const auto run = start(run_kind::endless);
  const auto path_of = [&](std::string path) {
    for (const auto& [name, value] : {std::pair{"{run}", run},
                                      std::pair{"{feed}", "run/" + run},
                                      std::pair{"{stream}", "run/" + run}})
      if (const auto at = path.find(name); at != std::string::npos)
        path.replace(at, std::string_view{name}.size(), value);
    return path;
  };
  for (const auto& each : operations()) {
    const auto path = path_of(each.path);
    if (path.find('{') != std::string::npos || is_of_server(path))
      continue; // needs a thing of its own: its group's tests have it
    const auto name = each.method + " " + path;
    EXPECT_EQ(refused(each.method, path, {.query = {{"zzz", "1"}}}) == "",
              each.parameters.end() !=
                      std::find_if(each.parameters.begin(),
                                   each.parameters.end(),
                                   [](const auto* p) { return p->at("name") == "after"; }) &&
                  each.path.find("events") == std::string::npos)
        << name << ": only a list leaves its filters to the rows";
    if (each.method == "POST") {
      EXPECT_EQ(refused("POST", path, {.body = R"({"zzz": 1})"}), "unknown_field") << name;
      const auto& schema =
          meant(each.describes.at("requestBody").at("content").at("application/json").at("schema"));
      for (const auto& [field, says] : schema.at("properties").as_object()) {
        const auto* type = meant(says).if_contains("type");
        const auto is_list = type != nullptr && *type == "array";
        const json::object wrong{{field, is_list ? json::value("x") : json::value(json::array{})}};
        EXPECT_EQ(refused("POST", path, {.body = to_json_text(wrong)}), "argument_invalid")
            << name << " " << field;
      }
    }
    for (const auto* parameter : each.parameters) {
      const std::string field{parameter->at("name").as_string()};
      if (parameter->at("in") == "query") {
        EXPECT_NE(refused(each.method, path, {.query = {{field, "1"}}}), "unknown_field")
            << name << " " << field;
      }
    }
  }
}

TEST_F(openapi, fits_what_is_answered_of_runs) {
  const asking body{.body = text_of(run_kind::gated)};
  EXPECT_THAT(faults_of(start_body(run_kind::gated),
                        document().at("components").at("schemas").at("StartRun"),
                        document()),
              IsEmpty());
  told(200, "POST", "/api/v1/runs/preview", "/api/v1/runs/preview", body);
  const auto* explanation = "/api/v1/runs/explanation";
  told(200, "POST", explanation, explanation, {.body = R"({"workflow": "gated"})"}); // nobody can
  told(200,
       "POST",
       explanation,
       explanation,
       {.body = R"({"workflow": "gated", "bindings": {"writer": "writer"}})"});
  const auto begun = told(201, "POST", "/api/v1/runs", "/api/v1/runs", body);
  const std::string run{begun.at("run").as_string()};
  const auto approval = std::string{wait_for_approval(run).at("approval").as_string()};
  const auto show = [&] {
    const auto at = "/api/v1/runs/" + run;
    told(200, "GET", "/api/v1/runs/{run}", at);
    told(200, "GET", "/api/v1/runs/{run}/report", at + "/report");
    told(200, "GET", "/api/v1/runs/{run}/events", at + "/events");
    told(200, "GET", "/api/v1/runs/{run}/permissions", at + "/permissions");
    told(200,
         "POST",
         "/api/v1/runs/{run}/permissions/test",
         at + "/permissions/test",
         {.body = R"({"mode": "plan", "rules": [{"verdict": "deny", "tool": "write_file"}]})"});
    told(200, "GET", "/api/v1/feeds/{feed}", "/api/v1/feeds/run/" + run);
    told(200, "GET", "/api/v1/replay/{stream}", "/api/v1/replay/run/" + run);
  };
  show();
  told(200,
       "POST",
       "/api/v1/budget/scopes/{scope}/cap",
       "/api/v1/budget/scopes/run:" + run + "/cap",
       {.body = R"({"cap_usd": "2", "warn_at_usd": "1.5"})"});
  EXPECT_EQ(refused("POST",
                    "/api/v1/budget/scopes/run:" + run + "/cap",
                    {.body = R"({"cap_usd": "2", "warn_at_usd": "3"})"}),
            "argument_invalid");
  EXPECT_EQ(refused("POST", "/api/v1/budget/scopes/run:x/cap", {.body = R"({"cap_usd": "2"})"}),
            "budget_scope_not_found");
  EXPECT_EQ(refused("POST", "/api/v1/budget/scopes/run:x/cap"), "argument_invalid");
  rows_.found["approvals/" + approval] = {{"run", run}};
  told(200,
       "POST",
       "/api/v1/approvals/{approval}/decision",
       "/api/v1/approvals/" + approval + "/decision",
       {.body = R"({"decision": "reject", "comment": "no"})"});
  wait_for_fact("run/" + run, "run.report.composed");
  show();
  told(409, "POST", "/api/v1/runs/{run}/abort", "/api/v1/runs/" + run + "/abort");
  told(404, "GET", "/api/v1/runs/{run}", "/api/v1/runs/00000000-0000-4000-8000-000000000000");
  told(400, "POST", "/api/v1/runs", "/api/v1/runs", {.body = "{"});
}

TEST_F(openapi, fits_what_is_answered_of_the_rest) {
  for (const auto* path : {"/api/v1/personas",
                           "/api/v1/workflows",
                           "/api/v1/feeds",
                           "/api/v1/log",
                           "/api/v1/stats",
                           "/api/v1/projections",
                           "/api/v1/projections/verification",
                           "/api/v1/approvals",
                           "/api/v1/sessions",
                           "/openapi.json"})
    told(200, "GET", path, path);
  const json::object backup{{"directory", home_ / "copy"}};
  told(201,
       "POST",
       "/api/v1/log/backup",
       "/api/v1/log/backup",
       {.body = to_json_text(backup), .headers = {}, .query = {}});
  told(200, "GET", "/api/v1/personas/{persona}", "/api/v1/personas/writer");
  told(200, "GET", "/api/v1/workflows/{workflow}", "/api/v1/workflows/plain@1");
  const auto session =
      told(201,
           "POST",
           "/api/v1/sessions",
           "/api/v1/sessions",
           {.body = to_json_text(json::object{{"persona", "writer"},
                                              {"model", "scripted:" + (home_ / "quick.yaml")}})});
  const auto at = "/api/v1/sessions/" + std::string{session.at("session").as_string()};
  const auto posted = told(201,
                           "POST",
                           "/api/v1/sessions/{session}/messages",
                           at + "/messages",
                           {.body = R"({"text": "Hello"})"});
  told(200,
       "POST",
       "/api/v1/sessions/{session}/turns/{turn}/stop",
       at + "/turns/" + std::string{posted.at("turn").as_string()} + "/stop");
  for (const auto* mode : {R"({"plan_mode": "on"})", R"({"plan_mode": "off"})"})
    told(200, "POST", "/api/v1/sessions/{session}/plan_mode", at + "/plan_mode", {.body = mode});
  told(200, "POST", "/api/v1/sessions/{session}/resume", at + "/resume");
  told(200, "POST", "/api/v1/sessions/{session}/end", at + "/end");
}

/// Path and list.
const std::map<std::string, std::string>& lists() {
  static const std::map<std::string, std::string> all{
      {"/api/v1/runs", "runs"},
      {"/api/v1/phases", "phases"},
      {"/api/v1/artifacts", "artifacts"},
      {"/api/v1/approvals", "approvals"},
      {"/api/v1/tool-calls", "tool_calls"},
      {"/api/v1/model-calls", "model_calls"},
      {"/api/v1/sessions", "sessions"},
      {"/api/v1/sessions/{session}/messages", "messages"},
      {"/api/v1/budget/scopes", "budget_scopes"},
      {"/api/v1/budget/ledger", "budget_ledger"}};
  return all;
}

/// The rows of real read models, as the API serves them.
TEST_F(openapi, describes_exactly_the_fields_of_every_row) {
  const auto log = log::make_memory_log();
  projections::testing::history past{*log};
  past.add_run("r1");
  past.add_waiting_run("r2");
  const auto known = to_string(past.add_session("s1"));
  const auto models = projections::read_models::open(*log, {home_ / "data", ""});
  ASSERT_TRUE(models) << to_string(models.error());
  ASSERT_TRUE(models.value()->wait_for(log->head(), std::chrono::seconds{60}));
  const auto reads = read_side_of(*models.value());
  const auto session = made_session();
  for (const auto& [path, what] : lists()) {
    auto page = reads.list({what, {}, 500, {}});
    ASSERT_TRUE(page) << to_string(page.error());
    EXPECT_FALSE(page.value().rows.empty()) << what;
    rows_.page = std::move(page).value();
    auto at = path;
    if (const auto found = at.find("{session}"); found != std::string::npos)
      at.replace(found, std::string_view{"{session}"}.size(), session);
    told(200, "GET", path, at);
  }
  const auto a_row = [&](std::string_view what, const std::string& id) {
    return reads.get(what, id).value().value();
  };
  rows_.found["sessions/" + session] = a_row("sessions", known);
  told(200, "GET", "/api/v1/sessions/{session}", "/api/v1/sessions/" + session);
  rows_.found["budget_scopes/day:2026-11-21"] = a_row("budget_scopes", "day:2026-11-21");
  told(200, "GET", "/api/v1/budget/scopes/{scope}", "/api/v1/budget/scopes/day:2026-11-21");
  rows_.stats = reads.stats("model").value();
  EXPECT_FALSE(rows_.stats.at("rows").as_array().empty());
  told(200, "GET", "/api/v1/stats", "/api/v1/stats");
}

TEST_F(openapi, names_every_filter_of_the_read_models) {
  for (const auto& [path, what] : lists()) {
    std::set<std::string_view> described;
    for (const auto* parameter : operation_of("GET", path).parameters)
      if (parameter->at("in") == "query")
        described.insert(parameter->at("name").as_string());
    described.erase("limit");
    described.erase("after");
    described.erase("min_position");
    auto known = projections::queries::filters_of(what);
    if (what == "messages")
      std::erase(known, "session"); // the path has it
    EXPECT_THAT(described, ::testing::UnorderedElementsAreArray(known)) << path;
  }
}

TEST_F(openapi, names_every_value_of_a_filter_that_has_only_a_few) {
  for (const auto& [path, what] : lists())
    for (const auto* parameter : operation_of("GET", path).parameters) {
      const std::string name{parameter->at("name").as_string()};
      const auto* items = parameter->at("schema").as_object().if_contains("items");
      std::vector<std::string_view> described;
      if (items != nullptr)
        for (const auto& each : items->at("enum").as_array())
          described.emplace_back(each.as_string());
      EXPECT_THAT(described,
                  ::testing::UnorderedElementsAreArray(projections::queries::values_of(what, name)))
          << path << ' ' << name;
    }
}

TEST(schema_check, finds_what_does_not_fit) {
  const auto faults = [](const char* value, const char* schema) {
    return faults_of(parse_json(value, "v").value(), parse_json(schema, "s").value(), {}).size();
  };
  EXPECT_EQ(faults("1", R"({"type": "integer", "minimum": 1})"), 0U);
  EXPECT_EQ(faults("0", R"({"type": "integer", "minimum": 1})"), 1U);
  EXPECT_EQ(faults("null", R"({"type": ["string", "null"]})"), 0U);
  EXPECT_EQ(faults("1", R"({"type": ["string", "null"]})"), 1U);
  EXPECT_EQ(faults(R"({"a": 1})", R"({"properties": {}, "additionalProperties": false})"), 1U);
  EXPECT_EQ(faults(R"({"a": 1})", R"({"properties": {"a": {"type": "string"}}})"), 1U);
  EXPECT_EQ(faults(R"({"a": 1})", R"({"additionalProperties": {"type": "string"}})"), 1U);
  EXPECT_EQ(faults("{}", R"({"required": ["a"]})"), 1U);
  EXPECT_EQ(faults("[1]", R"({"items": {"type": "string"}})"), 1U);
  EXPECT_EQ(faults("\"x\"", R"({"enum": ["y"]})"), 1U);
  EXPECT_EQ(faults("\"x\"", R"({"pattern": "^y"})"), 1U);
  EXPECT_EQ(faults("\"x\"", R"({"$ref": "#/nowhere"})"), 1U);
  EXPECT_EQ(faults("\"x\"", R"({"oneOf": []})"), 1U);
}

} // namespace
} // namespace ash::gateway::test
