// What one scrape shows, as it is put together: series by metric and labels. Values are plain; the
// text form is made by prometheus-cpp at the end. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ash::gateway {

/// Label names and values, in the order of the catalogue.
using label_set = std::vector<std::pair<std::string_view, std::string>>;

/// A histogram: how many observations were at most each bound.
class spread {
public:
  /// `bounds` ascend, and are of static storage.
  explicit spread(std::span<const double> bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}

  void observe(double value);
  /// `times` observations at most `bounds[bucket]` and above the bound before it; the bucket after
  /// the last bound is for what is above all of them. Their sum comes by `add_sum`.
  void add(std::size_t bucket, std::uint64_t times);
  void add_sum(double sum) { sum_ += sum; }

  [[nodiscard]] std::span<const double> bounds() const noexcept { return bounds_; }
  [[nodiscard]] const std::vector<std::uint64_t>& counts() const noexcept { return counts_; }
  [[nodiscard]] double sum() const noexcept { return sum_; }

private:
  std::span<const double> bounds_;
  std::vector<std::uint64_t> counts_; ///< not cumulative; the last is beyond every bound
  double sum_ = 0;
};

class sheet {
public:
  sheet();
  ~sheet();
  sheet(const sheet&) = delete;
  sheet& operator=(const sheet&) = delete;

  /// A series of a counter or a gauge. `metric` is in the catalogue with these labels.
  void put(std::string_view metric, double value, const label_set& labels = {});
  void put(std::string_view metric, const spread& value, const label_set& labels = {});
  /// A summary without quantiles.
  void put_sum(std::string_view metric, double sum, std::uint64_t count);

  /// The exposition format, version 0.0.4.
  [[nodiscard]] std::string text() const;

private:
  struct families;
  std::unique_ptr<families> families_;
};

} // namespace ash::gateway
