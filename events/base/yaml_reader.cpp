#include "events/base/ascii.hpp"
#include "events/base/text.hpp"
#include "events/base/yaml.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace ash::yaml {
namespace {

std::string_view describe(kind what) {
  switch (what) {
  case kind::null:
    return "nothing";
  case kind::scalar:
    return "text";
  case kind::sequence:
    return "a list";
  case kind::mapping:
    return "a mapping";
  }
  return "nothing";
}

/// As people write it: `2`, where Boost.JSON makes `2E0`.
std::string plain(double of) {
  std::array<char, 32> out{};
  return {out.data(), std::to_chars(out.data(), out.data() + out.size(), of).ptr};
}

} // namespace

// -- reading -------------------------------------------------------------------------------------

error reading::at_position(
    errc code, int line, int column, std::string_view path, std::string message) const {
  auto text = source_.file + ':' + std::to_string(line) + ':' + std::to_string(column) + ": ";
  if (!path.empty())
    text += "field '" + printable(path) + "': ";
  return refuse(code, text + message)
      .with("file", source_.file)
      .with("line", std::to_string(line))
      .with("column", std::to_string(column))
      .with("field", std::string{path});
}

void reading::fail(const node& at, std::string_view path, std::string message) {
  fail(code_, at.line, at.column, path, std::move(message));
}

void reading::fail(errc code, int line, int column, std::string_view path, std::string message) {
  if (!first_)
    first_ = at_position(code, line, column, path, std::move(message));
}

void reading::fail_missing(const node& owner, std::string_view path) {
  if (!missing_)
    missing_ = at_position(code_, owner.line, owner.column, path, "a required field is missing");
}

result<> reading::outcome() const {
  if (first_)
    return *first_;
  if (missing_)
    return *missing_;
  return success();
}

// -- object_reader -------------------------------------------------------------------------------

object_reader::object_reader(reading& in, const node& at, std::string path)
    : in_(&in), at_(&at), path_(std::move(path)) {
  if (at.what != kind::mapping)
    in.fail(at, path_, "expected a mapping, found " + std::string{describe(at.what)});
}

std::string object_reader::path(std::string_view name) const {
  if (name.empty())
    return path_;
  return path_.empty() ? std::string{name} : path_ + '.' + std::string{name};
}

const node* object_reader::take(std::string_view name) {
  known_.emplace_back(name);
  return at_->find(name);
}

const node* object_reader::require(std::string_view name) {
  const auto* found = take(name);
  // Not a mapping: that has been reported already and explains the absence.
  if (!found && at_->what == kind::mapping)
    in_->fail_missing(*at_, path(name));
  return found;
}

void object_reader::wrong(std::string_view name, const node& found, std::string_view expected) {
  auto what = std::string{describe(found.what)};
  if (found.what == kind::scalar)
    what = "'" + printable(utf8_prefix(found.text, 80)) + "'";
  in_->fail(found, path(name), "expected " + std::string{expected} + ", found " + what);
}

std::optional<std::string> object_reader::as_text(std::string_view name, const node& found) {
  if (found.what == kind::scalar && !found.text.empty())
    return found.text;
  wrong(name, found, "text");
  return std::nullopt;
}

std::string object_reader::text(std::string_view name) {
  const auto* found = require(name);
  return found ? as_text(name, *found).value_or("") : "";
}

std::optional<std::string> object_reader::text_if(std::string_view name) {
  const auto* found = take(name);
  return found ? as_text(name, *found) : std::nullopt;
}

std::optional<std::int64_t>
object_reader::as_integer(std::string_view name, const node& found, int_range b) {
  std::int64_t value = 0;
  const auto& text = found.text;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto whole = ec == std::errc{} && end == text.data() + text.size();
  if (found.what == kind::scalar && !found.quoted && whole && value >= b.min && value <= b.max)
    return value;
  auto expected = "an integer from " + std::to_string(b.min);
  if (b.max != std::numeric_limits<std::int64_t>::max())
    expected += " to " + std::to_string(b.max);
  wrong(name, found, expected);
  return std::nullopt;
}

std::int64_t object_reader::integer(std::string_view name, int_range bounds) {
  const auto* found = require(name);
  return found ? as_integer(name, *found, bounds).value_or(0) : 0;
}

std::optional<std::int64_t> object_reader::integer_if(std::string_view name, int_range bounds) {
  const auto* found = take(name);
  return found ? as_integer(name, *found, bounds) : std::nullopt;
}

std::optional<double> object_reader::number_if(std::string_view name, double min, double max) {
  const auto* found = take(name);
  if (!found)
    return std::nullopt;
  double value = 0;
  const auto& text = found->text;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto whole = ec == std::errc{} && end == text.data() + text.size();
  if (found->what == kind::scalar && !found->quoted && whole && std::isfinite(value) &&
      value >= min && value <= max)
    return value;
  wrong(name, *found, "a number from " + plain(min) + " to " + plain(max));
  return std::nullopt;
}

