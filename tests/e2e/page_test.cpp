// The page in a real Chromium over a real server: page.mjs is the person in front of it.
#include "tests/e2e/harness.hpp"
#include "tests/e2e/sockets.hpp"

#include <gmock/gmock.h>

namespace ash::e2e {
namespace {

constexpr std::chrono::seconds start_limit{30};
constexpr std::chrono::seconds page_limit{240};

/// Where the pictures go: kept where somebody wants to look at them.
std::string picture_folder(const temporary_directory& otherwise) {
  const char* wanted = std::getenv("ACTOR_SHELL_TEST_PICTURES");
  return wanted != nullptr ? std::string{wanted} : otherwise / "pictures";
}

TEST(page, shows_a_run_live_takes_a_decision_and_survives_a_cut) {
  const temporary_directory home;
  make_repository(home.path() / "repository", {{"README.md", "A place for notes.\n"}});
  const auto port = free_port();
  background_process server{{.command = {ACTOR_SHELL_BINARY,
                                         "--definitions",
                                         E2E_FIXTURES "/definitions",
                                         "serve",
                                         "--listen",
                                         "127.0.0.1:" + std::to_string(port)},
                             .environment = clean_environment(home.path()),
                             .directory = home.path()},
                            home.path() / "log"};
  ASSERT_TRUE(wait_until(start_limit, [&] { return !http_get(port, "/healthz").empty(); }))
      << read_text(home.path() / "log");
  const auto token = shell("find '" + home.path().string() + "' -name token -exec cat {} +");
  const auto pictures = picture_folder(home);
  fs::create_directories(pictures);
  const auto seen = run_process({.command = {newest_node(),
                                             E2E_FOLDER "/page.mjs",
                                             "http://127.0.0.1:" + std::to_string(port),
                                             lines_of(token).at(0),
                                             home / "repository",
                                             "scripted:" E2E_FIXTURES "/slow_note.yaml",
                                             "scripted:" E2E_FIXTURES "/note.yaml",
                                             pictures},
                                 .environment = {},
                                 .directory = E2E_FOLDER,
                                 .limit = page_limit});
  EXPECT_EQ(seen.exit_code, 0) << seen.shown() << read_text(home.path() / "log");
}

} // namespace
} // namespace ash::e2e
