#include "tests/projections/place.hpp"
#include "tests/projections/postgres.hpp"

#include "projections/projector.hpp"
#include "projections/verify.hpp"

#include <algorithm>
#include <future>
#include <thread>

namespace ash::projections::testing {
namespace {

/// A store that tells of every transaction that was committed, on the thread that did.
class watched_store : public store {
public:
  watched_store(std::unique_ptr<store> of, std::function<void()> on_commit)
      : of_{std::move(of)}, on_commit_{std::move(on_commit)} {}

  result<std::unique_ptr<connection>> connect() override {
    TRY(auto made, of_->connect());
    return std::make_unique<watched>(std::move(made), on_commit_);
  }
  [[nodiscard]] std::string name() const override { return of_->name(); }

private:
  class watched : public connection {
  public:
    watched(std::unique_ptr<connection> of, const std::function<void()>& on_commit)
        : of_{std::move(of)}, on_commit_{on_commit} {}
    result<void> claim() override { return of_->claim(); }
    result<void> begin(transaction kind) override { return of_->begin(kind); }
    result<void> commit() override {
      TRY(of_->commit());
      on_commit_();
      return success();
    }
    void rollback() noexcept override { of_->rollback(); }
    result<void> run(const std::string& script) override { return of_->run(script); }
    result<std::vector<row>> query(const std::string& sql,
                                   std::span<const cell> parameters) override {
      return of_->query(sql, parameters);
    }
    result<void>
    upsert(const table_shape& shape, const std::string& table, std::span<const row> rows) override {
      return of_->upsert(shape, table, rows);
    }
    result<void>
    insert(const table_shape& shape, const std::string& table, std::span<const row> rows) override {
      return of_->insert(shape, table, rows);
    }

  private:
    std::unique_ptr<connection> of_;
    const std::function<void()>& on_commit_;
  };

  std::unique_ptr<store> of_;
  std::function<void()> on_commit_;
};

class the_projector : public each_store {
protected:
  static const view_status& view_in(const projection_status& of, std::string_view name) {
    for (const auto& each : of.views)
      if (each.view == name)
        return each;
    throw std::runtime_error("no such view");
  }
  std::uint64_t runs(const read_models& with) { return must(with.queries().list("runs")).total; }

