#include "actors/tools/file_bytes.hpp"

#include "events/base/ids.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace ash::tool {
namespace {

error write_error(const write_place& place, int number) {
  const auto fallback = number == EACCES || number == EPERM || number == EROFS
                            ? errc::permission_denied
                            : errc::io_failed;
  return system_error("writing '" + shown(place.path) + "'", number, fallback);
}

/// Gives 0 or the number of the error.
int write_and_sync(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = ::write(file, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR)
      continue;
    if (size < 0)
      return errno;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return ::fsync(file) == 0 ? 0 : errno;
}

} // namespace

bool looks_binary(std::string_view beginning) noexcept {
  return beginning.substr(0, 8192).find('\0') != std::string_view::npos;
}

result<std::string> read_all(int file, std::string_view path, std::size_t max_bytes) {
  std::string bytes;
  char buffer[64 * 1024];
  while (true) {
    const auto size = ::read(file, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR)
      continue;
    if (size < 0)
      return system_error("reading '" + shown(path) + "'", errno);
    if (size == 0)
      return bytes;
    bytes.append(buffer, static_cast<std::size_t>(size));
    if (bytes.size() > max_bytes)
      return refuse(errc::limit_exceeded,
                    "'" + shown(path) + "' is larger than " + std::to_string(max_bytes) + " bytes");
  }
}

result<void> write_all(const write_place& place, std::string_view bytes) {
  constexpr auto id_at = unfinished_glob.find('*');
  const auto temporary = std::string{unfinished_glob.substr(0, id_at)} + to_string(random_uuid()) +
                         std::string{unfinished_glob.substr(id_at + 1)};
  const auto directory = place.directory.get();
  unique_fd file{::openat(
      directory, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666)};
  if (!file.is_open())
    return write_error(place, errno);
  int number = 0;
  if (place.existing && ::fchmod(file.get(), place.existing->st_mode & 07777) != 0)
    number = errno;
  if (number == 0)
    number = write_and_sync(file.get(), bytes);
  if (number == 0 && ::renameat(directory, temporary.c_str(), directory, place.name.c_str()) != 0)
    number = errno;
  if (number != 0) {
    ::unlinkat(directory, temporary.c_str(), 0);
    return write_error(place, number);
  }
  // The rename itself must be durable too, before the call is reported as done.
  if (::fsync(directory) != 0)
    return write_error(place, errno);
  return success();
}

} // namespace ash::tool
