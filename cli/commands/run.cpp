#include "cli/commands/work.hpp"
#include "events/base/text.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace ash::cli {
namespace {

/// The file behind `@FILE`, which must lie within the repository.
result<std::string> read_within(const std::string& repo, const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code ec;
  const auto root = fs::canonical(repo, ec);
  if (ec)
    return refuse(errc::repo_path_invalid, "no such directory: " + printable(repo));
  const auto asked = fs::path{name}.is_absolute() ? fs::path{name} : root / name;
  const auto file = fs::weakly_canonical(asked, ec);
  const auto relative = file.lexically_relative(root).string();
  if (ec || relative.empty() || relative == ".." || relative.starts_with("../"))
    return refuse(errc::path_outside_root,
                  "requirements are read from within the repository " + root.string() +
                      ", not from " + printable(name));
  if (!fs::is_regular_file(file, ec))
    return refuse(errc::file_not_found, "no such file: " + printable(file.string()));
  if (fs::file_size(file, ec) > max_requirements_bytes)
    return refuse(errc::limit_exceeded,
                  printable(file.string()) + " is larger than " +
                      std::to_string(max_requirements_bytes) + " bytes");
  std::ifstream in{file, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (!in.good() && !in.eof())
    return refuse(errc::io_failed, "can't read " + printable(file.string()));
  return text;
}

result<run_request> request_of(const run_options& asked) {
  run_request request;
  request.workflow = asked.workflow;
  request.repo = asked.repo;
  request.base_branch = asked.base;
  request.requirements = asked.requirements;
  if (asked.requirements.starts_with('@')) {
    TRY(request.requirements, read_within(asked.repo, asked.requirements.substr(1)));
  }
  if (!asked.model.empty())
    request.model = asked.model;
  for (const auto& each : asked.bindings) {
    const auto equals = each.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == each.size())
      return refuse(errc::argument_invalid,
                    "--bind takes ROLE=PERSONA, not '" + printable(each) + "'");
    request.overrides[each.substr(0, equals)] = each.substr(equals + 1);
  }
  if (!asked.budget.empty()) {
    TRY(request.run_cap, parse_cap(asked.budget));
  }
  return request;
}

} // namespace

int run_workflow(const settings& with, const run_options& asked) {
  const auto request = request_of(asked);
  if (!request)
    return static_cast<int>(report(with, request.error()));
  return drive(with, asked.format, [&](runtime& work) { return work.start_run(request.value()); })
      .code;
}

} // namespace ash::cli
