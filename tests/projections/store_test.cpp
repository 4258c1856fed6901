#include "tests/projections/place.hpp"

#include <algorithm>
#include <sys/stat.h>
#include <thread>

namespace ash::projections::testing {
namespace {

const table_shape things{"things", {{"name", value_kind::text}, {"number", value_kind::integer}}};

class store_contract : public each_store {
protected:
  std::unique_ptr<store> to = at.a_store();
  std::unique_ptr<connection> with = must(to->connect());

  void SetUp() override {
    must(with->claim());
    must(with->run("create table things (name text primary key, number bigint)"));
  }
  static std::vector<row> all(connection& from) {
    return must(from.query("select name, number from things order by number, name"));
  }
};

TEST_P(store_contract, gives_back_what_was_written) {
  const std::vector<row> rows{{"ä \"quoted\" {text}", std::int64_t{-1}},
                              {"", std::int64_t{INT64_MAX}},
                              {"none", std::monostate{}}};
  must(with->upsert(things, "things", rows));
  const auto got = must(
      with->query("select name, number from things where name = $1", std::vector<cell>{"none"}));
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0], rows[2]);
  EXPECT_EQ(must(with->query("select name, number from things where number = $1",
                             std::vector<cell>{std::int64_t{INT64_MAX}})),
            std::vector<row>{rows[1]});
  EXPECT_EQ(must(with->query("select name, number from things where number < $2 and name <> $1",
                             std::vector<cell>{"x", std::int64_t{0}})),
            std::vector<row>{rows[0]});
}

TEST_P(store_contract, replaces_a_row_with_the_same_key) {
  must(with->upsert(things, "things", std::vector<row>{{"a", std::int64_t{1}}}));
  must(with->upsert(
      things, "things", std::vector<row>{{"a", std::int64_t{2}}, {"b", std::int64_t{3}}}));
  EXPECT_EQ(all(*with), (std::vector<row>{{"a", std::int64_t{2}}, {"b", std::int64_t{3}}}));
}

TEST_P(store_contract, inserts_rows_beside_those_that_are_there) {
  must(with->upsert(things, "things", std::vector<row>{{"a", std::int64_t{-1}}}));
  std::vector<row> rows{{"b", std::monostate{}}, {"", std::int64_t{INT64_MIN}}};
  for (std::int64_t i = 0; i < 300; ++i) // more than is sent at once
    rows.push_back({"ä \t\\N \"" + std::string(1'000, 'x') + std::to_string(i), i});
  must(with->insert(things, "things", rows));
  must(with->insert(things, "things", {}));
  rows.push_back({"a", std::int64_t{-1}});
  auto got = all(*with);
  std::sort(got.begin(), got.end());
  std::sort(rows.begin(), rows.end());
  EXPECT_EQ(got, rows);
}

TEST_P(store_contract, leaves_nothing_of_a_transaction_that_was_not_committed) {
  {
    must(with->begin(transaction::write));
    const open_transaction until_here{*with};
    must(with->upsert(things, "things", std::vector<row>{{"a", std::int64_t{1}}}));
  }
  EXPECT_TRUE(all(*with).empty());
}

TEST_P(store_contract, shows_a_reader_one_picture_until_it_ends) {
  must(with->upsert(things, "things", std::vector<row>{{"a", std::int64_t{1}}}));
  const auto reader = must(to->connect());
  must(reader->begin(transaction::read));
  EXPECT_EQ(all(*reader).size(), 1U);
  must(with->upsert(things, "things", std::vector<row>{{"b", std::int64_t{2}}}));
  EXPECT_EQ(all(*reader).size(), 1U);
  must(reader->commit());
  EXPECT_EQ(all(*reader).size(), 2U);
}

TEST_P(store_contract, lets_one_at_a_time_project) {
  const auto other = must(to->connect());
  const auto refused = other->claim();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::store_unavailable);
  EXPECT_NE(refused.error().message.find("stop it first"), std::string::npos);
  with.reset();
  while (!other->claim()) // Postgres notices that the other is gone a moment later
    std::this_thread::yield();
}

TEST_P(store_contract, says_that_a_wrong_statement_stays_wrong) {
  const auto refused = with->query("select nothing from nowhere");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::internal_error);
}

ASH_EACH_STORE(store_contract);

TEST(sqlite_store, keeps_its_file_for_its_owner_alone) {
  const place at{kind::sqlite};
  const auto with = must(at.a_store()->connect());
  must(with->run("create table things (name text primary key)"));
  for (const auto* name : {"/read_models.sqlite", "/read_models.sqlite-wal"}) {
    struct stat about {};
    ASSERT_EQ(stat((at.how().data_dir + name).c_str(), &about), 0) << name;
    EXPECT_EQ(about.st_mode & 0777U, 0600U) << name;
  }
}

TEST(postgres_store, gives_up_a_connection_that_does_not_answer) {
  const place at{kind::postgres};
  postgres_limits limits;
  limits.read = std::chrono::milliseconds{200};
  const auto to = must(make_postgres_store(at.how().database_url, limits));
  const auto with = must(to->connect());
  must(with->begin(transaction::read));
  const auto late = with->query("select 1 from pg_sleep(60)");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, errc::store_unavailable);
  ASSERT_EQ(late.error().details.size(), 1U);
  EXPECT_EQ(late.error().details[0].first, unanswered_ms);
  with->rollback();
  EXPECT_EQ(with->run("select 1").error().code, errc::store_unavailable) << "it is given up";
  EXPECT_EQ(must(must(to->connect())->query("select 1")).size(), 1U);
}

