// `match`: an overload set for std::visit.
#pragma once

namespace ash {

template <class... Arms> struct match : Arms... { using Arms::operator()...; };
template <class... Arms> match(Arms...) -> match<Arms...>;

} // namespace ash
