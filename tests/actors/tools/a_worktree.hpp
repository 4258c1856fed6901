// A worktree in a fresh directory, for one test, with an outside next to it.
#pragma once

#include "actors/tools/tool.hpp"
#include "events/base/json.hpp"

#include <boost/json/object.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>

namespace ash::tool {

class a_worktree : public ::testing::Test {
protected:
  a_worktree() {
    std::string pattern = std::filesystem::temp_directory_path() / "ash-tools-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr)
      std::abort();
    base_ = pattern;
    std::filesystem::create_directories(root());
    std::filesystem::create_directories(outside());
    put(outside() / "secret.txt", "outside");
    where_.worktree = root();
  }
  ~a_worktree() override {
    std::error_code ignored;
    std::filesystem::remove_all(base_, ignored);
  }

  [[nodiscard]] std::filesystem::path root() const { return base_ / "tree"; }
  [[nodiscard]] std::filesystem::path outside() const { return base_ / "outside"; }

  static void put(const std::filesystem::path& path, std::string_view bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path, std::ios::binary} << bytes;
  }
  static std::string get(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  static std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all{"/proc/self/fd"};
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  outcome call(std::string_view name, const json::object& arguments, std::stop_token stop = {}) {
    return call_text(name, to_json_text(arguments), std::move(stop));
  }
  outcome call_text(std::string_view name, std::string_view arguments, std::stop_token stop = {}) {
    for (const auto& t : builtin_tools())
      if (t->describe().name == name)
        return t->run(where_, arguments, std::move(stop));
    ADD_FAILURE() << "no tool " << name;
    return {};
  }

  context where_;

private:
  std::filesystem::path base_;
};

/// That `done` failed with `code`, and says something.
inline void expect_failed(const outcome& done, errc code) {
  EXPECT_TRUE(done.failed) << done.text;
  EXPECT_EQ(to_string(done.code), to_string(code)) << done.text;
  EXPECT_FALSE(done.text.empty());
}

/// That `done` succeeded.
inline void expect_done(const outcome& done) {
  EXPECT_FALSE(done.failed) << done.text;
}

} // namespace ash::tool
