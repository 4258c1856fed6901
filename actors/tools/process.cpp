#include "actors/tools/process.hpp"

#include "actors/tools/beneath.hpp"
#include "events/base/clock.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ash::tool {
namespace {

constexpr int status_descriptor = 3; ///< in the child
constexpr std::size_t tail_bytes = 64 * 1024;
constexpr std::size_t drain_bytes = std::size_t{64} << 20;
constexpr int death_wait_ms = 5'000;

struct channel {
  unique_fd read;
  unique_fd write;
};

/// A pipe whose ends lie above the numbers that the child's own take.
result<channel> make_channel() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return system_error("making a pipe", errno);
  const unique_fd low_read{ends[0]};
  const unique_fd low_write{ends[1]};
  channel made{unique_fd{::fcntl(ends[0], F_DUPFD_CLOEXEC, 10)},
               unique_fd{::fcntl(ends[1], F_DUPFD_CLOEXEC, 10)}};
  if (!made.read.is_open() || !made.write.is_open())
    return system_error("making a pipe", errno);
  if (::fcntl(made.read.get(), F_SETFL, O_NONBLOCK) != 0)
    return system_error("making a pipe", errno);
  return made;
}

unique_fd open_pidfd(pid_t pid) {
  return unique_fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
}

/// The beginning and the end of a stream of any length.
class bounded_output {
public:
  explicit bounded_output(std::size_t max_bytes)
      : head_limit_{max_bytes - std::min(tail_bytes, max_bytes / 2)}, tail_limit_{max_bytes -
                                                                                  head_limit_} {}

  void add(std::string_view bytes) {
    total_ += bytes.size();
    const auto to_head = std::min(bytes.size(), head_limit_ - head_.size());
    head_.append(bytes.substr(0, to_head));
    tail_.append(bytes.substr(to_head));
    if (tail_.size() > 2 * tail_limit_ + tail_bytes)
      tail_.erase(0, tail_.size() - tail_limit_);
  }

  std::string finish() {
    if (total_ <= head_limit_ + tail_limit_)
      return std::move(head_).append(tail_);
    tail_.erase(0, tail_.size() - std::min(tail_.size(), tail_limit_));
    const auto lost = total_ - head_.size() - tail_.size();
    return std::move(head_)
        .append("\n[… " + std::to_string(lost) + " bytes were not kept …]\n")
        .append(tail_);
  }

private:
  std::size_t head_limit_;
  std::size_t tail_limit_;
  std::size_t total_ = 0;
  std::string head_;
  std::string tail_;
};

enum class stream_state : std::uint8_t { open, empty, ended };

/// Reads what is there, up to one buffer.
template <class Sink> stream_state read_some(unique_fd& from, Sink&& sink) {
  std::array<char, 64 * 1024> buffer;
  const auto size = ::read(from.get(), buffer.data(), buffer.size());
  if (size > 0) {
    sink(std::string_view{buffer.data(), static_cast<std::size_t>(size)});
    return stream_state::open;
  }
  if (size < 0 && errno == EINTR)
    return stream_state::open;
  if (size < 0 && errno == EAGAIN)
    return stream_state::empty;
  from.close();
  return stream_state::ended;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const auto& text : texts)
    list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

/// A file in memory with what the child is to read; none where that is nothing.
result<unique_fd> make_input(const std::string& text) {
  if (text.empty())
    return unique_fd{};
  const unique_fd low{::memfd_create("input", MFD_CLOEXEC)};
  unique_fd made{low.is_open() ? ::fcntl(low.get(), F_DUPFD_CLOEXEC, 10) : -1};
  if (!made.is_open())
    return system_error("making a file in memory", errno);
  for (std::size_t done = 0; done < text.size();) {
    const auto size = ::write(made.get(), text.data() + done, text.size() - done);
    if (size < 0 && errno != EINTR)
      return system_error("writing a file in memory", errno);
    done += size > 0 ? static_cast<std::size_t>(size) : 0;
  }
  if (::lseek(made.get(), 0, SEEK_SET) != 0)
    return system_error("winding back a file in memory", errno);
  return made;
}

