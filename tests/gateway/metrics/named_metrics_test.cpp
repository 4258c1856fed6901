// The names in the documents and in what is deployed, against the catalogue.
#include "gateway/metrics/catalogue.hpp"
#include "tests/gateway/metrics/samples.hpp"

#include <algorithm>
#include <fstream>
#include <gmock/gmock.h>
#include <iterator>
#include <regex>
#include <set>

namespace ash::gateway {
namespace {

std::string file_text(const std::string& path) {
  std::ifstream file{std::string{PROJECT_FOLDER} + "/" + path};
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// Every name in a text that looks like a metric of ours.
std::set<std::string> metrics_named_in(const std::string& text) {
  static const std::regex name{
      R"((actor_shell|gen_ai_(client|execute_tool)|http_server|process)_\w+)"};
  std::set<std::string> found;
  for (auto at = std::sregex_iterator{text.begin(), text.end(), name}; at != std::sregex_iterator{};
       ++at)
    found.insert(at->str());
  return found;
}

/// The names of all series that a metric gives.
std::set<std::string> known_series() {
  std::set<std::string> known;
  for (const auto& each : metric_catalogue()) {
    const std::string name{each.name};
    known.insert(name);
    if (each.kind == metric_kind::histogram)
      known.insert(name + "_bucket");
    if (each.kind == metric_kind::histogram || each.kind == metric_kind::summary) {
      known.insert(name + "_sum");
      known.insert(name + "_count");
    }
  }
  return known;
}

void expect_all_known(const std::string& path) {
  const auto named = metrics_named_in(file_text(path));
  EXPECT_GT(named.size(), 5U) << path << " names hardly any metric";
  const auto known = known_series();
  for (const auto& name : named)
    EXPECT_TRUE(known.contains(name)) << path << " names " << name << ", which there is not";
}

TEST(named_metrics, of_the_dashboard_exist) {
  expect_all_known("deploy/grafana/dashboards/actor-shell.json");
}

TEST(named_metrics, of_the_alert_rules_exist) {
  expect_all_known("deploy/prometheus/rules.yml");
}

TEST(named_metrics, are_all_documented_as_they_are) {
  const auto page = file_text("docs/metrics.md");
  for (const auto& each : metric_catalogue()) {
    const auto row = "| `" + std::string{each.name} + "` | " + std::string{to_string(each.kind)} +
                     " | " + std::string{each.labels} + " | " + std::string{each.help} + " |\n";
    EXPECT_THAT(page, testing::HasSubstr(row)) << "the row in docs/metrics.md should be\n" << row;
  }
  const auto known = known_series();
  for (const auto& name : metrics_named_in(page))
    EXPECT_TRUE(known.contains(name)) << "docs/metrics.md names " << name;
}

TEST(named_metrics, are_all_shown_once_every_part_is_there) {
  fact_writer facts;
  metrics figures{facts.log(), all_sources()};
  write_everything(facts);
  facts.write(stream_of_budget("run:x"), budget::exhausted{});
  facts.write(stream_of(phase_id{random_uuid()}), turn::model_fell_back{});
  figures.on_answered("api", "GET", std::chrono::milliseconds{2});
  const auto text = settled_text(figures, facts.log());
  for (const auto& each : metric_catalogue())
    EXPECT_THAT(text, testing::HasSubstr("# TYPE " + std::string{each.name} + " "));
}

} // namespace
} // namespace ash::gateway