  /// What the store holds came from a log that is not there any more; the new one has one run.
  void leave_rows_of_another_log() {
    past.add_run("r1");
    {
      const auto with = open();
      catch_up(*with);
    }
    log = log::make_memory_log();
    history{*log}.add_run("other");
  }
};

TEST_P(the_projector, follows_the_log_as_it_grows) {
  const auto with = open();
  for (std::uint64_t i = 1; i <= 3; ++i) {
    past.add_run("r" + std::to_string(i));
    catch_up(*with);
    EXPECT_EQ(runs(*with), i);
  }
  const auto now = with->status();
  EXPECT_EQ(now.doing, activity::following);
  EXPECT_EQ(now.position, log->head());
  EXPECT_EQ(now.lag_facts, 0U);
}

TEST_P(the_projector, goes_on_where_it_was) {
  past.add_run("r1");
  {
    const auto with = open();
    catch_up(*with);
  }
  past.add_run("r2");
  const auto with = open();
  catch_up(*with);
  EXPECT_EQ(runs(*with), 2U);
  EXPECT_EQ(with->status().generation, 1U);
  EXPECT_EQ(view_in(with->status(), "runs").rows, 1U) << "the first run was written again";
  EXPECT_TRUE(must(verify(*log, *at.a_store(), at.scratch())).is_clean());
}

TEST_P(the_projector, stops_a_view_at_a_fact_that_it_cannot_apply_and_lets_the_others_go_on) {
  past.add_run("r1");
  const auto strange = an_id<phase_id>("nobody opened it");
  const auto at_position = past.add(stream_of(strange),
                                    stream_of(strange),
                                    {phase::approval_awaited{an_id<approval_id>("x"), 1}});
  past.add_run("r2");
  const auto with = open();
  catch_up(*with);
  EXPECT_EQ(runs(*with), 2U);
  const auto stopped = view_in(with->status(), "phases");
  EXPECT_EQ(stopped.stopped_at, at_position);
  EXPECT_EQ(stopped.position, at_position - 1);
  EXPECT_EQ(stopped.code, "log_corrupt");
  EXPECT_NE(stopped.message.find(to_string(strange)), std::string::npos) << stopped.message;
  EXPECT_EQ(view_in(with->status(), "runs").stopped_at, 0U);
  const auto phases = must(with->queries().list("phases"));
  EXPECT_EQ(phases.total, 2U);
  EXPECT_EQ(phases.position, at_position - 1);
  const auto found = must(verify(*log, *at.a_store(), at.scratch()));
  EXPECT_EQ(found.count, 0U);
  EXPECT_FALSE(found.is_clean());
}

TEST_P(the_projector, stops_at_bytes_that_are_no_fact) {
  past.add_run("r1");
  const auto good = log->head();
  log::append_request request;
  request.stream = stream_id{entity_kind::run, "damaged"};
  request.root = request.stream;
  request.at = noon;
  request.entries.push_back({{}, {}, {}, {{"run.started", 1, log::durability::synced, "rubbish"}}});
  must(log->append_now(std::move(request)));
  const auto with = open();
  for (const auto* name : {"runs", "budgets"})
    while (with->status().views.empty() || view_in(with->status(), name).stopped_at == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
  EXPECT_EQ(view_in(with->status(), "runs").position, good);
  EXPECT_EQ(runs(*with), 1U);
}

TEST_P(the_projector, finds_the_very_row_that_the_store_refuses) {
  {
    const auto with = open();
    catch_up(*with);
    past.add_run("r0");
    catch_up(*with);
  }
  meddle("create unique index only_one on {runs} (requirements)");
  past.add_session("s1");
  // The next run asks for the same as another one, which the index does not allow.
  const auto second = an_id<run_id>("twin");
  run::created made;
  made.run = second;
  made.requirements = "do r0";
  const auto refused_at = past.add(stream_of(second), stream_of(second), {made});
  past.add_run("r2");
  const auto with = open();
  catch_up(*with);
  EXPECT_EQ(view_in(with->status(), "runs").stopped_at, refused_at);
  EXPECT_EQ(view_in(with->status(), "runs").code, "internal_error");
  EXPECT_EQ(must(with->queries().list("sessions")).total, 1U);
  EXPECT_EQ(view_in(with->status(), "phases").position, log->head());
}

TEST_P(the_projector, makes_the_same_rows_again) {
  past.add_run("r1");
  past.add_session("s1");
  const auto with = open();
  catch_up(*with);
  past.add_waiting_run("r2");
  catch_up(*with);
  const auto before = must(with->queries().list("messages", {}, {1'000, {}})).rows;
  with->rebuild();
  while (with->status().generation != 2 || with->status().doing != activity::following)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  EXPECT_EQ(must(with->queries().list("messages", {}, {1'000, {}})).rows, before);
  EXPECT_TRUE(must(verify(*log, *at.a_store(), at.scratch())).is_clean());
}

TEST_P(the_projector, shows_what_happens_while_it_makes_everything_again) {
  constexpr std::uint64_t batches = 4;
  constexpr std::uint64_t facts_a_batch = 200;
  std::uint64_t runs_before = 0;
  for (; log->head() < batches * facts_a_batch; ++runs_before)
    past.add_run("r" + std::to_string(runs_before));
  const auto asked_of = at.a_store();
  const class queries asked { *asked_of };
  projector* under = nullptr;
  std::uint64_t written = 0; // while everything was made again
  std::uint64_t seen = 0;
  watched_store watched{at.a_store(), [&] {
                          if (under == nullptr || under->status().doing != activity::rebuilding)
                            return;
                          if (written == 0) {
                            past.add_run("meanwhile");
                            written = log->head();
                          } else if (under->wait_for(written, std::chrono::milliseconds{0})) {
                            const auto at_work = must(asked_of->connect());
                            const auto live =
                                must(find_generation(*at_work, generation_state::live));
                            if (live->number == 1)
                              seen = must(asked.list("runs")).total;
                          }
                        }};
  projector one{*log, watched, facts_a_batch};
  must(one.wait_for(log->head(), std::chrono::seconds{60}));
  under = &one;
  one.rebuild();
  while (one.status().generation != 2 || one.status().doing != activity::following)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  EXPECT_EQ(seen, runs_before + 1) << "in the old tables";
  must(one.wait_for(log->head(), std::chrono::seconds{60}));
  EXPECT_EQ(must(asked.list("runs")).total, runs_before + 1) << "in the new ones";
  one.stop();
  EXPECT_TRUE(must(verify(*log, *at.a_store(), at.scratch())).is_clean());
}

TEST_P(the_projector, does_not_pass_off_the_history_of_another_log) {
  leave_rows_of_another_log();
  std::vector<bool> current;
  projector* under = nullptr;
  std::promise<void> known;
  const auto is_known = known.get_future().share();
  watched_store watched{at.a_store(), [&] {
                          is_known.wait();
                          const auto now = under->status();
                          if (now.doing == activity::rebuilding)
                            current.push_back(check_current(now).has_value());
                        }};
  projector one{*log, watched};
  under = &one;
  known.set_value();
  must(one.wait_for(log->head(), std::chrono::seconds{60}));
  EXPECT_TRUE(check_current(one.status()));
  one.stop();
  EXPECT_FALSE(current.empty());
  EXPECT_EQ(std::count(current.begin(), current.end(), true), 0);
}

TEST_P(the_projector, begins_anew_for_another_life_of_the_log) {
  leave_rows_of_another_log();
  const auto with = open();
  catch_up(*with);
  const auto listed = must(with->queries().list("runs"));
  ASSERT_EQ(listed.total, 1U);
  EXPECT_EQ(listed.rows[0].at("requirements"), "do other");
}

TEST_P(the_projector, waits_while_another_process_projects) {
  const auto other = at.a_store();
  auto held = must(other->connect());
  must(held->claim());
  past.add_run("r1");
  const auto with = open();
  while (with->status().doing != activity::away)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  EXPECT_NE(with->status().problem.find("another process"), std::string::npos);
  EXPECT_GT(with->status().lag_facts, 0U);
  held.reset();
  catch_up(*with);
  EXPECT_EQ(runs(*with), 1U);
}

ASH_EACH_STORE(the_projector);

TEST(the_projector_of_postgres, catches_up_after_the_database_was_lost_in_the_middle) {
  const place at{kind::postgres};
  const auto log = log::make_memory_log();
  history past{*log};
  const auto with = must(read_models::open(*log, at.how()));
  for (int i = 0; i < 40; ++i)
    past.add_run("r" + std::to_string(i));
  while (with->status().position == 0) // it is in the middle of its work
    std::this_thread::yield();
  postgres::running().kill();
  past.add_run("while it is away");
  while (with->status().doing != activity::away)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  EXPECT_GT(with->status().lag_facts, 0U);
  EXPECT_FALSE(with->queries().list("runs"));
  postgres::running().start();
  must(with->wait_for(log->head(), std::chrono::seconds{60}));
  EXPECT_EQ(must(with->queries().list("runs")).total, 41U);
  EXPECT_TRUE(must(verify(*log, *at.a_store(), at.scratch())).is_clean());
}

} // namespace
} // namespace ash::projections::testing
