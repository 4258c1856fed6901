// `result<T>`: a value or an `error`, aliased once over Boost.Outcome.
#pragma once

#include "events/base/error.hpp"

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/success_failure.hpp>
#include <boost/outcome/try.hpp>

namespace ash {

namespace outcome = BOOST_OUTCOME_V2_NAMESPACE;

/// A value, or the reason why there is none. Reading the wrong side terminates.
template <class T = void>
using result = outcome::basic_result<T, error, outcome::policy::terminate>;

using outcome::success;

/// An error with a code and a message, ready to be returned from a function that gives a `result`.
inline error refuse(errc code, std::string message) {
  return {code, std::move(message)};
}

} // namespace ash

/// Returns the error of an expression to the caller, or binds its value: `TRY(auto x, f());`
#define TRY(...) BOOST_OUTCOME_TRY(__VA_ARGS__)
