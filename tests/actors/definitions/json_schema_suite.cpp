// The official JSON-Schema-Test-Suite for draft 2020-12, as Debian packages it, against our
// schemas: each case is judged as the suite says, or its schema is refused when it is loaded.
#include "actors/definitions/artifact_schema.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_to.hpp>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <iterator>
#include <map>

namespace ash::definitions {
namespace {

namespace fs = std::filesystem;

/// What became of the cases of one file, or of all.
struct counts {
  std::size_t right = 0;
  std::size_t refused = 0; ///< their schema was, when it was loaded
  std::size_t bounded = 0; ///< the instance is beyond the bounds that an artifact has
  std::size_t wrong = 0;

  [[nodiscard]] std::size_t all() const { return right + refused + bounded + wrong; }
};

std::string read(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

std::string text_of(const json::value& text) {
  return json::value_to<std::string>(text);
}

/// The suite's files, optional ones too; but those of formats that are asserted, for we never do:
/// the draft leaves `format` an annotation, as its own `format.json` has it.
std::vector<fs::path> files_of_the_suite() {
  std::vector<fs::path> out;
  for (const auto& each : fs::recursive_directory_iterator{JSON_SCHEMA_SUITE}) {
    const auto name = fs::relative(each.path(), JSON_SCHEMA_SUITE).string();
    if (each.path().extension() == ".json" && name != "optional/format-assertion.json" &&
        !name.starts_with("optional/format/"))
      out.push_back(each.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

class suite {
public:
  /// What is wrong, one a line.
  std::string faults;
  counts sum;
  std::map<std::string, std::size_t>
      refusals; ///< groups, by the keyword that they were refused for

  void run(const fs::path& file) {
    auto parsed = parse_json(read(file), file.string());
    ASSERT_TRUE(parsed) << parsed.error().message;
    counts of;
    for (const auto& group : parsed.value().as_array())
      run(group.as_object(), file.filename().string(), of);
    std::cout << file.filename().string() << ": " << of.right << " right, " << of.refused
              << " refused, " << of.bounded << " beyond bounds, " << of.wrong << " wrong\n";
    sum = {sum.right + of.right,
           sum.refused + of.refused,
           sum.bounded + of.bounded,
           sum.wrong + of.wrong};
  }

private:
  void run(const json::object& group, const std::string& file, counts& of) {
    const auto name = file + ": " + text_of(group.at("description"));
    const auto& cases = group.at("tests").as_array();
    const auto made = artifact_schema::compile(to_json_text(group.at("schema")), name);
    if (!made) {
      of.refused += cases.size();
      if (made.error().code != errc::schema_unsupported) // the suite's schemas are all schemas
        faults += made.error().message + '\n';
      for (const auto& [key, value] : made.error().details)
        if (key == "keyword")
          ++refusals[value];
      return;
    }
    for (const auto& each : cases) {
      const auto wanted = each.at("valid").as_bool();
      const auto found = made.value()->validate(to_json_text(each.at("data")));
      if (found.empty() == wanted) {
        ++of.right;
      } else if (wanted && found.front().keyword == "json") {
        ++of.bounded;
      } else {
        ++of.wrong;
        faults += name + ": " + text_of(each.at("description")) + ": " +
                  (wanted ? "refused: " + found.front().message : "accepted") + '\n';
      }
    }
  }
};

TEST(json_schema_suite, is_judged_right_or_refused_when_a_schema_is_loaded) {
  ASSERT_TRUE(fs::exists(JSON_SCHEMA_SUITE))
      << "`./dev test` installs it: libtest-json-schema-acceptance-perl";
  suite all;
  for (const auto& file : files_of_the_suite())
    all.run(file);
  std::cout << "all " << all.sum.all() << " cases: " << all.sum.right << " right, "
            << all.sum.refused << " refused, " << all.sum.bounded << " beyond bounds, "
            << all.sum.wrong << " wrong\n";
  for (const auto& [keyword, groups] : all.refusals)
    std::cout << "refused for '" << keyword << "': " << groups << " schemas\n";
  EXPECT_EQ(all.faults, "");
  EXPECT_EQ(all.sum.wrong, 0U);
  EXPECT_GE(all.sum.right, 900U) << "to refuse everything would be no judgement";
}

} // namespace
} // namespace ash::definitions
