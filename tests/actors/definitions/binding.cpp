// Who is bound to a role, and why nobody is.
#include "actors/definitions/binding.hpp"

#include <gmock/gmock.h>

namespace ash::definitions {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

persona who(std::string name,
            std::string model,
            std::vector<std::string> capabilities = {"write"},
            std::int64_t version = 1) {
  persona out;
  out.name = std::move(name);
  out.version = version;
  out.model = std::move(model);
  out.backend = out.model.substr(0, out.model.find(':'));
  out.capabilities = std::move(capabilities);
  out.system_prompt = "x";
  return out;
}

role needs(std::string name,
           std::vector<std::string> capabilities = {"write"},
           std::vector<std::string> backends = {}) {
  return {std::move(name), std::move(capabilities), std::move(backends), {}, diversity::prefer};
}

workflow of(std::vector<role> roles) {
  workflow out;
  out.name = "w";
  out.roles = std::move(roles);
  return out;
}

role distinct(role from, std::vector<std::string> others, diversity how) {
  from.distinct_from = std::move(others);
  from.diversity = how;
  return from;
}

/// The identities in the order of the roles, or the error.
std::string bound(const result<std::vector<binding>>& outcome) {
  if (!outcome)
    return to_string(outcome.error());
  std::string out;
  for (const auto& each : outcome.value())
    out += (out.empty() ? "" : " ") + identity(each.persona);
  return out;
}

TEST(binding, prefers_the_backend_that_comes_first_in_the_role) {
  const std::vector people{who("a", "openai:m"), who("b", "anthropic:m"), who("c", "other:m")};
  EXPECT_EQ(bound(definitions::bind(of({needs("r", {"write"}, {"anthropic", "openai"})}), people)),
            "b@1");
  EXPECT_EQ(bound(definitions::bind(of({needs("r", {"write"}, {"none"})}), people)), "a@1");
}

TEST(binding, takes_the_newest_version_then_the_name) {
  const std::vector people{
      who("b", "x:m", {"write"}, 1), who("b", "x:m", {"write"}, 3), who("a", "x:m", {"write"}, 2)};
  EXPECT_EQ(bound(definitions::bind(of({needs("r")}), people)), "b@3");
  EXPECT_EQ(bound(definitions::bind(of({needs("r")}), {people[0], who("a", "x:m")})), "a@1");
}

TEST(binding, does_not_depend_on_the_order_of_the_personas) {
  std::vector people{who("a", "x:m"), who("b", "y:m"), who("c", "x:n", {"write"}, 2)};
  const auto what =
      of({needs("r", {"write"}, {"y", "x"}), distinct(needs("s"), {"r"}, diversity::require)});
  const auto first = bound(definitions::bind(what, people));
  std::reverse(people.begin(), people.end());
  EXPECT_EQ(bound(definitions::bind(what, people)), first);
}

TEST(binding, skips_what_lacks_a_capability_or_can_not_be_used) {
  const std::vector people{who("a", "y:m", {}), who("b", "y:m"), who("c", "z:m"), who("d", "z:m")};
  availability usable;
  usable.backend_problem = [](const std::string& backend) {
    return backend == "y" ? std::optional<std::string>{"no key is set"} : std::nullopt;
  };
  usable.consented = [](const persona& p) { return p.name != "c"; };
  EXPECT_EQ(bound(definitions::bind(of({needs("r")}), people, usable)), "d@1");
  const auto nobody =
      definitions::bind(of({needs("r")}), {people[0], people[1], people[2]}, usable);
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().code, errc::no_eligible_persona);
  EXPECT_THAT(nobody.error().details,
              ElementsAre(
                  std::pair<std::string, std::string>{
                      "b@1", "the backend 'y' can't be used: no key is set"},
                  std::pair<std::string, std::string>{"c@1", "nobody has consented to it"},
                  std::pair<std::string, std::string>{"a@1", "lacks the capability 'write'"}))
      << "what a key or a consent would mend comes first";
  EXPECT_EQ(definitions::bind(of({needs("r")}), {}).error().code, errc::no_eligible_persona);
}

