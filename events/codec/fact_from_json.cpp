#include "events/codec/fact_from_json.hpp"

#include "events/codec/shape.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <cstdio>
#include <unordered_map>

namespace ash::codec {
namespace {

/// A member that can't be read, as a path; empty while everything could.
using fault = std::string;

template <class T> bool read(const json::value& from, T& to, fault& at);

bool read_text(const json::value& from, std::string_view& to) {
  const auto* text = from.if_string();
  if (text == nullptr)
    return false;
  to = {text->data(), text->size()};
  return true;
}

/// What `to_iso` made.
bool read_instant(std::string_view text, instant& to) {
  const std::string whole{text};
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  long fraction = 0;
  int end = 0;
  const auto count = std::sscanf(whole.c_str(),
                                 "%4d-%2u-%2uT%2d:%2d:%2d.%6ldZ%n",
                                 &year,
                                 &month,
                                 &day,
                                 &hour,
                                 &minute,
                                 &second,
                                 &fraction,
                                 &end);
  const std::chrono::year_month_day date{
      std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  if (count != 7 || static_cast<std::size_t>(end) != whole.size() || !date.ok())
    return false;
  const auto days = std::chrono::sys_days{date}.time_since_epoch().count();
  to.us = (((days * 24 + hour) * 60 + minute) * 60 + second) * us_per_s + fraction;
  return true;
}

template <class T> bool read_scalar(const json::value& from, T& to) {
  std::string_view text;
  if constexpr (std::same_as<T, bool>) {
    if (from.is_bool())
      to = from.get_bool();
    return from.is_bool();
  } else if constexpr (std::same_as<T, usd>) {
    const auto amount =
        read_text(from, text) ? parse_usd(text) : refuse(errc::argument_invalid, "");
    if (amount)
      to = amount.value();
    return amount.has_value();
  } else if constexpr (std::same_as<T, instant>) {
    return read_text(from, text) && read_instant(text, to);
  } else if constexpr (std::is_enum_v<T>) {
    auto found = false;
    if (read_text(from, text))
      boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto each) {
        if (text == each.name) {
          to = each.value;
          found = true;
        }
      });
    return found;
  } else {
    json::error_code failed;
    if (from.is_number())
      to = from.to_number<T>(failed);
    return from.is_number() && !failed;
  }
}

bool read_one(const json::value& from, std::string& to) {
  std::string_view text;
  if (!read_text(from, text))
    return false;
  to = text;
  return true;
}

bool read_one(const json::value& from, stream_id& to) {
  std::string_view text;
  if (!read_text(from, text))
    return false;
  if (text.empty()) {
    to = {};
    return true;
  }
  auto parsed = stream_id::parse(text);
  if (parsed)
    to = std::move(parsed).value();
  return parsed.has_value();
}

template <class T> bool read_uuid(const json::value& from, T& to) {
  std::string_view text;
  if (!read_text(from, text))
    return false;
  const auto parsed = parse_uuid(text);
  if (parsed)
    uuid_of(to) = parsed.value();
  return parsed.has_value();
}

template <class T> bool read_list(const json::value& from, T& to, fault& at) {
  static_assert(is_made_of<T, std::vector>::value, "no fact holds another list");
  const auto* items = from.if_array();
  if (items == nullptr)
    return false;
  to.clear();
  for (const auto& item : *items)
    if (!read(item, to.emplace_back(), at))
      return false;
  return true;
}

template <class T> bool read_members(const json::value& from, T& to, fault& at) {
  const auto* object = from.if_object();
  if (object == nullptr)
    return false;
  auto good = true;
  boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
    const auto* value = good ? object->if_contains(member.name) : nullptr;
    if (value == nullptr || read(*value, to.*member.pointer, at))
      return;
    good = false;
    at = "/" + std::string{member.name} + at;
  });
  return good;
}

template <class T> bool read(const json::value& from, T& to, fault& at) {
  constexpr auto form = shape_of<T>;
  if constexpr (interned_type<T>) {
    auto held = *to;
    const auto good = read(from, held, at);
    to = std::move(held);
    return good;
  } else if constexpr (form == shape::scalar) {
    return read_scalar(from, to);
  } else if constexpr (form == shape::uuid) {
    return read_uuid(from, to);
  } else if constexpr (form == shape::text) {
    return read_one(from, to);
  } else if constexpr (form == shape::list) {
    return read_list(from, to, at);
  } else if constexpr (form == shape::optional) {
    if (from.is_null()) {
      to = T{};
      return true;
    }
    typename T::value_type held{};
    if (!read(from, held, at))
      return false;
    to = std::move(held);
    return true;
  } else {
    return read_members(from, to, at);
  }
}

using reader = bool (*)(const json::value&, any_fact&, fault&);

template <class Fact> bool read_fact(const json::value& from, any_fact& to, fault& at) {
  return read_members(from, to.emplace<Fact>(), at);
}

const std::unordered_map<std::string_view, reader>& readers() {
  static const auto all = [] {
    std::unordered_map<std::string_view, reader> table;
    boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, every_fact>>(
        [&](auto each) {
          using fact = typename decltype(each)::type;
          table.emplace(fact::type, &read_fact<fact>);
        });
    return table;
  }();
  return all;
}

} // namespace

result<any_fact> fact_from_json(std::string_view type, const json::value& data) {
  const auto found = readers().find(type);
  if (found == readers().end())
    return refuse(errc::argument_invalid,
                  "the fact '" + std::string{type} +
                      "' is not known here: it is of a newer version");
  any_fact out;
  fault at;
  if (!found->second(data, out, at))
    return refuse(errc::argument_invalid,
                  "the fact '" + std::string{type} + "' can't be read at '" + at + "'");
  return out;
}

result<instant> instant_from_json(const json::value& text) {
  instant out;
  if (!read_scalar(text, out))
    return refuse(errc::argument_invalid, "a time is not as ISO 8601 has it");
  return out;
}

} // namespace ash::codec
