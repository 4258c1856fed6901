// What the page's files may not have: any way from text to markup or code, and anything from
// another server.
#include "gateway/http/static_files.hpp"
#include "gateway/web/page.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <regex>

namespace ash::gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

const static_file& file(std::string_view path) {
  const auto files = page_files();
  const auto at = std::find_if(
      files.begin(), files.end(), [&](const static_file& each) { return each.path == path; });
  EXPECT_NE(at, files.end()) << path;
  return at == files.end() ? files.front() : *at;
}

TEST(page, makes_no_markup_and_no_code_out_of_text) {
  for (const auto& each : page_files())
    for (const auto* forbidden : {"innerHTML",
                                  "outerHTML",
                                  "insertAdjacentHTML",
                                  "document.write",
                                  "DOMParser",
                                  "setHTML",
                                  "createContextualFragment",
                                  "srcdoc",
                                  "eval(",
                                  "new Function",
                                  "javascript:"})
      EXPECT_THAT(each.bytes, Not(HasSubstr(forbidden))) << each.path;
}

TEST(page, has_no_inline_script_or_style_which_its_policy_forbids) {
  const std::string text{file("/index.html").bytes};
  EXPECT_FALSE(std::regex_search(text, std::regex{R"(<script(?![^>]*\ssrc=))"}));
  EXPECT_FALSE(std::regex_search(text, std::regex{R"(<style|\sstyle=|\son[a-z]+=)"}));
  request asked;
  asked.method = "GET";
  asked.path = "/";
  const auto served = serve_file(page_files(), asked);
  EXPECT_EQ(served.status, 200);
  const auto policy = std::find_if(served.headers.begin(), served.headers.end(), [](const auto& h) {
    return h.first == "Content-Security-Policy";
  });
  ASSERT_NE(policy, served.headers.end());
  EXPECT_THAT(policy->second, HasSubstr("default-src 'none'; script-src 'self'"));
  EXPECT_THAT(policy->second, Not(HasSubstr("unsafe")));
}

TEST(page, loads_nothing_from_another_server) {
  const std::regex address{R"((https?:)?//[a-z0-9.-]+\.[a-z])", std::regex::icase};
  for (const auto& each : page_files()) {
    if (each.path == "/icon.svg") // names its namespace
      continue;
    const std::string text{each.bytes};
    EXPECT_FALSE(std::regex_search(text, address)) << each.path;
  }
}

TEST(page, imports_only_modules_that_it_has) {
  const std::regex import{R"re(from "\./([a-z_]+\.js)")re"};
  for (const auto& each : page_files()) {
    const std::string text{each.bytes};
    for (auto at = std::sregex_iterator{text.begin(), text.end(), import};
         at != std::sregex_iterator{};
         ++at)
      EXPECT_FALSE(file('/' + at->str(1)).bytes.empty()) << each.path;
  }
}

} // namespace
} // namespace ash::gateway
