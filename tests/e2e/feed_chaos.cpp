#include "tests/e2e/feed_chaos.hpp"

#include "events/base/json.hpp"
#include "tests/e2e/live_runs.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_to.hpp>
#include <random>
#include <set>
#include <thread>

namespace ash::e2e {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

/// One client's frames, held against the facts of its feed.
class comparison {
public:
  comparison(const feed_facts& facts, chaos_report& into) : facts_{facts}, report_{into} {}

  void event(std::uint64_t prev, std::uint64_t position) {
    follow(prev);
    if (!seen_.insert(position).second)
      ++report_.duplicates;
    else if (position < last_)
      ++report_.reorders;
    if (!facts_.contains(position))
      ++report_.strangers;
    last_ = position;
    ++report_.events;
  }
  /// Stands for the pruned facts after `prev`.
  void gap(std::uint64_t prev, std::uint64_t position) {
    follow(prev);
    for (auto at = facts_.upper_bound(prev); at != facts_.end() && at->first <= position; ++at)
      if (at->second)
        seen_.insert(at->first);
    last_ = position;
    ++report_.snapshots;
  }
  /// Stands for everything up to where the client is, and is no link of the chain.
  void whole(std::uint64_t position) {
    report_.reorders += position < last_ ? 1 : 0;
    ++report_.snapshots;
  }
  void end() {
    for (const auto& [position, pruned] : facts_)
      report_.gaps += seen_.contains(position) ? 0 : 1;
  }

private:
  void follow(std::uint64_t prev) { report_.wrong_prev += prev != last_ ? 1 : 0; }

  const feed_facts& facts_;
  chaos_report& report_;
  std::set<std::uint64_t> seen_;
  std::uint64_t last_ = 0;
};

class chaos {
public:
  explicit chaos(const chaos_options& how)
      : how_{how}, bits_{how.seed}, under_{{.directory = how.directory,
                                            .runs = how.runs,
                                            .answers = how.answers}} {}

  chaos_report run() {
    if (!start_server())
      return failed("the server did not start");
    if (!under_.start_runs())
      return failed("a run did not start");
    background_process clients{{.command = client_command(),
                                .environment = {},
                                .directory = {},
                                .limit = seconds{how_.limit_s}},
                               file("clients.out")};
    while (!have_completed()) {
      if (is_late() || !clients.running())
        return failed("the runs did not come to an end");
      if (!under_.is_serving() || !kill_sometimes())
        return failed("the server is gone");
      std::this_thread::sleep_for(milliseconds{50});
    }
    write_text(file("end.part"), std::to_string(under_.end_of_log(until_)));
    fs::rename(file("end.part"), file("end"));
    while (clients.running() && !is_late())
      std::this_thread::sleep_for(milliseconds{50});
    if (clients.running() || !fs::exists(file("seen")))
      return failed("the clients did not come to an end");
    under_.kill_server();
    compare();
    return report_;
  }

private:
  [[nodiscard]] std::string file(const std::string& name) const {
    return how_.directory + "/" + name;
  }
  [[nodiscard]] bool is_late() const { return steady_clock::now() > until_; }

  chaos_report failed(const std::string& why) {
    report_.fault = why + '\n' + read_text(file("clients.out")) + under_.output();
    return report_;
  }

  bool start_server() {
    const auto serves = under_.start_server();
    next_kill_ = steady_clock::now() + milliseconds{500 + bits_() % 1'500};
    return serves;
  }

  /// False where the server did not come back.
  bool kill_sometimes() {
    if (report_.kills >= how_.kills || steady_clock::now() < next_kill_)
      return true;
    ++report_.kills;
    return start_server();
  }

  bool have_completed() {
    report_.runs = under_.completed();
    return report_.runs == how_.runs;
  }

  [[nodiscard]] std::vector<std::string> client_command() const {
    std::vector<std::string> out{newest_node(),
                                 E2E_FOLDER "/feed_clients.mjs",
                                 "http://127.0.0.1:" + std::to_string(under_.port()),
                                 under_.token(),
                                 std::to_string(how_.clients),
                                 std::to_string(how_.seed),
                                 file("end"),
                                 file("seen"),
                                 "all"};
    out.insert(out.end(), under_.feeds().begin(), under_.feeds().end());
    return out;
  }

  void compare() {
    const auto feeds = feeds_of_log(under_.data());
    report_.facts = feeds.at("all").size();
    for (const auto& line : lines_of(read_text(file("seen"))))
      compare(parse_json(line, "what a client saw").value().as_object(), feeds);
  }

  void compare(const json::object& client, const std::map<std::string, feed_facts>& feeds) {
    comparison with{feeds.at(json::value_to<std::string>(client.at("feed"))), report_};
    for (const auto& each : client.at("frames").as_array()) {
      const auto& frame = each.as_array();
      const auto position = frame.at(1).to_number<std::uint64_t>();
      report_.turns += frame.at(0).as_string() == "turn" ? 1 : 0;
      if (frame.at(2).is_null())
        with.whole(position);
      else if (frame.at(0).as_string() == "event")
        with.event(frame.at(2).to_number<std::uint64_t>(), position);
      else
        with.gap(frame.at(2).to_number<std::uint64_t>(), position);
    }
    with.end();
    ++report_.clients;
    report_.cuts += client.at("cuts").to_number<std::uint64_t>();
    report_.losses += client.at("losses").to_number<std::uint64_t>();
  }

  const chaos_options how_;
  std::mt19937_64 bits_;
  const steady_clock::time_point until_ = steady_clock::now() + seconds{how_.limit_s};
  steady_clock::time_point next_kill_;
  live_runs under_;
  chaos_report report_;
};

} // namespace

chaos_report run_chaos(const chaos_options& how) {
  return chaos{how}.run();
}

} // namespace ash::e2e
