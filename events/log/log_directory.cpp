#include "events/log/log_directory.hpp"

#include "events/log/byte_order.hpp"
#include "events/log/record_codec.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace ash::log {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view format_name = "FORMAT";
constexpr std::string_view lock_name = "LOCK.holder";
constexpr std::string_view mark_name = "DURABLE";
constexpr std::string_view format_words = "actor-shell log ";
constexpr std::size_t small_file_bytes = 4'096;

constexpr std::uint32_t mark_magic = 0x4d485341; // "ASHM"
constexpr std::size_t slot_bytes = 512;          // a sector: it is written whole or not at all
constexpr std::size_t mark_bytes = 52;
constexpr std::size_t checksum_bytes = 8;

std::string in(const std::string& directory, std::string_view name) {
  return (fs::path{directory} / name).string();
}

/// The first bytes of a small file; none where it can't be read.
std::optional<std::string> read_small(const std::string& path) {
  const file_handle file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file.is_open())
    return std::nullopt;
  std::string bytes(small_file_bytes, '\0');
  const auto got = ::pread(file.number(), bytes.data(), bytes.size(), 0);
  if (got < 0)
    return std::nullopt;
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

result<void> write_whole(const file_handle& file, std::string_view bytes, const std::string& path) {
  if (::pwrite(file.number(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return system_error("can't write " + path, errno);
  return success();
}

/// An exclusive lock of the whole file, tied to the open file rather than to the process.
struct flock whole_file() {
  struct flock all {};
  all.l_type = F_WRLCK;
  all.l_whence = SEEK_SET;
  return all;
}

result<void> check_format(const std::string& directory, std::string_view text) {
  std::uint32_t version = 0;
  const bool ours = text.starts_with(format_words);
  if (ours)
    text.remove_prefix(format_words.size());
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), version);
  if (!ours || parsed.ec != std::errc{} || version == 0)
    return corrupt(0, in(directory, format_name) + " is damaged");
  if (version > format_version)
    return refuse(errc::schema_unsupported,
                  "the log in " + directory + " has format " + std::to_string(version) +
                      ", this program knows up to " + std::to_string(format_version) +
                      "; use a newer actor-shell");
  return success();
}

} // namespace

