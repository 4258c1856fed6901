#include "gateway/api/problem.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <gtest/gtest.h>

namespace ash::gateway {
namespace {

std::string header(const response& of, std::string_view name) {
  const auto at = std::find_if(
      of.headers.begin(), of.headers.end(), [&](const auto& each) { return each.first == name; });
  return at == of.headers.end() ? "" : at->second;
}

TEST(problem, names_its_code_and_shows_every_detail) {
  const auto answer =
      problem(refuse(errc::active_run_exists, "a run works there").with("run", "r1"));
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.content_type, "application/problem+json");
  const auto body = parse_json(answer.body, "problem");
  ASSERT_TRUE(body);
  EXPECT_EQ(body.value(),
            (json::object{{"type", "urn:actor-shell:error:active_run_exists"},
                          {"title", "The present state forbids it"},
                          {"status", 409},
                          {"detail", "a run works there"},
                          {"code", "active_run_exists"},
                          {"class", "conflict"},
                          {"run", "r1"}}));
}

TEST(problem, keeps_a_detail_that_is_named_like_a_member_apart) {
  const auto shown = problem_json(refuse(errc::run_not_found, "gone").with("status", "odd"));
  EXPECT_EQ(shown.at("status"), 404);
  EXPECT_EQ(shown.at("details"), (json::object{{"status", "odd"}}));
}

TEST(problem, tells_what_to_do_by_headers) {
  EXPECT_EQ(header(problem(refuse(errc::unauthenticated, "no token")), "WWW-Authenticate"),
            "Bearer realm=\"actor-shell\"");
  const auto wrong = refuse(errc::method_not_allowed, "not so").with("allow", "GET, POST");
  EXPECT_EQ(problem(wrong).status, 405);
  EXPECT_EQ(header(problem(wrong), "Allow"), "GET, POST");
  EXPECT_EQ(header(problem(refuse(errc::shutting_down, "bye")), "Retry-After"), "1");
  EXPECT_EQ(header(problem(refuse(errc::run_not_found, "gone")), "Retry-After"), "");
}

TEST(problem, has_a_status_of_an_error_for_every_code) {
#define ASH_ROW(name, kind)                                                                        \
  EXPECT_GE(status_of(errc::name), 400) << #name;                                                  \
  EXPECT_LT(status_of(errc::name), 600) << #name;                                                  \
  EXPECT_EQ(status_of(errc::name) >= 500,                                                          \
            error_class::kind == error_class::internal ||                                          \
                error_class::kind == error_class::retryable)                                       \
      << #name;
  ASH_ERROR_CATALOGUE(ASH_ROW)
#undef ASH_ROW
  EXPECT_EQ(status_of(errc::unknown_field), 422);
  EXPECT_EQ(status_of(errc::request_malformed), 400);
  EXPECT_EQ(status_of(errc::request_too_large), 413);
  EXPECT_EQ(status_of(errc::budget_exhausted), 402);
}

} // namespace
} // namespace ash::gateway
