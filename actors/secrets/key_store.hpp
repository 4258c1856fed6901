// The keys that `login` keeps: in the desktop's keyring, or each in a file of mode 0600 beside the
// configuration. It never prints a key, and gives it to nobody but who asks for that provider's.
#pragma once

#include "events/base/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ash::secrets {

struct found_key {
  std::optional<std::string> key;
  std::string place;               ///< where it is: `keyring`, or the file's path
  std::vector<std::string> looked; ///< each place that was looked in, and why it has none
};

enum class kept_in : std::uint8_t { keyring, file };

/// Thread-safe; holds no key.
class key_store {
public:
  /// `directory`: of the files; it need not exist. Empty: no files.
  explicit key_store(std::string directory) : directory_{std::move(directory)} {}

  /// The file first, for that is quick; then the keyring. A keyring that is not there is no error,
  /// but one more place without a key. Errors: `permission_denied` for a file that others can read,
  /// `io_failed`.
  [[nodiscard]] result<found_key> find(const std::string& provider) const;
  /// Gives where it is now. Errors: `store_unavailable`, `io_failed`, `argument_invalid` for what
  /// can't be a key.
  [[nodiscard]] result<std::string>
  keep(const std::string& provider, const std::string& key, kept_in where) const;
  /// Removes it from both. Gives the places that had one. Errors: `io_failed`, and
  /// `store_unavailable` for a keyring that is there and does not answer.
  [[nodiscard]] result<std::vector<std::string>> remove(const std::string& provider) const;

  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

private:
  [[nodiscard]] std::string file_of(const std::string& provider) const;

  std::string directory_;
};

/// `keys` beside the configuration's file; empty for an empty name.
std::string key_directory_of(const std::string& config_file);

} // namespace ash::secrets
