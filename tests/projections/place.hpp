// Where the contract is tested: each test runs in SQLite and in Postgres, in a place of its own.
#pragma once

#include "events/log/memory_log.hpp"
#include "projections/read_models.hpp"
#include "projections/store/store.hpp"
#include "tests/projections/history.hpp"

#include <filesystem>
#include <gtest/gtest.h>
#include <memory>
#include <string>

namespace ash::projections::testing {

enum class kind : std::uint8_t { sqlite, postgres };
std::string name_of_kind(const ::testing::TestParamInfo<kind>& of);

/// A directory, and a database where that is wanted. Gone with the object.
class place {
public:
  explicit place(kind where);
  ~place();
  place(const place&) = delete;
  place& operator=(const place&) = delete;

  [[nodiscard]] options how() const { return {directory_, url_}; }
  [[nodiscard]] std::unique_ptr<store> a_store() const;
  [[nodiscard]] std::string scratch() const { return directory_ + "/verify.sqlite"; }

private:
  std::string directory_;
  std::string url_;
};

template <class T> T must(result<T> from) {
  EXPECT_TRUE(from.has_value()) << (from ? "" : to_string(from.error()));
  if (!from)
    throw std::runtime_error(to_string(from.error()));
  if constexpr (!std::is_void_v<T>)
    return std::move(from).value();
}

class each_store : public ::testing::TestWithParam<kind> {
protected:
  place at{GetParam()};
  std::unique_ptr<log::event_log> log = log::make_memory_log();
  history past{*log};

  [[nodiscard]] std::unique_ptr<read_models> open() {
    return must(read_models::open(*log, at.how()));
  }
  /// Waits until all of the log is in the rows.
  void catch_up(const read_models& with) const;
  /// Runs statements behind the projector's back; `{runs}` names a table of the live generation.
  void meddle(const std::string& script) const;
};

} // namespace ash::projections::testing

#define ASH_EACH_STORE(suite)                                                                      \
  INSTANTIATE_TEST_SUITE_P(                                                                        \
      stores, suite, ::testing::Values(kind::sqlite, kind::postgres), name_of_kind)
