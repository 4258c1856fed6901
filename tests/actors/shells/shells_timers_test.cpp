#include "tests/actors/entity/toy.hpp"
#include "tests/actors/shells/fixture.hpp"

#include "actors/shells/entity_forms.hpp"

namespace ash {
namespace {

using namespace shells_testing;

/// What an alarm is asked for and how it goes off: reserve sets one for its amount as the instant,
/// a settle is the alarm, a release with `send` asks another alarm, a cap is what a refusal leaves.
struct alarm {
  static constexpr entity_kind kind = entity_kind::budget;
  using state = toy::state;
  using command = budget::command;
  using fact = budget::fact;

  static decision<fact> decide(const state& s, const command& what, instant now) {
    if (std::holds_alternative<budget::release>(what))
      return refuse(errc::invalid_transition, "an alarm is never released");
    return toy::aggregate::decide(s, what, now);
  }
  static state evolve(state s, const fact& happened) {
    return toy::aggregate::evolve(std::move(s), happened);
  }
  static effect_request request(const call_id& call, usd at) {
    if (at == usd{13}) // a letter that is refused, to the alarm `other`
      return {"letter:" + to_string(call),
              effect::send{
                  stream_of_budget("other"), budget::release{call}, budget::settle{call, usd{}}}};
    return {"alarm:" + to_string(call), effect::tell_self{{at.pico}, budget::settle{call, usd{}}}};
  }
  static effects react(const state&, const fact& happened) {
    if (const auto* f = std::get_if<budget::reserved>(&happened))
      return {request(f->call, f->amount)};
    return {};
  }
  static effects pending(const state& s) {
    effects all;
    for (const auto& call : s.owed)
      all.push_back(request(call, s.reserved));
    return all;
  }
  static bool is_final(const state&) { return false; }
};

class alarm_forms final : public shell::entity_forms {
public:
  [[nodiscard]] result<std::unique_ptr<any_entity>> make(entity_setup setup) const override {
    return std::make_unique<entity<alarm>>(std::move(setup));
  }
  [[nodiscard]] shell::stored_fact encode(const any_fact& fact) const override {
    return shell::stored_forms().encode(fact);
  }
  [[nodiscard]] result<any_fact> decode(const log::record& from) const override {
    return shell::stored_forms().decode(from);
  }
  [[nodiscard]] std::optional<std::string> pack(const any_entity&) const override {
    return std::nullopt;
  }
  result<void> unpack(any_entity&, const log::snapshot&) const override {
    return refuse(errc::schema_unsupported, "none here");
  }
};

struct shells_timers : shells_fixture {
  alarm_forms forms;
  std::atomic<std::int64_t> clock{100};
  const call_id first = call(1);

  shells_timers() {
    options.forms = &forms;
    options.now = [this] { return instant{clock.load()}; };
  }
  command_envelope set_alarm(std::int64_t at) const {
    return {"set", "root", "cause", instant{100}, budget::reserve{first, scope, usd{at}, {}}};
  }
  std::uint64_t version() { return log.find_stream(scope).value()->version; }
};

TEST_F(shells_timers, go_off_when_they_are_due_and_not_before) {
  start();
  ASSERT_TRUE(tell(set_alarm(500)).has_value());
  ASSERT_TRUE(eventually([&] { return system->stats().waiting_timers == 2; })); // and the sweep
  EXPECT_EQ(version(), 1u);
  clock = 500;
  EXPECT_TRUE(eventually([&] { return version() == 2; }));
  const auto rung = log.read_stream(scope, 1, {}).value().at(0);
  EXPECT_EQ(rung.idempotency_key, "alarm:" + to_string(first));
  EXPECT_EQ(rung.correlation, scope.text());
}

TEST_F(shells_timers, survive_a_restart) {
  start();
  ASSERT_TRUE(tell(set_alarm(500)).has_value());
  system.reset();
  clock = 600;
  start();
  system->wake(scope, scope);
  EXPECT_TRUE(eventually([&] { return version() == 2; }));
}

TEST_F(shells_timers, wake_an_entity_that_rests_meanwhile) {
  options.idle_ms = 1;
  options.final_idle_ms = 1;
  start();
  ASSERT_TRUE(tell(set_alarm(500)).has_value());
  ASSERT_TRUE(eventually([&] { return system->stats().passivations == 1; }));
  clock = 500;
  EXPECT_TRUE(eventually([&] { return version() == 2; }));
}

TEST_F(shells_timers, give_the_sender_of_a_refused_letter_what_it_asked_for_in_that_case) {
  start();
  ASSERT_TRUE(tell(set_alarm(13)).has_value());
  ASSERT_TRUE(eventually([&] { return version() == 2; }));
  const auto answer = log.read_stream(scope, 1, {}).value().at(0);
  EXPECT_EQ(answer.type, "budget.settled");
  EXPECT_EQ(answer.idempotency_key, "refused:letter:" + to_string(first));
  EXPECT_EQ(answer.causation, "letter:" + to_string(first));
}

} // namespace
} // namespace ash