/// What the child's first descriptors are; below 0: none of its own.
struct descriptors {
  int input = -1;
  int output = -1;
  int errors = -1;
  int status = -1;
};

/// posix_spawn with what the child inherits spelled out. Gives 0 or the number of the error.
int spawn(const process_request& request, const descriptors& with, pid_t& pid) {
  const auto status = with.status;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  if (with.input >= 0)
    ::posix_spawn_file_actions_adddup2(&actions, with.input, 0);
  else
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, with.output, 1);
  ::posix_spawn_file_actions_adddup2(&actions, with.errors >= 0 ? with.errors : with.output, 2);
  if (status >= 0)
    ::posix_spawn_file_actions_adddup2(&actions, status, status_descriptor);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, status_descriptor + (status >= 0 ? 1 : 0));
  if (!request.directory.empty())
    ::posix_spawn_file_actions_addchdir_np(&actions, request.directory.c_str());
  ::sigset_t none;
  ::sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(
      &attributes,
      static_cast<short>(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  const auto argv = pointers(request.arguments);
  const auto envp = pointers(request.environment);
  const auto number =
      ::posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), envp.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  return number;
}

/// A child that was started and is not yet waited for.
class running_process {
public:
  running_process(const process_request& request,
                  pid_t pid,
                  unique_fd output,
                  unique_fd errors,
                  unique_fd status)
      : request_{request}, pid_{pid}, child_{open_pidfd(pid)}, output_{std::move(output)},
        errors_{std::move(errors)}, status_{std::move(status)}, kept_{request.max_output_bytes},
        kept_errors_{request.max_output_bytes} {}

  /// Waits until it ends, or ends it; then sees to it that all of its kind are dead.
  result<process_end> wait(int stop_event);

private:
  void read_status();
  void kill_all();
  void learn_of_namespace();
  process_ending wait_for_end(int stop_event);
  result<int> reap();
  static void drain(unique_fd& from, bounded_output& into);

  const process_request& request_;
  pid_t pid_;
  unique_fd child_;
  unique_fd output_;
  unique_fd errors_; ///< open only where they are kept apart
  unique_fd status_;
  unique_fd namespace_init_;
  bool init_known_ = false;
  std::string status_text_;
  bounded_output kept_;
  bounded_output kept_errors_;
};