TEST(binding, is_distinct_where_it_can_be_and_falls_back_where_that_is_preferred_only) {
  const auto what = of({needs("r"), distinct(needs("s"), {"r"}, diversity::prefer)});
  EXPECT_EQ(bound(definitions::bind(what, {who("a", "x:m"), who("b", "x:m"), who("c", "x:n")})),
            "a@1 c@1");
  EXPECT_EQ(bound(definitions::bind(what, {who("a", "x:m"), who("b", "x:m")})), "a@1 b@1");
  const auto alone = definitions::bind(what, {who("a", "x:m")});
  EXPECT_EQ(bound(alone), "a@1 a@1");
  EXPECT_THAT(alone.value()[1].reasons, testing::Contains("no distinct persona is eligible"));
}

TEST(binding, fails_where_distinct_is_required_and_nobody_is_left) {
  const auto what = of({needs("r"), distinct(needs("s"), {"r"}, diversity::require)});
  EXPECT_EQ(bound(definitions::bind(what, {who("a", "x:m"), who("b", "x:m")})), "a@1 b@1");
  EXPECT_EQ(definitions::bind(what, {who("a", "x:m"), who("a", "x:m", {"write"}, 2)}).error().code,
            errc::binding_diversity_unsatisfied);
}

TEST(binding, obeys_an_override_and_stores_the_hash) {
  const std::vector people{
      who("a", "x:m"), who("b", "x:m", {"write"}, 1), who("b", "x:m", {"write"}, 2)};
  const auto newest = definitions::bind(of({needs("r")}), people, {}, {{{"r", "b"}}, {}});
  EXPECT_EQ(bound(newest), "b@2");
  EXPECT_EQ(newest.value()[0].hash, hash_of(people[2]));
  EXPECT_THAT(newest.value()[0].reasons, ElementsAre("chosen by the user"));
  EXPECT_EQ(bound(definitions::bind(of({needs("r")}), people, {}, {{{"r", "b@1"}}, {}})), "b@1");
}

TEST(binding, says_why_an_override_is_not_eligible) {
  const std::vector people{who("a", "x:m"), who("b", "y:m", {})};
  availability usable;
  usable.backend_problem = [](const std::string& b) {
    return b == "y" ? std::optional<std::string>{"down"} : std::nullopt;
  };
  usable.consented = [](const persona& p) { return p.name != "b"; };
  const auto refused = definitions::bind(of({needs("r")}), people, usable, {{{"r", "b"}}, {}});
  EXPECT_EQ(refused.error().code, errc::binding_override_ineligible);
  EXPECT_THAT(refused.error().details,
              testing::Contains(std::pair<std::string, std::string>{
                  "reasons", "missing_capability,backend_unavailable,consent_missing"}));
  const auto same = of({needs("r"), distinct(needs("s"), {"r"}, diversity::require)});
  const auto violation = definitions::bind(same, people, usable, {{{"s", "a@1"}}, {}});
  EXPECT_THAT(
      violation.error().details,
      testing::Contains(std::pair<std::string, std::string>{"reasons", "diversity_violation"}));
  const auto unknown = definitions::bind(of({needs("r")}), people, {}, {{{"r", "aa"}}, {}});
  EXPECT_EQ(unknown.error().code, errc::persona_not_found);
  EXPECT_THAT(unknown.error().message, HasSubstr("the nearest are 'a@1'"));
  EXPECT_EQ(definitions::bind(of({needs("r")}), people, {}, {{{"x", "a"}}, {}}).error().code,
            errc::argument_invalid);
}

TEST(binding, uses_one_model_for_all_where_the_user_names_one) {
  availability usable;
  usable.backend_problem = [](const std::string& b) {
    return b == "scripted" ? std::nullopt : std::optional<std::string>{"no key"};
  };
  auto one = who("a", "openai:m");
  one.fallback_models = {"openai:n"};
  const auto outcome = definitions::bind(of({needs("r")}), {one}, usable, {{}, "scripted:f.yaml"});
  ASSERT_TRUE(outcome.has_value()) << to_string(outcome.error());
  EXPECT_EQ(outcome.value()[0].persona.model, "scripted:f.yaml");
  EXPECT_EQ(outcome.value()[0].persona.backend, "scripted");
  EXPECT_TRUE(outcome.value()[0].persona.fallback_models.empty());
  EXPECT_EQ(outcome.value()[0].hash, hash_of(outcome.value()[0].persona));
  EXPECT_EQ(definitions::bind(of({needs("r")}), {one}, usable, {{}, "nonsense"}).error().code,
            errc::argument_invalid);
}

