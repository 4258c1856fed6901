#include "gateway/metrics/sheet.hpp"

#include "events/base/check.hpp"
#include "gateway/metrics/catalogue.hpp"

#include <algorithm>
#include <limits>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sstream>

namespace ash::gateway {
namespace {

prometheus::MetricType type_of(metric_kind kind) {
  switch (kind) {
  case metric_kind::counter:
    return prometheus::MetricType::Counter;
  case metric_kind::gauge:
    return prometheus::MetricType::Gauge;
  case metric_kind::histogram:
    return prometheus::MetricType::Histogram;
  case metric_kind::summary:
    return prometheus::MetricType::Summary;
  }
  return prometheus::MetricType::Untyped;
}

std::string names_of(const label_set& labels) {
  std::string names;
  for (const auto& [name, value] : labels) {
    if (!names.empty())
      names += ", ";
    names += name;
  }
  return names;
}

} // namespace

void spread::observe(double value) {
  const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value);
  ++counts_[static_cast<std::size_t>(at - bounds_.begin())];
  sum_ += value;
}

void spread::add(std::size_t bucket, std::uint64_t times) {
  counts_[std::min(bucket, counts_.size() - 1)] += times;
}

struct sheet::families {
  std::vector<prometheus::MetricFamily> all; ///< in the order of the catalogue

  prometheus::ClientMetric& add(std::string_view metric, metric_kind kind, const label_set& labels);
};

prometheus::ClientMetric&
sheet::families::add(std::string_view metric, metric_kind kind, const label_set& labels) {
  const auto specs = metric_catalogue();
  const auto spec = std::find_if(
      specs.begin(), specs.end(), [&](const metric_spec& each) { return each.name == metric; });
  check(spec != specs.end(), "a metric is shown that the catalogue does not have");
  check(spec->labels == names_of(labels), "a metric is shown with other labels than its own");
  check(spec->kind == kind || (kind == metric_kind::gauge && spec->kind == metric_kind::counter),
        "a metric is shown as another kind");
  auto& series = all[static_cast<std::size_t>(spec - specs.begin())].metric.emplace_back();
  for (const auto& [name, value] : labels)
    series.label.push_back({std::string{name}, value});
  return series;
}

sheet::sheet() : families_(std::make_unique<families>()) {
  for (const auto& spec : metric_catalogue()) {
    families_->all.push_back(
        {std::string{spec.name}, std::string{spec.help}, type_of(spec.kind), {}});
  }
}

sheet::~sheet() = default;

void sheet::put(std::string_view metric, double value, const label_set& labels) {
  // The serializer reads the one that the family's type says.
  auto& series = families_->add(metric, metric_kind::gauge, labels);
  series.counter.value = value;
  series.gauge.value = value;
}

void sheet::put(std::string_view metric, const spread& value, const label_set& labels) {
  auto& shown = families_->add(metric, metric_kind::histogram, labels).histogram;
  const auto bounds = value.bounds();
  for (std::size_t i = 0; i < value.counts().size(); ++i) {
    shown.sample_count += value.counts()[i];
    const auto bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    shown.bucket.push_back({shown.sample_count, bound});
  }
  shown.sample_sum = value.sum();
}

void sheet::put_sum(std::string_view metric, double sum, std::uint64_t count) {
  auto& shown = families_->add(metric, metric_kind::summary, {}).summary;
  shown.sample_count = count;
  shown.sample_sum = sum;
}

std::string sheet::text() const {
  std::vector<prometheus::MetricFamily> shown;
  std::copy_if(families_->all.begin(),
               families_->all.end(),
               std::back_inserter(shown),
               [](const auto& each) { return !each.metric.empty(); });
  std::ostringstream text;
  prometheus::TextSerializer{}.Serialize(text, shown);
  return std::move(text).str();
}

} // namespace ash::gateway
