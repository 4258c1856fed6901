#include "gateway/metrics/bounded.hpp"
#include "gateway/metrics/budget_meter.hpp"
#include "tests/gateway/metrics/samples.hpp"

#include <gmock/gmock.h>

namespace ash::gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr usd dollar{1'000'000'000'000};

TEST(metrics, count_model_calls_by_provider_model_and_outcome) {
  fact_writer facts;
  const metrics figures{facts.log(), {}};
  write_everything(facts);
  const auto text = settled_text(figures, facts.log());
  const std::string labels = R"({provider="openai",model="gpt-4o")";
  EXPECT_THAT(text, HasSubstr("calls_total" + labels + R"(,outcome="completed"} 1)"));
  EXPECT_THAT(text, HasSubstr("calls_total" + labels + R"(,outcome="failed"} 1)"));
  EXPECT_THAT(text, HasSubstr("tokens_total" + labels + R"(,kind="cached"} 200)"));
  EXPECT_THAT(text, HasSubstr("estimated_calls_total" + labels + "} 1"));
  EXPECT_THAT(text, HasSubstr("cost_usd_total" + labels + "} 0.0025"));
  EXPECT_THAT(text, HasSubstr("retries_total" + labels + "} 1"));
}

TEST(metrics, show_durations_and_tokens_under_the_names_of_opentelemetry) {
  fact_writer facts;
  const metrics figures{facts.log(), {}};
  write_everything(facts);
  const auto text = settled_text(figures, facts.log());
  const std::string who = R"({gen_ai_operation_name="chat",gen_ai_provider_name="openai",)"
                          R"(gen_ai_request_model="gpt-4o",)";
  const std::string time = "gen_ai_client_operation_duration_seconds_";
  EXPECT_THAT(text, HasSubstr(time + "sum" + who + R"(error_type=""} 1.2)"));
  EXPECT_THAT(text, HasSubstr(time + "bucket" + who + R"(error_type="",le="0.64"} 0)"));
  EXPECT_THAT(text, HasSubstr(time + "bucket" + who + R"(error_type="",le="1.28"} 1)"));
  EXPECT_THAT(text, HasSubstr(time + "count" + who + R"(error_type="provider_unavailable"} 1)"));
  EXPECT_THAT(
      text,
      HasSubstr("gen_ai_client_token_usage_sum" + who + R"(gen_ai_token_type="input"} 1000)"));
  EXPECT_THAT(text,
              HasSubstr(R"(gen_ai_execute_tool_duration_seconds_sum{gen_ai_tool_name=)"
                        R"("read_file",error_type=""} 0.015)"));
}

TEST(metrics, begin_at_the_head_but_know_what_the_day_has_spent) {
  fact_writer facts;
  write_everything(facts);
  const metrics figures{facts.log(), {}};
  const auto text = settled_text(figures, facts.log());
  EXPECT_THAT(text, Not(HasSubstr("actor_shell_model_calls_total{")));
  EXPECT_THAT(text, HasSubstr(R"(actor_shell_budget_reserved_usd{scope_kind="day"} 3)"));
  EXPECT_THAT(text, HasSubstr(R"(actor_shell_budget_used_ratio{scope_kind="day"} 0.3)"));
}

TEST(metrics, say_what_each_part_says_and_leave_out_what_is_not_there) {
  fact_writer facts;
  const metrics all{facts.log(), all_sources()};
  const auto text = all.text();
  EXPECT_THAT(text, HasSubstr(R"(actor_shell_actors_live{kind="run"} 3)"));
  EXPECT_THAT(text, HasSubstr("actor_shell_mailbox_wait_seconds_sum 1.5\n"));
  EXPECT_THAT(text, HasSubstr("actor_shell_mailbox_wait_seconds_count 4\n"));
  EXPECT_THAT(text, HasSubstr(R"(actor_shell_http_connections{kind="http"} 2)"));
  EXPECT_THAT(text, HasSubstr(R"(actor_shell_projection_stopped{view="messages"} 1)"));
  const metrics bare{facts.log(), {}};
  EXPECT_THAT(bare.text(), Not(HasSubstr("actor_shell_http_")));
  EXPECT_THAT(bare.text(), HasSubstr("process_resident_memory_bytes"));
}

