#include "tests/gateway/api/serving.hpp"

#include <thread>

namespace ash::gateway::test {
namespace {

using ash::test::make_repository;
using ash::test::write_text;

constexpr auto a_persona = R"(name: writer
version: 1
title: A writer
capabilities: [write]
model: scripted:none
max_cost_per_call: 0.01
system_prompt: You write.
)";

constexpr auto a_workflow = R"(name: %NAME%
version: 1
title: One step
roles:
  - name: writer
    required_capabilities: [write]
phases:
  - key: draft
    role: writer
    title: Draft
    instructions: Write the draft.
    artifact: {path: out/draft.json, schema: test/note@1}
    approval: %GATE%
)";

constexpr auto a_schema = R"({"type": "object", "required": ["note"],
  "additionalProperties": false, "properties": {"note": {"type": "string"}}})";

constexpr auto a_script = R"(turns:
  - name: talk
    match: {user: Hello}
    text: Good day.
    usage: {input: 10, output: 3}
  - name: write
    match: {has_tool_result: false}
    tool_calls:
      - name: write_file
        arguments: {path: out/draft.json, content: '{"note": "drafted"}'}
    usage: {input: 100, output: 20}
    delay_ms: %DELAY%
  - name: done
    match: {has_tool_result: true}
    tool_calls: [{name: complete, arguments: {summary: All done.}}]
    usage: {input: 50, output: 5}
)";

std::string with(std::string text, std::string_view name, std::string_view value) {
  const auto at = text.find(name);
  return at == std::string::npos ? text : text.replace(at, name.size(), value);
}

} // namespace

read_side fake_rows::side() {
  read_side out;
  out.list = [this](const list_request& what) -> result<row_page> {
    const std::lock_guard lock{mutex};
    asked_what.emplace_back(what.what);
    asked.push_back(what);
    asked.back().what = {};
    if (what.filters.contains("colour"))
      return refuse(errc::unknown_field, "there is no filter 'colour'").with("field", "colour");
    return page;
  };
  out.get = [this](std::string_view what,
                   std::string_view id) -> result<std::optional<json::object>> {
    const std::lock_guard lock{mutex};
    const auto at = found.find(std::string{what} + "/" + std::string{id});
    return at == found.end() ? std::nullopt : std::optional{at->second};
  };
  stats = {{"by", "model"},
           {"rows", json::array{}},
           {"total",
            {{"calls", 0},
             {"failed_calls", 0},
             {"retries", 0},
             {"input_tokens", 0},
             {"output_tokens", 0},
             {"cached_tokens", 0},
             {"estimated_calls", 0},
             {"cost_usd", "0.00"},
             {"latency_ms", 0}}},
           {"position", 0}};
  out.stats = [this](std::string_view by) -> result<json::object> {
    if (by != "model")
      return refuse(errc::argument_invalid, "sums are not made by that");
    return stats;
  };
  now.doing = projections::activity::following;
  out.status = [this] { return projections::to_json(now); };
  out.rebuild = [this] { ++rebuilds; };
  out.verify = [this](const auto& tell, const std::stop_token& stop) {
    tell(1, 2);
    return verify(stop);
  };
  out.wait_for = [this](std::uint64_t, std::chrono::milliseconds) { return !are_late; };
  return out;
}

serving::serving() {
  make_repository(repo_);
  const auto definitions = home_ / "data/definitions";
  write_text(definitions + "/personas/writer@1.yaml", a_persona);
  write_text(definitions + "/artifacts/test/note@1.json", a_schema);
  for (const auto& [name, gate] : {std::pair{"gated", "true"}, std::pair{"plain", "false"}})
    write_text(definitions + "/workflows/" + name + "@1.yaml",
               with(with(a_workflow, "%NAME%", name), "%GATE%", gate));
  write_text(home_ / "quick.yaml", with(a_script, "%DELAY%", "0"));
  write_text(home_ / "slow.yaml", with(a_script, "%DELAY%", "600000"));
  open();
}

void serving::open() {
  runtime_options options;
  options.data_dir = home_ / "data";
  options.started_by = "a test";
  auto opened = runtime::open(std::move(options));
  ASSERT_TRUE(opened) << opened.error().message;
  runtime_ = std::move(opened).value();
  feeds_ = std::make_unique<feed::broadcaster>(runtime_->log());
  routes_ = api::make_router({*runtime_, *feeds_, rows_.side()});
}

void serving::close() {
  routes_.reset();
  feeds_.reset();
  runtime_.reset();
}

response serving::ask(std::string method, std::string path, asking more) {
  request what;
  what.method = std::move(method);
  what.path = std::move(path);
  what.body = std::move(more.body);
  what.headers = std::move(more.headers);
  what.query = std::move(more.query);
  what.client = "127.0.0.1";
  return routes_->answer(what);
}

json::object serving::got(int status, std::string method, std::string path, asking more) {
  const auto answer = ask(method, path, std::move(more));
  EXPECT_EQ(answer.status, status) << method << " " << path << ": " << answer.body;
  auto body = parse_json(answer.body, "the answer");
  if (!body || !body.value().is_object()) {
    ADD_FAILURE() << method << " " << path << " answered no object: " << answer.body;
    return {};
  }
  return body.value().as_object();
}

std::string serving::refused(std::string method, std::string path, asking more) {
  const auto answer = ask(std::move(method), std::move(path), std::move(more));
  if (answer.content_type != "application/problem+json")
    return {};
  const auto body = parse_json(answer.body, "the problem");
  return body ? std::string{body.value().at("code").as_string()} : "unreadable";
}

json::object serving::start_body(run_kind kind) const {
  const auto gated = kind == run_kind::gated;
  return {{"workflow", gated ? "gated" : "plain"},
          {"repository", repo_},
          {"requirements", "A note, please."},
          {"model", "scripted:" + (home_ / (gated ? "quick.yaml" : "slow.yaml"))}};
}

std::string serving::made_session() {
  const auto made =
      got(201,
          "POST",
          "/api/v1/sessions",
          {.body = to_json_text(json::object{{"persona", "writer"},
                                             {"model", "scripted:" + (home_ / "quick.yaml")}})});
  return std::string{made.at("session").as_string()};
}

std::string serving::start(run_kind kind, asking more) {
  more.body = text_of(kind);
  const auto begun = got(201, "POST", "/api/v1/runs", std::move(more));
  return begun.contains("run") ? std::string{begun.at("run").as_string()} : std::string{};
}

void serving::wait_for_fact(const std::string& root, std::string_view type) {
  const auto stream = stream_id::parse(root);
  ASSERT_TRUE(stream);
  for (std::uint64_t after = 0;;) {
    const auto records = runtime_->log().read_root(stream.value(), after);
    ASSERT_TRUE(records);
    for (const auto& one : records.value()) {
      after = one.position;
      if (one.type == type)
        return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

json::object serving::wait_for_approval(const std::string& run) {
  wait_for_fact("run/" + run, "approval.requested");
  const auto shown = got(200, "GET", "/api/v1/runs/" + run);
  return shown.at("approvals").as_array().at(0).as_object();
}

} // namespace ash::gateway::test
