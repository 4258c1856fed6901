// The client end of thousands of WebSockets, in a process of its own: `crowd PORT COUNT OVER`
// opens COUNT of them, is refused OVER more, and waits until its input ends. Then each of them says
// something, and has to hear it again. What goes wrong is said on standard error; exit code 1.
#include "tests/gateway/http/a_server.hpp"

#include <cstdio>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace ash::gateway::testing {
namespace {

int wrong(const char* what, std::size_t which) {
  std::fprintf(stderr, "connection %zu: %s\n", which, what);
  return 1;
}

int run(int port, std::size_t count, std::size_t over) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  std::vector<raw_client> all;
  all.reserve(count);
  const std::string upgrade = with_token + "Sec-WebSocket-Extensions: permessage-deflate\r\n";
  for (std::size_t i = 0; i < count; ++i) {
    all.emplace_back(port);
    if (!all.back().connected() || all.back().upgrade(upgrade).status != 101)
      return wrong("was not taken", i);
  }
  for (std::size_t i = 0; i < over; ++i)
    if (raw_client{port}.read_answer().status != 503)
      return wrong("was not refused", count + i);
  while (std::getchar() != EOF)
    ;
  for (std::size_t i = 0; i < count; ++i)
    if (!all[i].send(client_frame(text_frame, "all at once")))
      return wrong("was closed", i);
  for (std::size_t i = 0; i < count; ++i)
    for (const auto* expected : {"hello", "all at once"}) {
      const auto frame = all[i].read_frame();
      if (!frame || frame->payload != expected)
        return wrong("did not hear what it should", i);
    }
  return 0;
}

} // namespace
} // namespace ash::gateway::testing

int main(int, char** arguments) {
  return ash::gateway::testing::run(
      std::stoi(arguments[1]), std::stoul(arguments[2]), std::stoul(arguments[3]));
}