TEST(metrics, show_how_large_batches_are) {
  fact_writer facts;
  const metrics figures{facts.log(), {}};
  facts.write(stream_of(run_id{random_uuid()}), run::started{});
  facts.write(stream_of(run_id{random_uuid()}), run::started{});
  const auto text = settled_text(figures, facts.log());
  EXPECT_THAT(text, HasSubstr("actor_shell_log_batch_facts_bucket{le=\"1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("actor_shell_log_batch_facts_sum 2\n"));
}

TEST(metrics, count_a_fact_that_nobody_can_read_and_go_on) {
  fact_writer facts;
  const metrics figures{facts.log(), {}};
  facts.write_raw(stream_of(phase_id{random_uuid()}), "llm.call.completed");
  write_everything(facts);
  const auto text = settled_text(figures, facts.log());
  EXPECT_THAT(text, HasSubstr("actor_shell_metrics_unreadable_facts_total 1\n"));
  EXPECT_THAT(text, HasSubstr("actor_shell_metrics_lag_facts 0\n"));
  EXPECT_THAT(text, HasSubstr(R"(actor_shell_runs_total{event="started"} 1)"));
}

TEST(metrics, do_not_grow_with_the_names_that_a_client_or_a_log_brings) {
  fact_writer facts;
  metrics figures{facts.log(), {}};
  for (int i = 0; i < 150; ++i) {
    turn::call_requested asked;
    asked.call = call_id{random_uuid()};
    asked.model = "p:m" + std::to_string(i);
    facts.write(stream_of(phase_id{random_uuid()}), asked);
    turn::call_refused refused;
    refused.call = asked.call;
    facts.write(stream_of(phase_id{random_uuid()}), refused);
    figures.on_answered("api", "VERB" + std::to_string(i), std::chrono::microseconds{1});
  }
  const auto text = settled_text(figures, facts.log());
  EXPECT_THAT(text, HasSubstr(R"({provider="other",model="other",outcome="refused"} 50)"));
  EXPECT_THAT(text, Not(HasSubstr("m100")));
  EXPECT_THAT(text, HasSubstr(R"(http_request_method="other"} 134)"));
}

TEST(recent_map, forgets_the_oldest_first) {
  recent_map<int, int> map{2};
  map.put(1, 10);
  map.put(2, 20);
  map.put(1, 11);
  map.put(3, 30);
  EXPECT_EQ(map.find(1), nullptr);
  ASSERT_NE(map.find(2), nullptr);
  EXPECT_EQ(*map.find(3), 30);
}

TEST(budget_meter, reads_a_scope_whole_that_it_meets_in_the_middle) {
  fact_writer facts;
  const auto run = stream_of_budget("run:r");
  budget::opened opened;
  opened.terms.cap = {4 * dollar.pico};
  facts.write(run, opened);
  budget::reserved reserved;
  reserved.amount = dollar;
  facts.write(run, reserved);
  const metrics figures{facts.log(), {}};
  budget::settled settled;
  settled.reserved = dollar;
  settled.actual = {dollar.pico / 2};
  facts.write(run, settled);
  const auto text = settled_text(figures, facts.log());
  EXPECT_THAT(text, HasSubstr(R"(actor_shell_budget_cap_usd{scope_kind="run"} 4)"));
  EXPECT_THAT(text, HasSubstr(R"(actor_shell_budget_settled_usd{scope_kind="run"} 0.5)"));
  EXPECT_THAT(text, HasSubstr(R"(actor_shell_budget_reserved_usd{scope_kind="run"} 0)"));
  EXPECT_THAT(text, HasSubstr(R"(actor_shell_budget_spent_usd_total{scope_kind="run"} 0.5)"));
}

TEST(budget_meter, shows_only_active_scopes) {
  fact_writer facts;
  budget_meter meter{facts.log()};
  const instant noon{1'800'000'000 * us_per_s};
  const auto record = [&](const std::string& scope, instant at) {
    log::record of;
    of.stream = stream_of_budget(scope);
    of.version = 1;
    of.at = at;
    return of;
  };
  budget::opened opened;
  opened.terms.cap = dollar;
  ASSERT_TRUE(meter.take(record("day:" + utc_date(noon), noon), opened));
  ASSERT_TRUE(meter.take(record("day:2001-01-01", noon), opened));
  ASSERT_TRUE(meter.take(record("run:new", noon), opened));
  ASSERT_TRUE(meter.take(record("run:old", noon + -2 * budget_meter::active_us), opened));
  sheet shown;
  meter.write(shown, noon);
  EXPECT_THAT(shown.text(), HasSubstr(R"(cap_usd{scope_kind="day"} 1)"));
  EXPECT_THAT(shown.text(), HasSubstr(R"(cap_usd{scope_kind="run"} 1)"));
}

} // namespace
} // namespace ash::gateway
