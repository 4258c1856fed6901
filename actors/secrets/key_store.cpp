#include "actors/secrets/key_store.hpp"

#include "actors/secrets/keyring.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace ash::secrets {
namespace {

constexpr std::size_t longest_key = 4'096;

class open_file {
public:
  explicit open_file(int number) : number_{number} {}
  ~open_file() {
    if (number_ >= 0)
      ::close(number_);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  [[nodiscard]] int get() const { return number_; }

private:
  int number_;
};

/// The first line of a file that its owner alone can open; nothing where there is none.
result<std::optional<std::string>> read_key(const std::string& path) {
  const open_file file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (file.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      return std::optional<std::string>{};
    return system_error("can't open the key file '" + printable(path) + "'", errno);
  }
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0)
    return system_error("can't look at '" + printable(path) + "'", errno);
  if (!S_ISREG(facts.st_mode))
    return refuse(errc::permission_denied, "the key file " + printable(path) + " is no file");
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return refuse(errc::permission_denied,
                  "others than its owner can open the key file " + printable(path) +
                      ": run 'chmod 600 " + printable(path) + "', and think of a new key");
  std::array<char, longest_key + 2> bytes{};
  const auto got = ::read(file.get(), bytes.data(), bytes.size());
  if (got < 0)
    return system_error("can't read '" + printable(path) + "'", errno);
  std::string text{bytes.data(), static_cast<std::size_t>(got)};
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  return text.empty() ? std::optional<std::string>{} : std::optional{std::move(text)};
}

result<void> check_key(const std::string& key) {
  const auto plain = [](char c) { return c > ' ' && c < '\x7f'; };
  if (key.empty() || key.size() > longest_key || !std::all_of(key.begin(), key.end(), plain))
    return refuse(errc::argument_invalid,
                  "a key has 1 to " + std::to_string(longest_key) +
                      " characters, none of them a space or a control character");
  return success();
}

/// Whole or not at all, and readable to nobody else at any moment.
result<void> write_key(const std::string& path, const std::string& key) {
  const auto fresh = path + ".new";
  ::unlink(fresh.c_str());
  const open_file file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (file.get() < 0)
    return system_error("can't make '" + printable(fresh) + "'", errno);
  const auto text = key + '\n';
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fsync(file.get()) != 0 || ::rename(fresh.c_str(), path.c_str()) != 0)
    return system_error("can't write '" + printable(path) + "'", errno);
  return success();
}

} // namespace

std::string key_directory_of(const std::string& config_file) {
  if (config_file.empty())
    return {};
  std::error_code failed;
  const auto whole = std::filesystem::absolute(config_file, failed);
  return failed ? std::string{} : (whole.parent_path() / "keys").lexically_normal().string();
}

std::string key_store::file_of(const std::string& provider) const {
  return directory_ + "/" + provider;
}

result<found_key> key_store::find(const std::string& provider) const {
  found_key out;
  if (!directory_.empty()) {
    const auto path = file_of(provider);
    TRY(out.key, read_key(path));
    if (out.key) {
      out.place = path;
      return out;
    }
    out.looked.push_back("the file " + path);
  }
  auto in_ring = find_in_keyring(provider);
  if (!in_ring) {
    out.looked.push_back("the keyring (" + in_ring.error().message + ")");
    return out;
  }
  out.key = std::move(in_ring).value();
  if (out.key)
    out.place = "keyring";
  else
    out.looked.emplace_back("the keyring");
  return out;
}

result<std::string>
key_store::keep(const std::string& provider, const std::string& key, kept_in where) const {
  TRY(check_key(key));
  if (where == kept_in::keyring) {
    TRY(keep_in_keyring(provider, key));
    return std::string{"the keyring"};
  }
  if (directory_.empty())
    return refuse(errc::argument_invalid, "there is no configuration whose folder could hold keys");
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path{directory_}.parent_path(), failed);
  if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST)
    return system_error("can't make '" + printable(directory_) + "'", errno);
  TRY(write_key(file_of(provider), key));
  return "the file " + file_of(provider);
}

result<std::vector<std::string>> key_store::remove(const std::string& provider) const {
  std::vector<std::string> out;
  if (!directory_.empty()) {
    if (::unlink(file_of(provider).c_str()) == 0)
      out.push_back("the file " + file_of(provider));
    else if (errno != ENOENT && errno != ENOTDIR)
      return system_error("can't remove '" + printable(file_of(provider)) + "'", errno);
  }
  const auto removed = remove_from_keyring(provider);
  if (removed && removed.value())
    out.emplace_back("the keyring");
  // It may still hold the key: nobody is to believe that it is gone.
  if (!removed && !is_absence_of_keyring(removed.error()))
    return removed.error();
  return out;
}

} // namespace ash::secrets
