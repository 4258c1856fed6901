#include "gateway/http/token.hpp"

#include "events/base/hash.hpp"
#include "events/base/text.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ash::gateway {
namespace {

constexpr std::size_t secret_bytes = 32;
constexpr std::size_t token_chars = 2 * secret_bytes;

class descriptor {
public:
  explicit descriptor(int number) : number_{number} {}
  ~descriptor() {
    if (number_ >= 0)
      ::close(number_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

private:
  int number_;
};

bool is_token(std::string_view text) {
  return text.size() == token_chars &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

result<std::string> read_token(const descriptor& file, const std::string& path) {
  struct stat found {};
  if (::fstat(file.number(), &found) != 0)
    return system_error("stat " + printable(path), errno);
  if (!S_ISREG(found.st_mode) || found.st_uid != ::geteuid())
    return refuse(errc::permission_denied,
                  printable(path) + " is not a plain file of this user: remove it, and a new token "
                                    "is made");
  if ((found.st_mode & 077) != 0)
    return refuse(errc::permission_denied,
                  printable(path) + " can be read or written by others: run chmod 600 on it, or "
                                    "remove it for a new token");
  std::array<char, token_chars + 2> bytes{};
  const auto count = ::read(file.number(), bytes.data(), bytes.size());
  if (count < 0)
    return system_error("read " + printable(path), errno);
  std::string_view text{bytes.data(), static_cast<std::size_t>(count)};
  if (text.ends_with('\n'))
    text.remove_suffix(1);
  if (!is_token(text))
    return refuse(errc::config_invalid,
                  printable(path) + " holds no token (64 hexadecimal characters): remove it, and a "
                                    "new one is made");
  return std::string{text};
}

result<std::string> fresh_token() {
  std::array<char, secret_bytes> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return system_error("getrandom", errno);
  return to_hex({bytes.data(), bytes.size()});
}

/// None where another process was first.
result<std::optional<std::string>> make_token(const std::string& path) {
  TRY(const auto token, fresh_token());
  // Written beside and linked: nobody ever sees half a token under the name.
  const auto beside = path + ".new." + std::to_string(::getpid());
  ::unlink(beside.c_str());
  {
    const descriptor file{
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (file.number() < 0)
      return system_error("create " + printable(beside), errno);
    const auto text = token + "\n";
    if (::write(file.number(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::fsync(file.number()) != 0) {
      const auto number = errno;
      ::unlink(beside.c_str());
      return system_error("write " + printable(beside), number);
    }
  }
  const auto linked = ::link(beside.c_str(), path.c_str());
  const auto number = errno;
  ::unlink(beside.c_str());
  if (linked == 0)
    return std::optional{token};
  if (number == EEXIST)
    return std::optional<std::string>{};
  return system_error("link " + printable(path), number);
}

} // namespace

std::string token_file(const std::string& directory) {
  return directory + "/token";
}

result<std::string> load_or_make_token(const std::string& directory) {
  const auto path = token_file(directory);
  for (;;) {
    const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (file.number() >= 0)
      return read_token(file, path);
    if (errno == ELOOP)
      return refuse(errc::permission_denied,
                    printable(path) + " is a link: remove it, and a new token is made");
    if (errno != ENOENT)
      return system_error("open " + printable(path), errno, errc::permission_denied);
    TRY(auto made, make_token(path));
    if (made)
      return std::move(*made);
  }
}

bool same_secret(std::string_view shown, std::string_view kept) noexcept {
  // The lengths are no secret; the bytes are all looked at, whatever the first ones are.
  unsigned char differs = shown.size() == kept.size() ? 0 : 1;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const auto other = shown.empty() ? '\0' : shown[i % shown.size()];
    differs = static_cast<unsigned char>(
        differs | (static_cast<unsigned char>(other) ^ static_cast<unsigned char>(kept[i])));
  }
  return differs == 0;
}

} // namespace ash::gateway
