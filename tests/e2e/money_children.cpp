// The process that the money test kills: 256 children spend from one root, each with a message
// after the other, over the real runtime. Started again it goes on where the log says it was.
#include "tests/e2e/money_children.hpp"

#include "actors/definitions/pricing.hpp"
#include "actors/performers/agent_terms.hpp"
#include "actors/shells/runtime.hpp"
#include "events/codec/codec.hpp"

#include <chrono>
#include <cstdio>
#include <map>
#include <thread>

namespace ash::e2e {
namespace {

struct child_state {
  int posted = 0;
  bool busy = false;
  bool blocked = false; ///< by a budget
};

/// Follows the log and gives each child its next message when it is free.
class children {
public:
  explicit children(runtime& work) : work_{work} {
    for (int i = 0; i < money_children; ++i)
      numbers_[stream_of(money_child(i))] = i;
    all_.resize(money_children);
  }

  result<void> spend() {
    TRY(read_on());
    TRY(const auto library, work_.definitions());
    for (int i = 0; i < money_children; ++i) {
      TRY(create(i, *library));
    }
    for (int i = 0; i < money_children; ++i) { // who was cut off goes on
      const auto child = stream_of(money_child(i));
      work_.actors().wake(child, child);
    }
    while (true) {
      TRY(read_on());
      auto rest = 0;
      for (int i = 0; i < money_children; ++i) {
        auto& one = all_[static_cast<std::size_t>(i)];
        if (one.busy || one.blocked || one.posted == money_rounds) {
          rest += one.busy ? 0 : 1;
        } else {
          TRY(post(i, one));
        }
      }
      if (rest == money_children)
        return success();
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
  }

private:
  /// As a parent would: with its own scope, then those of whoever is above it.
  result<void> create(int child, const definitions::library& library) {
    TRY(const auto who, library.find_persona("spender"));
    const auto id = money_child(child);
    session::create command;
    command.what.session = id;
    command.what.agent = performers::agent_terms_of(who, definitions::price_table::shipped());
    command.what.scopes = money_scopes(child);
    return work_.actors().tell_and_wait(
        stream_of(id),
        stream_of(id),
        {"create:" + to_string(id), to_string(id), {}, system_now(), std::move(command)});
  }

  result<void> post(int child, child_state& one) {
    const auto round = one.posted;
    const auto id = money_child(child);
    const auto text = "kind-" + std::to_string(money_kind_of(child, round)) + " of round " +
                      std::to_string(round);
    one.busy = true;
    one.posted = round + 1;
    return work_.post_message(
        id, {derive(id.value, "message:" + std::to_string(round))}, text, {"a test"});
  }

  result<void> read_on() {
    while (true) {
      TRY(const auto records, work_.log().read(seen_));
      if (records.empty())
        return success();
      for (const auto& record : records) {
        seen_ = record.position;
        const auto known = numbers_.find(record.stream);
        if (known != numbers_.end())
          take(all_[static_cast<std::size_t>(known->second)], record.type);
      }
      std::printf("at %lu\n", static_cast<unsigned long>(seen_));
      std::fflush(stdout);
    }
  }

  void take(child_state& one, const std::string& type) {
    if (type == turn::started::type) {
      started_[&one] += 1;
      one.posted = started_[&one];
      one.busy = true;
    } else if (type == turn::completed::type || type == turn::failed::type ||
               type == turn::interrupted::type) {
      one.busy = false;
    } else if (type == turn::suspended::type) {
      one.busy = false;
      one.blocked = true;
    }
  }

  runtime& work_;
  std::map<stream_id, int> numbers_;
  std::vector<child_state> all_;
  std::map<child_state*, int> started_;
  std::uint64_t seen_ = 0;
};

result<void> spend(const std::string& data, const std::string& definitions) {
  runtime_options options;
  options.data_dir = data;
  options.definition_dirs = {definitions};
  options.config.budget.daily_cap = money_day_cap;
  options.started_by = "a test";
  options.crashed = after_crash::resume;
  options.environment = [](std::string_view) { return std::optional<std::string>{}; };
  TRY(const auto work, runtime::open(std::move(options)));
  TRY(children{*work}.spend());
  work->stop(std::chrono::seconds{10});
  return success();
}

} // namespace
} // namespace ash::e2e

int main(int count, char** words) {
  if (count != 3)
    return 2;
  const auto spent = ash::e2e::spend(words[1], words[2]);
  if (!spent)
    std::printf("%s\n", to_string(spent.error()).c_str());
  else
    std::printf("done\n");
  return spent ? 0 : 1;
}
