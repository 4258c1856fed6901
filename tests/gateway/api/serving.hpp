// An API over a runtime with scripted models, and over rows that the test sets.
#pragma once

#include "actors/shells/runtime.hpp"
#include "events/feed/broadcaster.hpp"
#include "gateway/api/routes.hpp"
#include "projections/read_models.hpp"
#include "tests/actors/performers/fakes.hpp"

#include <boost/json/array.hpp>
#include <mutex>
#include <vector>

namespace ash::gateway::test {

/// Read models that answer what they were told to, and remember what they were asked.
struct fake_rows {
  row_page page;
  std::map<std::string, json::object> found; ///< by `what/id`
  std::vector<list_request> asked;           ///< `what` is not kept
  std::vector<std::string> asked_what;
  int rebuilds = 0;
  bool are_late = false; ///< no position is reached in time
  projections::projection_status now;
  json::object stats; ///< by model
  std::function<result<json::object>(const std::stop_token&)> verify;
  std::mutex mutex; ///< for what is asked from several threads

  read_side side();
};

struct asking {
  std::string body = {};
  std::map<std::string, std::string> headers = {};
  std::map<std::string, std::string> query = {};
};

class serving : public ::testing::Test {
protected:
  serving();

  /// Begins (again): what is in memory is lost, as in a restart.
  void open();
  void close();
  response ask(std::string method, std::string path, asking more = {});
  /// The body of an answer with this status, whatever it is.
  json::object got(int status, std::string method, std::string path, asking more = {});
  /// The code of a refusal; empty where it was none.
  std::string refused(std::string method, std::string path, asking more = {});

  /// A body that starts a run which waits for an approval, or works for ten minutes.
  enum class run_kind { gated, endless };
  json::object start_body(run_kind kind) const;
  std::string text_of(run_kind kind) const { return to_json_text(start_body(kind)); }
  std::string start(run_kind kind, asking more = {});
  /// The id of a new session, whose model answers at once.
  std::string made_session();
  /// Waits until something has been written beneath a run or session.
  void wait_for_fact(const std::string& root, std::string_view type);
  json::object wait_for_approval(const std::string& run);

  ash::test::temporary_directory home_;
  std::string repo_ = home_ / "repo";
  fake_rows rows_;
  std::unique_ptr<runtime> runtime_;
  std::unique_ptr<feed::broadcaster> feeds_;
  std::shared_ptr<const api::router> routes_;
};

} // namespace ash::gateway::test
