// The secret that clients show, and the file that it is kept in.
#pragma once

#include "events/base/result.hpp"

#include <string>
#include <string_view>

namespace ash::gateway {

/// The token in `DIRECTORY/token`, made there (32 random bytes in hexadecimal, mode 0600) where
/// there is none. Errors: `permission_denied` where others may read or write it, or it is not a
/// plain file of this user; `config_invalid` where it holds something else; `storage_full`,
/// `io_failed`.
result<std::string> load_or_make_token(const std::string& directory);

/// The file's name.
std::string token_file(const std::string& directory);

/// Whether two secrets are equal, in a time that tells nothing about where they differ.
bool same_secret(std::string_view shown, std::string_view kept) noexcept;

} // namespace ash::gateway
