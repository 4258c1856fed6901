#include "cli/arguments.hpp"
#include "cli/language.hpp"

#include <cstdio>
#include <exception>

int main(int count, char** words) {
  using namespace ash::cli;
  try {
    const auto parsed = parse_arguments(count, words);
    if (const auto* code = std::get_if<int>(&parsed))
      return *code;
    const auto code = std::get<std::function<int()>>(parsed)();
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0)
      return code;
    std::fprintf(
        stderr, "%s", tr("actor-shell: io_failed: the answer could not be written to stdout\n"));
    return static_cast<int>(exit_code::failed);
  } catch (const std::exception& unexpected) {
    std::fprintf(stderr, "actor-shell: internal_error: %s\n", unexpected.what());
    return static_cast<int>(exit_code::failed);
  }
}
