#include "gateway/api/router.hpp"

#include "events/base/check.hpp"
#include "events/base/json.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/input.hpp"

#include <boost/json/array.hpp>
#include <gtest/gtest.h>

namespace ash::gateway::api {
namespace {

request a_request(std::string method, std::string path) {
  request out;
  out.method = std::move(method);
  out.path = std::move(path);
  return out;
}

router a_router() {
  router out;
  const auto echo = [](std::string name) {
    return [name](const call& asked) -> result<response> {
      json::object shown{{"route", name}};
      for (const auto& [key, value] : asked.parameters)
        shown[key] = value;
      return json_answer(shown);
    };
  };
  out.add("GET", "/things", echo("list"));
  out.add("POST", "/things", echo("make"));
  out.add("GET", "/things/{thing}", echo("one"));
  out.add("GET", "/feeds/{feed...}/events", echo("events"));
  out.add("GET", "/feeds/{feed...}", echo("feed"));
  out.add("GET", "/broken", [](const call&) -> result<response> {
    check(false, "it can't be");
    return response{};
  });
  return out;
}

std::string asked(const std::string& method, const std::string& path) {
  return a_router().answer(a_request(method, path)).body;
}

std::string code(const response& of) {
  const auto body = parse_json(of.body, "body");
  return body ? std::string{body.value().at("code").as_string()} : of.body;
}

TEST(router, takes_parameters_out_of_the_path) {
  EXPECT_EQ(asked("GET", "/things"), R"({"route":"list"})");
  EXPECT_EQ(asked("POST", "/things"), R"({"route":"make"})");
  EXPECT_EQ(asked("GET", "/things/7"), R"({"route":"one","thing":"7"})");
  EXPECT_EQ(asked("GET", "/feeds/all/events"), R"({"route":"events","feed":"all"})");
  EXPECT_EQ(asked("GET", "/feeds/run/7/events"), R"({"route":"events","feed":"run/7"})");
  EXPECT_EQ(asked("GET", "/feeds/run/7"), R"({"route":"feed","feed":"run/7"})");
}

TEST(router, refuses_what_it_does_not_know) {
  for (const auto* path : {"/", "", "/thing", "/things/", "/things/7/8", "/feeds", "/feeds//x"})
    EXPECT_EQ(code(a_router().answer(a_request("GET", path))), "route_not_found") << path;
  const auto wrong = a_router().answer(a_request("DELETE", "/things"));
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at(0).second, "GET, POST");
}

TEST(router, answers_head_like_get_without_a_body) {
  const auto answer = a_router().answer(a_request("HEAD", "/things"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
}

TEST(router, turns_a_broken_invariant_into_a_problem) {
  const auto answer = a_router().answer(a_request("GET", "/broken"));
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(code(answer), "internal_error");
}

// -- bodies and queries ---------------------------------------------------------------------------

struct read_body {
  std::string name;
  std::optional<std::string> colour;
  std::map<std::string, std::string> parts;
  std::optional<usd> price;
};

result<read_body> read(const std::string& text, const std::string& type = "application/json") {
  auto from = a_request("POST", "/");
  from.headers["content-type"] = type;
  from.body = text;
  TRY(auto body, body_reader::of({from}));
  read_body out;
  out.name = body.text("name");
  out.colour = body.optional_text("colour");
  out.parts = body.optional_texts("parts");
  out.price = body.optional_usd("price");
  TRY(body.done());
  return out;
}

std::string fault(const std::string& text, const std::string& type = "application/json") {
  const auto wrong = read(text, type);
  if (wrong)
    return "none";
  const auto& why = wrong.error();
  return std::string{to_string(why.code)} +
         (why.details.empty() ? "" : " " + why.details.front().second);
}

TEST(body, is_read_strictly_and_its_faults_name_the_field) {
  const auto good = read(R"({"name": "n", "parts": {"a": "b"}, "price": "0.5"})",
                         "application/json; charset=utf-8");
  ASSERT_TRUE(good);
  EXPECT_EQ(good.value().name, "n");
  EXPECT_EQ(good.value().parts.at("a"), "b");
  EXPECT_EQ(good.value().price, usd{500'000'000'000});
  EXPECT_FALSE(good.value().colour);
  EXPECT_EQ(fault(R"({"name": "n", "nmae": 1})"), "unknown_field /nmae");
  EXPECT_EQ(fault("{}"), "argument_invalid /name");
  EXPECT_EQ(fault(""), "argument_invalid /name");
  EXPECT_EQ(fault(R"({"name": ""})"), "argument_invalid /name");
  EXPECT_EQ(fault(R"({"name": 7})"), "argument_invalid /name");
  EXPECT_EQ(fault(R"({"name": "n", "colour": null})"), "argument_invalid /colour");
  EXPECT_EQ(fault(R"({"name": "n", "parts": []})"), "argument_invalid /parts");
  EXPECT_EQ(fault(R"({"name": "n", "parts": {"a": 1}})"), "argument_invalid /parts/a");
  for (const auto* price : {"\"0\"", "\"-1\"", "\"1e3\"", "\"99999999\"", "1"})
    EXPECT_EQ(fault(R"({"name": "n", "price": )" + std::string{price} + "}"),
              "argument_invalid /price")
        << price;
  EXPECT_EQ(fault("[]"), "argument_invalid ");
  EXPECT_EQ(fault("{"), "request_malformed");
  EXPECT_EQ(fault(R"({"name": "a", "name": "b"})"), "request_malformed");
  EXPECT_EQ(fault("{}", "text/plain"), "request_malformed");
}

TEST(query, is_read_strictly) {
  auto from = a_request("GET", "/");
  from.query = {{"limit", "7"}, {"state", "open"}};
  query_reader some{{from}};
  EXPECT_EQ(some.number("limit", 1, 10), 7U);
  EXPECT_EQ(some.done().error().code, errc::unknown_field);
  EXPECT_EQ(some.rest(), (std::map<std::string, std::string>{{"state", "open"}}));
  EXPECT_TRUE(some.done());
  query_reader bounded{{from}};
  EXPECT_FALSE(bounded.number("limit", 1, 6));
  EXPECT_EQ(bounded.text("state"), "open");
  EXPECT_EQ(bounded.done().error().code, errc::argument_invalid);
}

// -- etags ----------------------------------------------------------------------------------------

TEST(etag, answers_304_where_the_client_has_it) {
  auto from = a_request("GET", "/");
  const json::object body{{"a", 1}};
  const auto first = one({from}, body);
  ASSERT_EQ(first.headers.at(0).first, "ETag");
  const auto tag = first.headers.at(0).second;
  for (const auto& known : {tag, tag.substr(2), "\"x\", " + tag, std::string{"*"}}) {
    from.headers["if-none-match"] = known;
    const auto again = one({from}, body);
    EXPECT_EQ(again.status, 304) << known;
    EXPECT_EQ(again.body, "");
  }
  EXPECT_EQ(one({from}, json::object{{"a", 2}}).status, 304) << "* stands for anything";
  from.headers["if-none-match"] = tag;
  EXPECT_EQ(one({from}, json::object{{"a", 2}}).status, 200);
}

} // namespace
} // namespace ash::gateway::api
