#include "events/facts/any.hpp"

namespace ash {

any_fact::any_fact() = default;
any_fact::any_fact(const any_fact& from) = default;
any_fact::any_fact(any_fact&& from) noexcept = default;
any_fact& any_fact::operator=(const any_fact& from) = default;
any_fact& any_fact::operator=(any_fact&& from) noexcept = default;
any_fact::~any_fact() = default;

std::string_view type_of(const any_fact& fact) {
  return std::visit([](const auto& f) { return std::string_view{f.type}; }, fact);
}

} // namespace ash
