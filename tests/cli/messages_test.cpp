// The translations that ship, held against the sources: `./dev messages` brings both together, and
// what it leaves to be translated is what fails here.
#include "tests/cli/catalogue.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <unistd.h>

namespace ash::cli {
namespace {

const std::filesystem::path po{ASH_SOURCE_DIR "/po"};

catalogue catalogue_in(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  EXPECT_TRUE(in) << file;
  return read_catalogue(std::string{std::istreambuf_iterator<char>{in}, {}});
}

/// What xgettext finds in the sources now.
const catalogue& in_the_sources() {
  static const auto found = [] {
    const auto file = std::filesystem::temp_directory_path() /
                      ("ash-messages-" + std::to_string(::getpid()) + ".pot");
    const auto command = "'" + (po / "extract").string() + "' '" + file.string() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    auto read = catalogue_in(file);
    std::filesystem::remove(file);
    return read;
  }();
  return found;
}

std::string lines_of(const std::vector<std::string>& faults) {
  std::string out;
  for (const auto& each : faults)
    out += each + '\n';
  return out;
}

TEST(messages, are_found_in_calls_of_every_kind) {
  for (const auto* one : {"Run a workflow over a git repository", // a subcommand
                          "the branch to begin from",             // an option
                          "nobody can be asked: whatever asks is refused",
                          "How far each view is", // by a function that adds several
                          "phase {} begins",
                          "there is no such run",
                          "Options"})
    EXPECT_TRUE(in_the_sources().messages.contains(one)) << one;
}

TEST(messages, are_all_translated_into_korean) {
  EXPECT_EQ(lines_of(faults_of(catalogue_in(po / "ko.po"), in_the_sources())), "")
      << "./dev messages, then translate these in po/ko.po";
}

TEST(messages, pass_gettext_s_own_check) {
  const auto command = "msgfmt --check -o /dev/null '" + (po / "ko.po").string() + "'";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

TEST(messages, are_all_in_the_template) {
  const auto shipped = catalogue_in(po / "actor-shell.pot");
  std::vector<std::string> other;
  for (const auto& [id, none] : in_the_sources().messages)
    if (!shipped.messages.contains(id))
      other.push_back(id);
  for (const auto& [id, none] : shipped.messages)
    if (!in_the_sources().messages.contains(id))
      other.push_back(id);
  EXPECT_EQ(lines_of(other), "") << "./dev messages writes it anew";
}

} // namespace
} // namespace ash::cli