/// The candidates of a role, each as `name@version:place`, the chosen one with a star.
std::string seen(const role_view& of) {
  std::string out;
  for (const auto& each : of.candidates)
    out += (out.empty() ? "" : " ") + each.persona + ':' + std::to_string(each.place) +
           (each.chosen ? "*" : "");
  return out;
}

TEST(binding, explains_who_is_chosen_and_what_speaks_against_the_others) {
  const std::vector people{who("a", "openai:m"),
                           who("b", "anthropic:m"),
                           who("c", "openai:m", {"read"}),
                           who("d", "other:m")};
  availability usable;
  usable.backend_problem = [](const std::string& backend) {
    return backend == "other" ? std::optional<std::string>{"no key"} : std::nullopt;
  };
  usable.consented = [](const persona& one) { return one.name != "d"; };
  const auto told =
      definitions::explain(of({needs("r", {"write"}, {"anthropic"})}), people, usable);
  ASSERT_TRUE(told.has_value()) << to_string(told.error());
  ASSERT_EQ(told.value().size(), 1U);
  const auto& role = told.value()[0];
  EXPECT_EQ(seen(role), "b@1:1* a@1:2 c@1:0 d@1:0");
  EXPECT_THAT(role.reasons, ElementsAre(HasSubstr("is choice 1 of the role")));
  EXPECT_FALSE(role.problem);
  ASSERT_EQ(role.candidates[2].against.size(), 1U);
  EXPECT_EQ(role.candidates[2].against[0].first, "missing_capability");
  ASSERT_EQ(role.candidates[3].against.size(), 2U);
  EXPECT_EQ(role.candidates[3].against[0].first, "backend_unavailable");
  EXPECT_THAT(role.candidates[3].against[0].second, HasSubstr("no key"));
  EXPECT_EQ(role.candidates[3].against[1].first, "consent_missing");
}

TEST(binding, explains_the_roles_after_one_that_nobody_can_have) {
  const std::vector people{who("a", "openai:m"), who("b", "openai:n")};
  const auto told =
      definitions::explain(of({needs("first", {"fly"}),
                               needs("second"),
                               distinct(needs("third"), {"second"}, diversity::require)}),
                           people);
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(seen(told.value()[0]), "a@1:0 b@1:0");
  ASSERT_TRUE(told.value()[0].problem);
  EXPECT_EQ(told.value()[0].problem->code, errc::no_eligible_persona);
  EXPECT_EQ(seen(told.value()[1]), "a@1:1* b@1:2");
  EXPECT_EQ(seen(told.value()[2]), "a@1:1 b@1:2*");
  ASSERT_EQ(told.value()[2].candidates[0].against.size(), 1U);
  EXPECT_EQ(told.value()[2].candidates[0].against[0].first, "diversity_violation");
}

TEST(binding, explains_an_override_and_agrees_with_what_is_bound) {
  const std::vector people{who("a", "openai:m"), who("b", "openai:m", {"read"})};
  bind_options options;
  options.overrides = {{"r", "b"}};
  const auto told = definitions::explain(of({needs("r")}), people, {}, options);
  ASSERT_TRUE(told.has_value());
  ASSERT_TRUE(told.value()[0].problem);
  EXPECT_EQ(told.value()[0].problem->code, errc::binding_override_ineligible);
  options.overrides = {{"nobody", "b"}};
  EXPECT_EQ(definitions::explain(of({needs("r")}), people, {}, options).error().code,
            errc::argument_invalid);
  options.overrides.clear();
  options.model = "x:y";
  const auto same = definitions::explain(of({needs("r")}), people, {}, options);
  ASSERT_TRUE(same.has_value());
  EXPECT_EQ(same.value()[0].candidates[0].model, "x:y");
  EXPECT_EQ(bound(definitions::bind(of({needs("r")}), people, {}, options)),
            same.value()[0].candidates[0].persona);
}

} // namespace
} // namespace ash::definitions
