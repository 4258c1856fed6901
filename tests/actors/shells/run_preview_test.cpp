// What a run would cost, by the limits that bound it.
#include "actors/shells/run_preview.hpp"
#include "actors/shells/runtime.hpp"
#include "tests/actors/performers/fakes.hpp"

namespace ash {
namespace {

using namespace test;

constexpr auto the_priced_workflow = R"(name: priced
version: 1
title: Priced
roles: [{name: writer}]
phases:
  - key: draft
    role: writer
    title: Draft
    instructions: Write the draft.
    artifact: {path: out/draft.json, schema: test/note@1}
    approval: true
    retries: 2
  - key: check
    role: writer
    title: Check
    instructions: Check the draft.
    artifact: {path: out/check.json, schema: test/note@1}
)";

class previews : public ::testing::Test {
protected:
  previews() {
    make_repository(home_ / "repo");
    write_text(home_ / "definitions/workflows/priced@1.yaml", the_priced_workflow);
    write_text(home_ / "definitions/artifacts/test/note@1.json", R"({"type": "object"})");
    definitions::provider_settings local;
    local.base_url = "http://127.0.0.1:1";
    config_.providers["local"] = local;
  }

  result<run_preview> preview(const std::string& model, const std::string& limits) {
    write_text(home_ / "definitions/personas/writer@1.yaml",
               "name: writer\nversion: 1\ntitle: W\nmodel: '" + model +
                   "'\nsystem_prompt: You write.\nmax_turns: 10\nmax_tokens: 1000\n" + limits);
    runtime_options options;
    options.data_dir = home_ / "data";
    options.definition_dirs = {home_ / "definitions"};
    options.config = config_;
    TRY(const auto work, runtime::open(std::move(options)));
    run_request asked;
    asked.workflow = "priced";
    asked.repo = home_ / "repo";
    asked.base_branch = "main";
    asked.requirements = "A note.";
    asked.overrides = {{"writer", "writer"}};
    return work->preview_run(asked);
  }

  temporary_directory home_;
  definitions::config config_;
};

TEST_F(previews, count_rounds_repairs_and_retries_and_take_the_smaller_bound) {
  const auto seen =
      preview("scripted:builtin/demo", "max_cost_per_call: 0.01\nmax_tokens_total: 1000\n");
  ASSERT_TRUE(seen.has_value()) << to_string(seen.error());
  ASSERT_EQ(seen.value().phases.size(), 2U);
  const auto& gated = seen.value().phases[0];
  EXPECT_EQ(gated.calls, 10 * 2 * 3 * 3) << "steps, a repair, three rounds, two retries";
  // 1,000 tokens at $0.40 a million, and one call of $0.01 beyond them, three times.
  EXPECT_EQ(gated.worst_case, parse_usd("0.0312").value());
  const auto& plain = seen.value().phases[1];
  EXPECT_EQ(plain.calls, 10 * 2);
  EXPECT_EQ(plain.worst_case, parse_usd("0.0104").value());
  EXPECT_EQ(seen.value().worst_case, parse_usd("0.0416").value());
  const usd first{gated.input_tokens * 100'000 + gated.output_tokens * 400'000};
  EXPECT_EQ(gated.first_call, first);
  EXPECT_GT(gated.input_tokens, 100);
  const auto dearly =
      preview("scripted:builtin/demo", "max_cost_per_call: 0.0001\nmax_tokens_total: 9000000\n");
  ASSERT_TRUE(dearly.has_value()) << to_string(dearly.error());
  EXPECT_EQ(dearly.value().phases[1].worst_case, parse_usd("0.002").value()) << "20 such calls";
}

TEST_F(previews, are_bounded_by_nothing_but_the_cap_where_nothing_is_known) {
  const auto seen = preview("local:unheard-of", "");
  ASSERT_TRUE(seen.has_value()) << to_string(seen.error());
  const auto& phase = seen.value().phases[0];
  EXPECT_EQ(phase.unpriced, (std::vector<std::string>{"local:unheard-of"}));
  EXPECT_EQ(phase.worst_case, std::nullopt);
  EXPECT_EQ(phase.first_call, usd{});
  EXPECT_EQ(seen.value().phases_total, std::nullopt);
  EXPECT_EQ(seen.value().worst_case, seen.value().cap);
  EXPECT_TRUE(to_json(seen.value()).at("phases_total_usd").is_null());
  config_.budget.policy = definitions::budget_policy::warn_continue;
  const auto warned = preview("local:unheard-of", "");
  ASSERT_TRUE(warned.has_value()) << to_string(warned.error());
  EXPECT_EQ(warned.value().worst_case, std::nullopt);
}

TEST_F(previews, do_not_bound_what_sub_agents_will_spend) {
  const auto seen =
      preview("scripted:builtin/demo", "max_cost_per_call: 0.01\nsubagents: [writer]\n");
  ASSERT_TRUE(seen.has_value()) << to_string(seen.error());
  EXPECT_EQ(seen.value().phases[0].worst_case, std::nullopt);
  EXPECT_EQ(seen.value().worst_case, seen.value().cap);
}

TEST_F(previews, stay_in_the_range_of_money) {
  definitions::price_row row;
  row.model = "local:*";
  row.price = {
      definitions::max_token_price, definitions::max_token_price, definitions::max_token_price};
  row.source = definitions::price_source::config;
  config_.prices = {row};
  const auto seen = preview("local:dear", "max_tokens_total: 1000000000\n");
  ASSERT_TRUE(seen.has_value()) << to_string(seen.error());
  EXPECT_TRUE(seen.value().phases[0].unpriced.empty());
  EXPECT_EQ(seen.value().worst_case, seen.value().cap);
}

} // namespace
} // namespace ash
