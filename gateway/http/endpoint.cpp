#include "gateway/http/endpoint.hpp"

#include "events/base/json.hpp"
#include "events/base/text.hpp"

#include <array>
#include <boost/json/object.hpp>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace ash::gateway {
namespace {

constexpr std::size_t max_file_bytes = 4'096;

std::string path_in(const std::string& directory) {
  return directory + "/server.json";
}

} // namespace

result<void> write_endpoint(const std::string& directory, const endpoint& what) {
  const auto path = path_in(directory);
  const auto beside = path + ".new";
  const auto text = to_json_text(json::object{
                        {"url", what.url}, {"pid", what.pid}, {"started_at", what.started_at}}) +
                    "\n";
  ::unlink(beside.c_str());
  const int file =
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0)
    return system_error("create " + printable(beside), errno);
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const auto number = errno;
  ::close(file);
  if (!written) {
    ::unlink(beside.c_str());
    return system_error("write " + printable(beside), number);
  }
  if (::rename(beside.c_str(), path.c_str()) != 0)
    return system_error("rename " + printable(beside), errno);
  return success();
}

result<std::optional<endpoint>> read_endpoint(const std::string& directory) {
  const auto path = path_in(directory);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) {
    if (errno == ENOENT)
      return std::optional<endpoint>{};
    return system_error("open " + printable(path), errno, errc::permission_denied);
  }
  std::array<char, max_file_bytes> bytes{};
  const auto count = ::read(file, bytes.data(), bytes.size());
  const auto number = errno;
  ::close(file);
  if (count < 0)
    return system_error("read " + printable(path), number);
  const auto parsed = parse_json({bytes.data(), static_cast<std::size_t>(count)}, "server.json");
  const auto* fields = parsed ? parsed.value().if_object() : nullptr;
  const auto* url = fields ? fields->if_contains("url") : nullptr;
  const auto* pid = fields ? fields->if_contains("pid") : nullptr;
  const auto* started = fields ? fields->if_contains("started_at") : nullptr;
  if (!url || !url->is_string() || !pid || !pid->is_int64() || !started || !started->is_string())
    return refuse(errc::config_invalid,
                  printable(path) + " does not say where a server is: remove it");
  return std::optional{endpoint{std::string{std::string_view{url->get_string()}},
                                pid->get_int64(),
                                std::string{std::string_view{started->get_string()}}}};
}

void remove_endpoint(const std::string& directory, std::int64_t pid) {
  const auto found = read_endpoint(directory);
  if (found && found.value() && found.value()->pid == pid)
    ::unlink(path_in(directory).c_str());
}

} // namespace ash::gateway