std::optional<bool> object_reader::boolean_if(std::string_view name) {
  const auto* found = take(name);
  if (!found)
    return std::nullopt;
  if (!found->quoted && (found->text == "true" || found->text == "false"))
    return found->text == "true";
  wrong(name, *found, "true or false");
  return std::nullopt;
}

std::optional<usd> object_reader::as_money(std::string_view name, const node& found) {
  if (found.what == kind::scalar)
    if (const auto amount = parse_usd(found.text); amount && amount.value().pico >= 0)
      return amount.value();
  wrong(name, found, "an amount of dollars such as 0.25");
  return std::nullopt;
}

usd object_reader::money(std::string_view name) {
  const auto* found = require(name);
  return found ? as_money(name, *found).value_or(usd{}) : usd{};
}

std::optional<usd> object_reader::money_if(std::string_view name) {
  const auto* found = take(name);
  return found ? as_money(name, *found) : std::nullopt;
}

std::vector<std::string> object_reader::texts_if(std::string_view name) {
  return maybe_texts(name).value_or(std::vector<std::string>{});
}

std::optional<std::vector<std::string>> object_reader::maybe_texts(std::string_view name) {
  const auto* found = take(name);
  if (!found)
    return std::nullopt;
  std::vector<std::string> texts;
  if (found->what != kind::sequence)
    wrong(name, *found, "a list of texts");
  for (std::size_t i = 0; i < found->items.size(); ++i)
    if (auto text = as_text(std::string{name} + '[' + std::to_string(i) + ']', found->items[i]))
      texts.push_back(std::move(*text));
  return texts;
}

object_reader object_reader::object(std::string_view name) {
  static const node absent{.what = kind::mapping};
  const auto* found = require(name);
  return {*in_, found ? *found : absent, path(name)};
}

std::optional<object_reader> object_reader::object_if(std::string_view name) {
  const auto* found = take(name);
  if (!found)
    return std::nullopt;
  return object_reader{*in_, *found, path(name)};
}

std::vector<object_reader> object_reader::as_objects(std::string_view name, const node& found) {
  std::vector<object_reader> readers;
  if (found.what != kind::sequence)
    wrong(name, found, "a list of mappings");
  for (std::size_t i = 0; i < found.items.size(); ++i)
    readers.emplace_back(*in_, found.items[i], path(name) + '[' + std::to_string(i) + ']');
  return readers;
}

std::vector<object_reader> object_reader::objects(std::string_view name) {
  const auto* found = require(name);
  return found ? as_objects(name, *found) : std::vector<object_reader>{};
}

std::vector<object_reader> object_reader::objects_if(std::string_view name) {
  const auto* found = take(name);
  return found ? as_objects(name, *found) : std::vector<object_reader>{};
}

std::vector<std::pair<std::string, object_reader>>
object_reader::named_objects_if(std::string_view name) {
  std::vector<std::pair<std::string, object_reader>> readers;
  const auto* found = take(name);
  if (found && found->what != kind::mapping)
    wrong(name, *found, "a mapping");
  if (found)
    for (const auto& each : found->entries)
      readers.emplace_back(each.key, object_reader{*in_, each.value, path(name) + '.' + each.key});
  return readers;
}

std::optional<std::size_t> object_reader::as_one_of(std::string_view name,
                                                    const node& found,
                                                    const std::vector<std::string_view>& allowed) {
  std::string expected = "one of ";
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (found.what == kind::scalar && found.text == allowed[i])
      return i;
    expected += (i == 0 ? "" : ", ") + std::string{allowed[i]};
  }
  wrong(name, found, expected);
  return std::nullopt;
}

std::size_t object_reader::one_of(std::string_view name,
                                  const std::vector<std::string_view>& allowed) {
  const auto* found = require(name);
  return found ? as_one_of(name, *found, allowed).value_or(0) : 0;
}

std::optional<std::size_t> object_reader::one_of_if(std::string_view name,
                                                    const std::vector<std::string_view>& allowed) {
  const auto* found = take(name);
  return found ? as_one_of(name, *found, allowed) : std::nullopt;
}

const node* object_reader::any_if(std::string_view name) {
  return take(name);
}

void object_reader::fail(std::string_view name, std::string message) {
  const auto* found = at_->find(name);
  in_->fail(found ? *found : *at_, path(name), std::move(message));
}

void object_reader::finish() {
  for (const auto& each : at_->entries) {
    if (std::find(known_.begin(), known_.end(), each.key) != known_.end())
      continue;
    in_->fail(errc::unknown_field,
              each.line,
              each.column,
              path(each.key),
              "unknown field; known here: " + joined(known_));
    return;
  }
}

} // namespace ash::yaml