TEST(postgres_store, refuses_to_insert_a_key_that_is_there) {
  const place at{kind::postgres};
  const auto with = must(at.a_store()->connect());
  must(with->claim());
  must(with->run("create table things (name text primary key, number bigint)"));
  must(with->insert(things, "things", std::vector<row>{{"a", std::int64_t{1}}}));
  std::vector<row> rows{{"a", std::int64_t{3}}};
  for (std::int64_t i = 0; i < 300; ++i)
    rows.push_back({"b" + std::to_string(i), i});
  const auto refused = with->insert(things, "things", rows);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::internal_error);
  EXPECT_NE(refused.error().message.find("things_pkey"), std::string::npos);
  EXPECT_EQ(must(with->query("select name, number from things")),
            (std::vector<row>{{"a", std::int64_t{1}}}));
}

/// More than the buffers of a socket hold.
std::vector<row> many_bytes() {
  std::vector<row> out;
  for (std::int64_t i = 0; i < 300; ++i)
    out.push_back({std::string(std::size_t{64} << 10, 'x') + std::to_string(i), i});
  return out;
}

/// To one that has a table of things, and stops with the first of them.
class a_slow_server : public ::testing::Test {
protected:
  const place at{kind::postgres};
  const std::unique_ptr<connection> other = must(at.a_store()->connect());
  std::unique_ptr<connection> with;

  void SetUp() override {
    must(other->claim());
    must(other->run("create table things (name text primary key, number bigint);"
                    "create function sleep() returns trigger language plpgsql as "
                    "'begin perform pg_sleep(60); return new; end';"
                    "create trigger slow before insert on things for each row "
                    "execute function sleep()"));
    postgres_limits limits;
    limits.write = std::chrono::milliseconds{500};
    with = must(must(make_postgres_store(at.how().database_url, limits))->connect());
  }
  static void expect_given_up(const result<void>& late) {
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, errc::store_unavailable);
    ASSERT_EQ(late.error().details.size(), 1U);
    EXPECT_EQ(late.error().details[0].first, unanswered_ms);
  }
};

TEST_F(a_slow_server, is_given_up_when_it_takes_no_more_of_a_copy) {
  expect_given_up(with->insert(things, "things", many_bytes()));
  with->rollback();
  expect_given_up(with->run("select 1"));
}

TEST_F(a_slow_server, is_given_up_when_it_does_not_answer_an_upsert) {
  expect_given_up(with->upsert(things, "things", many_bytes()));
}

TEST(postgres_store, never_repeats_a_password) {
  const auto wrong = make_postgres_store("postgresql://me:secret@host:port:port/db?nonsense=1");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, errc::argument_invalid);
  EXPECT_EQ(wrong.error().message.find("secret"), std::string::npos);
  const auto away = must(make_postgres_store("postgresql://me:secret@127.0.0.1:1/db"));
  EXPECT_EQ(away->name().find("secret"), std::string::npos);
  const auto refused = away->connect();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::store_unavailable);
  EXPECT_EQ(refused.error().message.find("secret"), std::string::npos);
}

} // namespace
} // namespace ash::projections::testing
