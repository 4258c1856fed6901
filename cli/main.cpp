#include "cli/arguments.hpp"
#include "cli/stop_signals.hpp"

#include <csignal>
#include <cstdio>
#include <exception>

int main(int count, char** words) {
  using namespace ash::cli;
  // A reader that goes away (`actor-shell events … | head`) is no reason to die half-way through.
  std::signal(SIGPIPE, SIG_IGN);
  block_stop_signals();
  try {
    const auto parsed = parse_arguments(count, words);
    if (const auto* code = std::get_if<int>(&parsed))
      return *code;
    return std::get<std::function<int()>>(parsed)();
  } catch (const std::exception& unexpected) {
    std::fprintf(stderr, "actor-shell: internal_error: %s\n", unexpected.what());
    return static_cast<int>(exit_code::failed);
  }
}
