#include "events/base/error.hpp"

#include <array>
#include <cerrno>
#include <system_error>

namespace ash {
namespace {

struct row {
  std::string_view name;
  error_class kind;
};

constexpr std::array catalogue{
#define ASH_ROW(name, kind) row{#name, error_class::kind},
    ASH_ERROR_CATALOGUE(ASH_ROW)
#undef ASH_ROW
};

} // namespace

std::string_view to_string(errc code) noexcept {
  return catalogue[static_cast<std::size_t>(code)].name;
}

error_class class_of(errc code) noexcept {
  return catalogue[static_cast<std::size_t>(code)].kind;
}

std::string_view to_string(error_class kind) noexcept {
  constexpr std::array<std::string_view, 7> names{
      "invalid", "not_found", "conflict", "human_required", "limit", "retryable", "internal"};
  return names[static_cast<std::size_t>(kind)];
}

errc_lookup errc_from(std::string_view text) noexcept {
  for (std::size_t i = 0; i < catalogue.size(); ++i)
    if (catalogue[i].name == text)
      return {static_cast<errc>(i), true};
  return {errc::internal_error, false};
}

error error::with(std::string key, std::string value) && {
  details.emplace_back(std::move(key), std::move(value));
  return std::move(*this);
}

error error::with(std::string key, std::string value) const& {
  return error{*this}.with(std::move(key), std::move(value));
}

std::string to_string(const error& e) {
  std::string text{to_string(e.code)};
  text.append(": ").append(e.message);
  if (e.details.empty())
    return text;
  text += " (";
  for (std::size_t i = 0; i < e.details.size(); ++i)
    text.append(i == 0 ? "" : ", ")
        .append(e.details[i].first)
        .append("=")
        .append(e.details[i].second);
  return text + ')';
}

error system_error(std::string_view what, int number, errc fallback) {
  const auto code = number == ENOSPC || number == EDQUOT ? errc::storage_full : fallback;
  std::string message{what};
  message.append(": ").append(std::generic_category().message(number));
  return {code, std::move(message)};
}

} // namespace ash
