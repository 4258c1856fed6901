// aimock, a server that answers as providers of models do, from fixtures.
#pragma once

#include "events/base/json.hpp"
#include "tests/e2e/harness.hpp"
#include "tests/e2e/sockets.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <gtest/gtest.h>

namespace ash::e2e {

/// One request that the model server saw.
struct seen_request {
  std::string path;
  std::int64_t status = 0;
  json::object body;
};

/// aimock, started for one test.
class model_server {
public:
  explicit model_server(const std::string& fixtures)
      : process_{{.command = {newest_node(),
                              E2E_FOLDER "/node_modules/@copilotkit/aimock/dist/cli.js",
                              "-h",
                              "127.0.0.1",
                              "-p",
                              std::to_string(port_),
                              "-f",
                              E2E_FIXTURES "/" + fixtures,
                              "--strict"},
                  .environment = {},
                  .directory = {}},
                 home_ / "log"} {}

  [[nodiscard]] bool ready() {
    return wait_until(std::chrono::seconds{30},
                      [&] { return !http_get(port_, "/__aimock/journal").empty(); });
  }
  [[nodiscard]] std::string base(std::string_view path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string{path};
  }
  [[nodiscard]] std::string said() const { return read_text(home_ / "log"); }

  [[nodiscard]] std::vector<seen_request> journal() const {
    std::vector<seen_request> found;
    const auto parsed = parse_json(http_get(port_, "/__aimock/journal"), "aimock's journal");
    EXPECT_TRUE(parsed) << to_string(parsed.error());
    if (!parsed)
      return found;
    const auto& entries = parsed.value().is_array() ? parsed.value().as_array()
                                                    : parsed.value().at("entries").as_array();
    for (const auto& entry : entries) {
      seen_request one;
      one.path = entry.at("path").as_string();
      one.status = entry.at("response").at("status").to_number<std::int64_t>();
      if (entry.at("body").is_object())
        one.body = entry.at("body").as_object();
      found.push_back(std::move(one));
    }
    return found;
  }

private:
  temporary_directory home_;
  int port_ = free_port();
  background_process process_;
};

} // namespace ash::e2e