file_handle& file_handle::operator=(file_handle&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

file_handle::~file_handle() {
  if (number_ >= 0)
    ::close(number_);
}

result<directory_content> inspect(const std::string& directory) {
  std::error_code failed;
  const auto status = fs::status(directory, failed);
  if (status.type() == fs::file_type::not_found)
    return directory_content::nothing;
  if (status.type() != fs::file_type::directory)
    return refuse(errc::argument_invalid, directory + " is no directory; name another for the log");
  bool has_format = false;
  bool has_current = false;
  bool has_data = false;
  std::string foreign;
  for (fs::directory_iterator at{directory, failed}, end; !failed && at != end;
       at.increment(failed)) {
    const auto name = at->path().filename().string();
    has_format = has_format || name == format_name;
    has_current = has_current || name == "CURRENT";
    has_data = has_data || name == mark_name || name.ends_with(".sst");
    if (name != lock_name)
      foreign = name;
  }
  if (failed)
    return system_error("can't list " + directory, failed.value());
  if (!has_format && foreign.empty())
    return directory_content::nothing;
  if (!has_format)
    return refuse(errc::argument_invalid,
                  directory + " holds something else than a log (for example '" + foreign +
                      "'); name an empty or a new directory");
  const auto format = read_small(in(directory, format_name)).value_or("");
  // The first sorted file and then the mark end the making of a log: before them nothing was
  // acknowledged, and RocksDB's files may be of some of its tables only.
  if (!has_data && (format.empty() || check_format(directory, format)))
    return directory_content::nothing;
  TRY(check_format(directory, format));
  if (!has_current)
    return corrupt(0, in(directory, "CURRENT") + " is missing");
  return directory_content::log;
}

result<void> make_directory(const std::string& directory) {
  std::error_code failed;
  const auto parent = fs::absolute(directory, failed).lexically_normal().parent_path();
  if (!failed)
    fs::create_directories(parent, failed);
  if (failed)
    return system_error("can't make " + parent.string(), failed.value());
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return system_error("can't make " + directory, errno);
  return success();
}

result<void> sync_directory(const std::string& directory) {
  const file_handle file{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!file.is_open() || ::fsync(file.number()) != 0)
    return system_error("can't sync " + directory, errno);
  return success();
}

result<void> write_format(const std::string& directory) {
  const auto path = in(directory, format_name);
  const file_handle file{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (!file.is_open())
    return system_error("can't write " + path, errno);
  TRY(write_whole(file, std::string{format_words} + std::to_string(format_version) + "\n", path));
  if (::fsync(file.number()) != 0)
    return system_error("can't sync " + path, errno);
  return sync_directory(directory);
}

namespace {

/// This process's command line as people may read it: of a URL its scheme alone, for the rest may
/// hold a password (`--database-url`), and this goes into refusals that are shown and passed on.
std::string own_command() {
  const auto words = read_small("/proc/self/cmdline").value_or("");
  std::string out;
  for (std::size_t at = 0; at < words.size();) {
    const auto end = std::min(words.find('\0', at), words.size());
    auto word = words.substr(at, end - at);
    at = end + 1;
    constexpr std::string_view scheme_end = "://";
    if (const auto url = word.find(scheme_end); url != std::string::npos)
      word.replace(url + scheme_end.size(), std::string::npos, "...");
    for (auto& c : word)
      c = static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    out += (out.empty() ? "" : " ") + word;
  }
  return out.substr(0, 400);
}

} // namespace

result<file_handle> take_lock(const std::string& directory, instant now) {
  const auto path = in(directory, lock_name);
  file_handle file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!file.is_open()) {
    auto refused = system_error("can't lock the log in " + directory, errno);
    refused.message += "; make the directory writable, or open the log for reading only";
    return refused;
  }
  auto all = whole_file();
  if (::fcntl(file.number(), F_OFD_SETLK, &all) != 0) {
    if (errno != EAGAIN && errno != EACCES)
      return system_error("can't lock " + path, errno);
    auto holder = read_small(path).value_or("");
    while (!holder.empty() && holder.back() == '\n')
      holder.pop_back();
    for (auto& c : holder)
      c = static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    return refuse(errc::log_locked,
                  "the log in " + directory +
                      " is open in another process: " + (holder.empty() ? "unknown" : holder) +
                      "; stop that process, or talk to it instead")
        .with("directory", directory);
  }
  const auto text = "pid " + std::to_string(::getpid()) + ", command '" + own_command() +
                    "', since " + to_iso(now) + "\n";
  if (::ftruncate(file.number(), 0) != 0)
    return system_error("can't write " + path, errno);
  TRY(write_whole(file, text, path));
  return file;
}

bool is_locked(const std::string& directory) {
  const file_handle file{::open(in(directory, lock_name).c_str(), O_RDONLY | O_CLOEXEC)};
  auto all = whole_file();
  all.l_type = F_RDLCK; // a file opened for reading can ask only about read locks
  return file.is_open() && ::fcntl(file.number(), F_OFD_GETLK, &all) == 0 && all.l_type != F_UNLCK;
}

result<mark_file> mark_file::open(const std::string& directory) {
  const auto path = in(directory, mark_name);
  mark_file made;
  made.file_ = file_handle{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!made.file_.is_open())
    return system_error("can't write " + path, errno);
  if (const auto failed = ::posix_fallocate(made.file_.number(), 0, 2 * slot_bytes); failed != 0)
    return system_error("can't write " + path, failed);
  return made;
}

result<void> mark_file::write(const mark& what) {
  std::string bytes;
  byte_writer to{bytes};
  to.number(mark_magic).number(++sequence_);
  to.number(what.incarnation.value.high).number(what.incarnation.value.low);
  to.number(what.head).number(what.synced);
  const auto checksum = sha256(bytes);
  bytes.append(view(checksum).substr(0, checksum_bytes));
  const auto at = static_cast<off_t>((sequence_ % 2) * slot_bytes);
  if (::pwrite(file_.number(), bytes.data(), bytes.size(), at) !=
      static_cast<ssize_t>(bytes.size()))
    return system_error("can't write the log's durable mark", errno);
  return success();
}

std::optional<mark> read_mark(const std::string& directory) {
  const auto bytes = read_small(in(directory, mark_name)).value_or("");
  std::optional<mark> newest;
  std::uint64_t newest_sequence = 0;
  for (std::size_t slot = 0; slot < 2; ++slot) {
    const auto at = slot * slot_bytes;
    if (at + mark_bytes > bytes.size())
      continue;
    const auto whole = std::string_view{bytes}.substr(at, mark_bytes);
    const auto content = whole.substr(0, mark_bytes - checksum_bytes);
    const auto checksum = sha256(content);
    if (view(checksum).substr(0, checksum_bytes) != whole.substr(content.size()))
      continue;
    byte_reader from{content};
    const auto magic = from.number<std::uint32_t>();
    const auto sequence = from.number<std::uint64_t>();
    mark read;
    read.incarnation.value.high = from.number<std::uint64_t>();
    read.incarnation.value.low = from.number<std::uint64_t>();
    read.head = from.number<std::uint64_t>();
    read.synced = from.number<std::uint64_t>();
    if (magic == mark_magic && sequence > newest_sequence) {
      newest_sequence = sequence;
      newest = read;
    }
  }
  return newest;
}

uuid boot_id() {
  const auto text = read_small("/proc/sys/kernel/random/boot_id").value_or("");
  const auto parsed = parse_uuid(std::string_view{text}.substr(0, 36));
  return parsed ? parsed.value() : uuid{};
}

} // namespace ash::log
