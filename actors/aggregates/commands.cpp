#include "actors/aggregates/commands.hpp"

namespace ash {

any_command::any_command() = default;
any_command::any_command(const any_command& from) = default;
any_command::any_command(any_command&& from) noexcept = default;
any_command& any_command::operator=(const any_command& from) = default;
any_command& any_command::operator=(any_command&& from) noexcept = default;
any_command::~any_command() = default;

} // namespace ash
