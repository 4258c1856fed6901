// The desktop's keyring, through libsecret. It may be absent, locked or slow: each call answers
// within its time limit, and at once where there is no session bus. It holds nothing itself.
#pragma once

#include "events/base/result.hpp"

#include <optional>
#include <string>

namespace ash::secrets {

constexpr int keyring_limit_ms = 3'000;

/// Errors of all of these: `store_unavailable`, with why there is no keyring or what it answered.
/// One that did not answer in time is not asked again for a while.
result<std::optional<std::string>> find_in_keyring(const std::string& provider);
result<void> keep_in_keyring(const std::string& provider, const std::string& key);
/// Whether there was one.
result<bool> remove_from_keyring(const std::string& provider);

/// Whether an error of these means that there is no keyring at all, rather than one that fails.
bool is_absence_of_keyring(const error& why);

} // namespace ash::secrets
