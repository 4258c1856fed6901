#include "cli/context.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"

#include <gmock/gmock.h>

namespace ash::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(terminal, cuts_text_at_a_code_point_and_says_so) {
  EXPECT_EQ(fit("short", 10), "short");
  EXPECT_EQ(fit("a longer text", 8), "a longe…");
  EXPECT_EQ(fit("ééééé", 3), "éé…");
  EXPECT_EQ(fit("anything", 0), "");
}

TEST(terminal, shows_what_would_move_the_cursor_instead_of_doing_it) {
  EXPECT_EQ(fit("a\nb\x1b[2J", 40), "a\\nb\\x1b[2J");
}

TEST(terminal, keeps_a_table_within_its_width) {
  const std::string wide(200, 'x');
  const auto table = render_table({"ID", "TEXT"}, {{"1", wide}, {"2", "short"}}, 40);
  for (std::size_t begin = 0; begin < table.size();) {
    const auto end = table.find('\n', begin);
    EXPECT_LE(code_points(table.substr(begin, end - begin)), 40U);
    begin = end + 1;
  }
  EXPECT_THAT(table, StartsWith("ID  TEXT\n"));
  EXPECT_THAT(table, HasSubstr("…"));
}

TEST(terminal, aligns_columns_by_code_points) {
  EXPECT_EQ(render_table({"A", "B"}, {{"é", "1"}, {"ab", "2"}}, 80), "A   B\né   1\nab  2\n");
}

TEST(terminal, knows_the_columns_of_hangul_and_of_what_combines) {
  EXPECT_EQ(columns_of("abc"), 3U);
  EXPECT_EQ(columns_of("단계"), 4U);
  EXPECT_EQ(columns_of("e\u0301"), 1U);
  EXPECT_EQ(columns_of("\u1112\u1161\u11AB"), 2U) << "한, decomposed";
  EXPECT_EQ(columns_of("漢字 ✔…"), 7U);
  EXPECT_EQ(columns_of("\U0001F600"), 2U);
  EXPECT_EQ(padded("단계", 6), "단계  ");
}

TEST(terminal, aligns_and_cuts_wide_characters_by_their_columns) {
  EXPECT_EQ(render_table({"단계", "상태"}, {{"spec", "완료"}, {"a", "실패"}}, 80),
            "단계  상태\nspec  완료\na     실패\n");
  EXPECT_EQ(fit("단계가 끝남", 8), "단계가 …");
  EXPECT_EQ(fit("단계가 끝남", 9), "단계가 …") << "no room for a whole character more";
  EXPECT_EQ(fit("단계가", 6), "단계가");
  EXPECT_EQ(fit("단계가", 4), "단…") << "half a character is none";
}

TEST(terminal, shows_sizes_for_people) {
  constexpr std::uint64_t kib = 1'024;
  EXPECT_EQ(show_bytes(0), "0 bytes");
  EXPECT_EQ(show_bytes(1'023), "1023 bytes");
  EXPECT_EQ(show_bytes(kib), "1.0 KiB");
  EXPECT_EQ(show_bytes(3'500 * kib), "3.4 MiB");
  EXPECT_EQ(show_bytes(kib * kib - 1), "1.0 MiB") << "never 1024.0 KiB";
  EXPECT_EQ(show_bytes(120 * kib * kib * kib), "120.0 GiB");
  EXPECT_EQ(show_bytes(~std::uint64_t{0}), "16384.0 PiB");
}

TEST(terminal, shows_durations_and_counts_for_people) {
  EXPECT_EQ(show_duration(1'240'000), "1.2 s");
  EXPECT_EQ(show_duration(184 * us_per_s), "3 min 4 s");
  EXPECT_EQ(show_duration(7'500 * us_per_s), "2 h 5 min");
  EXPECT_EQ(show_count(999), "999");
  EXPECT_EQ(show_count(3'400), "3.4k");
  EXPECT_EQ(show_count(1'200'000), "1.2M");
  EXPECT_EQ(show_count(2'500'000'000), "2.5G");
}

TEST(picture, follows_a_run_from_its_facts) {
  run_picture picture;
  const run_id run{random_uuid()};
  const auto stream = stream_of(run);
  const phase_id phase{derive(run.value, "phase:spec")};
  run::created created;
  created.phases = {{"spec", "writer", "spec.json", false},
                    {"review", "reviewer", "r.json", false}};
  picture.add(stream, created, {us_per_s});
  picture.add(stream, run::phase_opened{"spec", phase, 1}, {2 * us_per_s});
  turn::call_completed call;
  call.usage = {100, 20, 0, 0, false};
  call.cost = {5'000'000};
  picture.add(stream_of(phase), turn::step_started{{}, 3}, {3 * us_per_s});
  picture.add(stream_of(phase), call, {3 * us_per_s});
  ASSERT_EQ(picture.phases.size(), 2U);
  EXPECT_EQ(picture.phases[0].state, "running");
  EXPECT_EQ(picture.phases[0].step, 3);
  EXPECT_EQ(picture.phases[1].state, "waiting");
  EXPECT_EQ(picture.usage.input, 100);
  EXPECT_EQ(picture.cost, usd{5'000'000});
  run::phase_closed closed;
  closed.key = "spec";
  picture.add(stream, closed, {4 * us_per_s});
  EXPECT_EQ(picture.phases[0].state, "completed");
}

TEST(progress, does_not_let_a_provider_command_the_terminal) {
  run::failed ended;
  ended.code = "provider_rejected";
  ended.message = "no\x1b[2J\nat all";
  EXPECT_EQ(describe(ended), "run failed: provider_rejected: no\\x1b[2J\\nat all");
}

TEST(exit_codes, follow_the_class_of_the_error) {
  EXPECT_EQ(exit_code_of(refuse(errc::config_invalid, "")), exit_code::invalid);
  EXPECT_EQ(exit_code_of(refuse(errc::run_not_found, "")), exit_code::not_found);
  EXPECT_EQ(exit_code_of(refuse(errc::log_locked, "")), exit_code::conflict);
  EXPECT_EQ(exit_code_of(refuse(errc::secret_missing, "")), exit_code::human_required);
  EXPECT_EQ(exit_code_of(refuse(errc::budget_exhausted, "")), exit_code::limit);
  EXPECT_EQ(exit_code_of(refuse(errc::storage_full, "")), exit_code::retryable);
  EXPECT_EQ(exit_code_of(refuse(errc::log_corrupt, "")), exit_code::failed);
}

} // namespace
} // namespace ash::cli
