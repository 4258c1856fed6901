#include "cli/remote.hpp"

#include "actors/providers/transport.hpp"
#include "actors/shells/run_plan.hpp"
#include "cli/language.hpp"
#include "cli/members.hpp"
#include "events/base/text.hpp"
#include "events/codec/fact_from_json.hpp"
#include "events/feed/cursor.hpp"
#include "events/log/log_directory.hpp"
#include "gateway/http/endpoint.hpp"
#include "gateway/http/token.hpp"

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

namespace ash::cli {
namespace {

constexpr std::chrono::seconds between_attempts{1};
constexpr int most_attempts = 30;

/// What answers at `url` is another program: its page would tell nobody anything.
error is_another(const std::string& url, int status) {
  constexpr int failed = 500;
  const auto what = "it answered " + std::to_string(status) + ", and not as the API does";
  // A proxy says so of a server that is away.
  if (status >= failed)
    return refuse(errc::entity_unavailable,
                  "the actor-shell server at " + printable(url) + " can't be reached: " + what);
  return refuse(errc::argument_invalid,
                "there is no actor-shell server at " + printable(url) + ": " + what +
                    "; give the URL that `actor-shell serve` told when it began");
}

/// A problem as the error that the server at `url` had.
error error_of(const http_answer& answer, const std::string& url) {
  const auto parsed = parse_json(answer.body, "the server's answer");
  if (!parsed || !parsed.value().is_object())
    return is_another(url, answer.status);
  const auto& problem = parsed.value().get_object();
  const auto code = text_in(problem, "code");
  if (code.empty())
    return is_another(url, answer.status);
  const auto known = errc_from(code);
  if (!known.known) // of a newer server
    return refuse(errc::internal_error,
                  "the server answered " + std::to_string(answer.status) + ": " + printable(code) +
                      ": " + printable(text_in(problem, "detail")));
  auto why = refuse(known.code, text_in(problem, "detail"));
  for (const auto& [name, value] : problem)
    if (name != "type" && name != "title" && name != "status" && name != "detail" &&
        name != "code" && name != "class" && value.is_string())
      why.details.emplace_back(std::string{name}, std::string{value.get_string()});
  return why;
}

bool is_good(const http_answer& answer) {
  constexpr int good = 200;
  constexpr int redirection = 300;
  return answer.status >= good && answer.status < redirection;
}

result<json::object> object_of(const http_answer& answer, const std::string& url) {
  if (!is_good(answer))
    return error_of(answer, url);
  auto parsed = parse_json(answer.body, "the server's answer");
  if (!parsed || !parsed.value().is_object())
    return is_another(url, answer.status);
  return std::move(parsed.value().get_object());
}

bool is_alive(std::int64_t pid) {
  return pid > 0 && (::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM);
}

result<std::string> token_in(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
    text.pop_back();
  constexpr std::size_t longest = 4'096;
  if (!in || text.empty() || text.size() > longest)
    return refuse(errc::secret_missing,
                  "the server's token can't be read from '" + printable(file) +
                      "': name its file with --token-file");
  return text;
}

/// The URL of the server that holds the data directory. A file that a killed one left counts for
/// nothing.
result<std::optional<std::string>> url_of_holder(const std::string& data_dir) {
  TRY(const auto found, gateway::read_endpoint(data_dir));
  if (!found || !is_alive(found->pid) || !log::is_locked(data_layout{data_dir}.log()))
    return std::nullopt;
  return found->url;
}

std::string feed_path(const std::string& feed) {
  return "/api/v1/feeds/" + segments_encoded(feed) + "/events";
}

bool may_pass(const error& why) {
  return why.code == errc::entity_unavailable || why.code == errc::timed_out ||
         why.code == errc::shutting_down;
}

/// A position as people have it, as the cursor that a feed begins at.
result<std::string> cursor_at(const remote& at, std::uint64_t position) {
  TRY(const auto log, at.get("/log"));
  TRY(const auto life, parse_uuid(text_in(log, "incarnation")));
  return feed::to_text({{life}, 0, position, 0, 0});
}

/// The options of a command that decide who works here, and how: those that the user gave.
std::string own_options(const settings& with) {
  std::string out = with.definition_dirs.empty() ? "" : "--definitions";
  if (with.names_config)
    out += out.empty() ? "--config" : ", --config";
  return out;
}

} // namespace

result<std::optional<remote>> remote::find(const settings& with) {
  server_address at;
  at.url = with.server;
  at.ca_file = with.server_ca;
  if (at.url.empty()) {
    TRY(auto held, url_of_holder(with.data_dir));
    if (!held)
      return std::nullopt;
    at.url = std::move(*held);
  } else if (!at.url.starts_with("http://") && !at.url.starts_with("https://")) {
    return refuse(errc::argument_invalid, "--server takes a URL such as http://127.0.0.1:7777");
  } else if (at.url.starts_with("http://") && !provider::is_loopback_url(at.url)) {
    return refuse(errc::argument_invalid,
                  "--server " + printable(at.url) +
                      " would show the token to the network: give an https:// URL, or a tunnel's "
                      "end on this machine");
  }
  while (at.url.ends_with('/'))
    at.url.pop_back();
  TRY(at.token,
      token_in(with.token_file.empty() ? gateway::token_file(with.data_dir) : with.token_file));
  return remote{std::move(at)};
}

result<std::optional<remote>> remote::find_worker(const settings& with) {
  TRY(auto found, find(with));
  const auto unused = own_options(with);
  static std::once_flag told; // one command may send the server more than one piece of work
  if (found && !unused.empty())
    std::call_once(told, [&] {
      const auto line = tr("actor-shell: the server at {} goes by its own definitions and "
                           "configuration, not by yours ({}): give those to `serve`",
                           printable(found->url()),
                           unused);
      std::fprintf(stderr, "%s\n", line.c_str());
    });
  return found;
}

result<json::object> remote::get(const std::string& path) const {
  http_question what;
  what.path = "/api/v1" + path;
  TRY(const auto answer, ask(at_, what));
  return object_of(answer, at_.url);
}

result<std::string> remote::get_bytes(const std::string& path) const {
  http_question what;
  what.path = "/api/v1" + path;
  TRY(auto answer, ask(at_, what));
  if (!is_good(answer))
    return error_of(answer, at_.url);
  return std::move(answer.body);
}

result<json::object> remote::post(const std::string& path, const json::object& body) const {
  http_question what;
  what.method = "POST";
  what.path = "/api/v1" + path;
  what.body = to_json_text(body);
  what.headers = {"Idempotency-Key: " + to_string(random_uuid())};
  auto answer = ask(at_, what);
  if (!answer && may_pass(answer.error())) {
    std::this_thread::sleep_for(between_attempts);
    answer = ask(at_, what);
  }
  TRY(const auto given, std::move(answer));
  return object_of(given, at_.url);
}

result<void> remote::follow(const std::string& feed,
                            std::uint64_t after,
                            const on_frame& frame,
                            const std::stop_token& stop) const {
  auto where = std::string{"0"};
  if (after > 0) {
    TRY(where, cursor_at(*this, after));
  }
  auto done = false;
  std::optional<error> wrong;
  const auto on_event = [&](const server_event& event) {
    const auto parsed = parse_json(event.data, "the server's event");
    if (!parsed || !parsed.value().is_object())
      return after_event::go_on;
    const auto& what = parsed.value().get_object();
    const auto type = text_in(what, "type");
    if (auto cursor = text_in(what, "cursor"); !cursor.empty())
      where = std::move(cursor);
    if (type == "resync_required")
      wrong = refuse(errc::cursor_invalid, "the server's log was restored or made anew meanwhile");
    const auto stopping = type == "closed" && text_in(what, "code") != "feed.closed";
    done = wrong || (!stopping && frame(what) == after_event::enough) ||
           (type == "closed" && !stopping);
    return done || stopping ? after_event::enough : after_event::go_on;
  };
  for (auto attempt = 0; !done && !stop.stop_requested(); ++attempt) {
    const auto before = where;
    http_question what;
    what.path = feed_path(feed) + "?after=" + url_encoded(where);
    what.headers = {"Accept: text/event-stream"};
    const auto answer = cli::follow(at_, what, on_event, stop);
    std::optional<error> refused;
    if (!answer)
      refused = answer.error();
    else if (answer.value().status != 200)
      refused = error_of(answer.value(), at_.url);
    if (refused && (!may_pass(*refused) || attempt >= most_attempts))
      return *refused;
    if (where != before)
      attempt = 0;
    if (!done && !stop.stop_requested())
      std::this_thread::sleep_for(between_attempts);
  }
  if (wrong)
    return *wrong;
  return success();
}

std::string run_path(std::string_view run) {
  constexpr std::string_view kind = "run/";
  return "/runs/" + url_encoded(run.starts_with(kind) ? run.substr(kind.size()) : run);
}

result<told_record> record_of(const json::object& event) {
  const auto* found = event.if_contains("record");
  if (found == nullptr || !found->is_object())
    return refuse(errc::argument_invalid, "the event has no record");
  const auto& from = found->get_object();
  told_record out;
  auto& record = out.record;
  record.position = number_in<std::uint64_t>(from, "position");
  record.version = number_in<std::uint64_t>(from, "version");
  record.type = text_in(from, "type");
  TRY(record.stream, stream_id::parse(text_in(from, "stream")));
  TRY(record.root, stream_id::parse(text_in(from, "root")));
  TRY(record.at, codec::instant_from_json(from.at("at")));
  const auto* data = from.if_contains("data");
  record.pruned = data == nullptr;
  if (data != nullptr)
    if (auto fact = codec::fact_from_json(record.type, *data))
      out.fact = std::move(fact).value();
  return out;
}

} // namespace ash::cli
