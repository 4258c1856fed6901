#include "tests/e2e/live_runs.hpp"

#include "events/base/json.hpp"
#include "tests/e2e/sockets.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_to.hpp>
#include <thread>

namespace ash::e2e {
namespace {

constexpr std::chrono::seconds start_limit{30};

/// A model that talks `answers` times, looks around after each, then writes the note. Only what it
/// is asked decides, so that it goes on rightly after any crash.
std::string script_of(int answers) {
  std::string out = "turns:\n";
  for (int i = 0; i < answers; ++i) {
    const auto number = std::to_string(i);
    std::string text = "Answer " + number;
    while (text.size() < 300)
      text += ", and one word comes after the other";
    out += "  - match: {assistant_turns: " + number + "}\n    text: '" + text +
           "'\n    chunk: 8\n    chunk_delay_ms: 25\n    tool_calls: [{name: grep, arguments: "
           "{pattern: 'word " +
           number + "', path: .}}]\n    usage: {input: 100, output: 20}\n";
  }
  return out + R"(  - match: {last_tool: write_file}
    tool_calls: [{name: complete, arguments: {summary: Written.}}]
    usage: {input: 100, output: 10}
  - name: write
    tool_calls:
      - name: write_file
        arguments: {path: .actor-shell/out/note.json, content: '{"note": "written"}'}
    usage: {input: 100, output: 10}
)";
}

} // namespace

live_runs::live_runs(live_runs_options how) : how_{std::move(how)} {
  make_repository(file("repository"), {{"README.md", "word by word\n"}});
  for (int i = 0; i < how_.runs; ++i)
    shell("git -C '" + file("repository") + "' branch b" + std::to_string(i));
  write_text(file("model.yaml"), script_of(how_.answers));
}

bool live_runs::start_server() {
  std::vector<std::string> command{ACTOR_SHELL_BINARY,
                                   "--data-dir",
                                   data(),
                                   "--definitions",
                                   E2E_FIXTURES "/definitions",
                                   "serve",
                                   "--listen",
                                   "127.0.0.1:" + std::to_string(port_)};
  command.insert(command.end(), how_.serve_options.begin(), how_.serve_options.end());
  server_.reset();
  server_ = std::make_unique<background_process>(
      process_options{.command = std::move(command),
                      .environment = clean_environment(how_.directory),
                      .directory = how_.directory},
      file("server.out"));
  const auto answers = wait_until(
      start_limit, [&] { return !server_->running() || !http_get(port_, "/healthz").empty(); });
  token_ = read_text(file("data/token")).substr(0, 64);
  return answers && server_->running();
}

bool live_runs::start_run(int number) {
  const json::object wanted{{"workflow", "note@1"},
                            {"repository", file("repository")},
                            {"base_branch", "b" + std::to_string(number)},
                            {"requirements", "A note."},
                            {"model", "scripted:" + file("model.yaml")}};
  const auto read = parse_json(http_post(port_, "/api/v1/runs", token_, to_json_text(wanted)),
                               "the answer to a start");
  if (read)
    feeds_.push_back("run/" + json::value_to<std::string>(read.value().at("run")));
  return read.has_value();
}

bool live_runs::start_runs() {
  for (int i = 0; i < how_.runs; ++i)
    if (!start_run(i))
      return false;
  return true;
}

int live_runs::completed() const {
  const auto limit = std::to_string(how_.runs);
  const auto read = parse_json(
      http_get(port_, "/api/v1/runs?state=completed&limit=" + limit, token_), "the runs");
  return read ? static_cast<int>(read.value().at("items").as_array().size()) : 0;
}

std::uint64_t live_runs::end_of_log(std::chrono::steady_clock::time_point until) const {
  constexpr int quiet = 10;
  std::uint64_t head = 0;
  for (int same = 0; same < quiet && std::chrono::steady_clock::now() < until; ++same) {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    const auto read = parse_json(http_get(port_, "/api/v1/log", token_), "the log");
    const auto now = read ? read.value().at("head").to_number<std::uint64_t>() : 0;
    if (now != head)
      same = 0;
    head = now;
  }
  return head;
}

std::map<std::string, feed_facts> feeds_of_log(const fs::path& data_dir) {
  const left_log left{data_dir};
  std::map<std::string, feed_facts> out;
  for (std::uint64_t after = 0;;) {
    const auto page = left.log().read(after).value();
    if (page.empty())
      return out;
    after = page.back().position;
    for (const auto& each : page) {
      out["all"][each.position] = each.pruned;
      out[each.root.text()][each.position] = each.pruned;
    }
  }
}

} // namespace ash::e2e