void running_process::read_status() {
  read_some(status_, [&](std::string_view bytes) {
    if (status_text_.size() < 4'096)
      status_text_.append(bytes);
  });
  constexpr std::string_view key = "\"child-pid\": ";
  const auto at = status_text_.find(key);
  if (init_known_ || at == std::string::npos)
    return;
  const auto* begin = status_text_.data() + at + key.size();
  pid_t init = 0;
  const auto read = std::from_chars(begin, status_text_.data() + status_text_.size(), init);
  if (read.ec != std::errc{} || read.ptr == status_text_.data() + status_text_.size() || init <= 1)
    return; // the line is not complete yet
  init_known_ = true;
  namespace_init_ = open_pidfd(init);
}

void running_process::learn_of_namespace() {
  // Bubblewrap that is killed between its clone and its child's PR_SET_PDEATHSIG would leave that
  // child waiting for ever: its pid arrives within milliseconds, so it is waited for.
  const auto until = monotonic_us() + us_per_s;
  while (request_.kind == child_kind::bubblewrap && !init_known_ && status_.is_open() &&
         monotonic_us() < until) {
    std::array<::pollfd, 2> waited{{{status_.get(), POLLIN, 0}, {child_.get(), POLLIN, 0}}};
    ::poll(waited.data(), waited.size(), 100);
    if (waited[0].revents != 0)
      read_status();
    else if (waited[1].revents != 0)
      return;
  }
}

void running_process::kill_all() {
  if (namespace_init_.is_open())
    ::syscall(SYS_pidfd_send_signal, namespace_init_.get(), SIGKILL, nullptr, 0);
  // The child is not yet waited for, so neither its pid nor its group can be another's.
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
}

process_ending running_process::wait_for_end(int stop_event) {
  const auto deadline = monotonic_us() + request_.time_limit_ms * us_per_ms;
  while (true) {
    const auto left_ms = (deadline - monotonic_us() + us_per_ms - 1) / us_per_ms;
    if (left_ms <= 0)
      return process_ending::timed_out;
    std::array<::pollfd, 5> waited{{{child_.get(), POLLIN, 0},
                                    {stop_event, POLLIN, 0},
                                    {output_.get(), POLLIN, 0},
                                    {status_.get(), POLLIN, 0},
                                    {errors_.get(), POLLIN, 0}}};
    const auto limited = static_cast<int>(std::min<std::int64_t>(left_ms, 60'000));
    if (::poll(waited.data(), waited.size(), limited) < 0)
      continue;
    if (waited[3].revents != 0)
      read_status();
    if (waited[2].revents != 0)
      read_some(output_, [&](std::string_view bytes) { kept_.add(bytes); });
    if (waited[4].revents != 0)
      read_some(errors_, [&](std::string_view bytes) { kept_errors_.add(bytes); });
    if (waited[1].revents != 0)
      return process_ending::stopped;
    if (waited[0].revents != 0)
      return process_ending::exited;
  }
}

result<int> running_process::reap() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0)
    if (errno != EINTR)
      return system_error("waiting for '" + request_.arguments.front() + "'", errno);
  if (namespace_init_.is_open()) {
    // Readable once the namespace's first process is gone, and with it every other one.
    ::pollfd gone{namespace_init_.get(), POLLIN, 0};
    ::poll(&gone, 1, death_wait_ms);
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void running_process::drain(unique_fd& from, bounded_output& into) {
  for (std::size_t drained = 0; from.is_open() && drained < drain_bytes;) {
    const auto state = read_some(from, [&](std::string_view bytes) {
      drained += bytes.size();
      into.add(bytes);
    });
    if (state != stream_state::open)
      return;
  }
}

result<process_end> running_process::wait(int stop_event) {
  process_end end;
  // A kernel without pidfd_open could not even resolve paths: this is about descriptors running
  // out.
  if (!child_.is_open()) {
    const auto why = system_error("watching a process", errno);
    kill_all();
    TRY(reap());
    return why;
  }
  end.ending = wait_for_end(stop_event);
  learn_of_namespace();
  kill_all();
  TRY(auto code, reap());
  end.exit_code = end.ending == process_ending::exited ? code : 128 + SIGKILL;
  drain(output_, kept_);
  drain(errors_, kept_errors_);
  while (status_.is_open()) {
    const auto before = status_text_.size();
    read_status();
    if (status_text_.size() == before)
      break;
  }
  end.command_ran = request_.kind == child_kind::plain || end.ending != process_ending::exited ||
                    status_text_.find("\"exit-code\"") != std::string::npos;
  end.output = kept_.finish();
  end.errors = kept_errors_.finish();
  return end;
}

} // namespace

result<process_end> run_process(const process_request& request, std::stop_token stop) {
  TRY(auto input, make_input(request.input));
  TRY(auto output, make_channel());
  channel errors;
  if (request.errors == error_stream::apart) {
    TRY(errors, make_channel());
  }
  channel status;
  if (request.kind == child_kind::bubblewrap) {
    TRY(status, make_channel());
  }
  const unique_fd stop_event{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!stop_event.is_open())
    return system_error("making an event descriptor", errno);
  const std::stop_callback on_stop{stop, [&] { ::eventfd_write(stop_event.get(), 1); }};
  pid_t pid = 0;
  const auto number = spawn(
      request, {input.get(), output.write.get(), errors.write.get(), status.write.get()}, pid);
  if (number != 0)
    return system_error("starting '" + request.arguments.front() + "'",
                        number,
                        number == ENOENT ? errc::file_not_found : errc::io_failed);
  for (auto* mine : {&output.write, &errors.write, &status.write})
    mine->close();
  running_process child{
      request, pid, std::move(output.read), std::move(errors.read), std::move(status.read)};
  return child.wait(stop_event.get());
}

} // namespace ash::tool
