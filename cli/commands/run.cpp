#include "actors/shells/run_preview.hpp"
#include "cli/commands/consent.hpp"
#include "cli/commands/explain.hpp"
#include "cli/commands/preview.hpp"
#include "cli/commands/remote_work.hpp"
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

/// A script is a file: named from here, it is found from anywhere when the run is resumed.
std::string found_from_anywhere(const std::string& model) {
  constexpr std::string_view scripted = "scripted:";
  if (!model.starts_with(scripted))
    return model;
  std::error_code ec;
  const std::filesystem::path file{model.substr(scripted.size())};
  if (!std::filesystem::exists(file, ec)) // one that is built in
    return model;
  const auto whole = std::filesystem::absolute(file, ec).lexically_normal();
  return ec ? model : std::string{scripted} + whole.string();
}

/// Two of these ask for different things, and one would be passed over.
result<void> check_together(const run_options& asked) {
  std::string given;
  auto count = 0;
  for (const auto& [name, is_given] : {std::pair{"--preview", asked.preview},
                                       std::pair{"--no-preview", asked.no_preview},
                                       std::pair{"--explain", asked.explain}}) {
    if (!is_given)
      continue;
    given += (given.empty() ? "" : " and ") + std::string{name};
    ++count;
  }
  if (count < 2)
    return success();
  return refuse(errc::argument_invalid,
                given + " do not go together: --preview and --explain start nothing, and "
                        "--no-preview starts at once; give one of them");
}

result<run_request> request_of(const run_options& asked) {
  run_request request;
  request.workflow = asked.workflow;
  request.repo = asked.repo;
  request.base_branch = asked.base;
  request.requirements = asked.requirements;
  if (asked.requirements.empty() && !asked.explain)
    return refuse(errc::argument_invalid, "--requirements is required: say what the run is to do");
  if (asked.requirements.starts_with('@')) {
    TRY(request.requirements, read_within(asked.repo, asked.requirements.substr(1)));
  }
  if (!asked.model.empty())
    request.model = found_from_anywhere(asked.model);
  for (const auto& each : asked.bindings) {
    const auto equals = each.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == each.size())
      return refuse(errc::argument_invalid,
                    "--bind takes ROLE=PERSONA, not '" + printable(each) + "'");
    if (!request.overrides.emplace(each.substr(0, equals), each.substr(equals + 1)).second)
      return refuse(errc::argument_invalid,
                    "--bind names the role '" + printable(each.substr(0, equals)) +
                        "' twice: give each role one persona");
  }
  request.attended = !asked.unattended;
  if (!asked.permission_mode.empty()) {
    request.permission_mode = definitions::permission_mode_named(asked.permission_mode);
    if (!request.permission_mode)
      return refuse(errc::argument_invalid,
                    "--permission-mode is default, accept-edits, plan, dont-ask or bypass, not '" +
                        printable(asked.permission_mode) + "'");
  }
  if (!asked.budget.empty()) {
    TRY(request.run_cap, parse_cap(asked.budget));
  }
  return request;
}

/// Tells what it may cost and starts the run; where consent is missing, once it is given.
result<run_id> begin_here(runtime& work,
                          const run_request& request,
                          const run_options& asked,
                          const std::stop_token& stop) {
  TRY(const auto seen, work.preview_run(request));
  TRY(show_before_start(to_json(seen), previewing_of(asked), stop));
  const auto how = asked.yes ? consenting::yes : consenting::ask;
  while (true) {
    auto begun = work.start_run(request);
    if (begun)
      return begun;
    TRY(const auto mended,
        consent_to(begun.error(), how, [&](consent_change what, const std::string& subject) {
          return work.set_consent(what, subject, {"run"});
        }));
    if (!mended)
      return begun;
  }
}

int run_there(const settings& with,
              const remote& server,
              const run_request& request,
              const run_options& asked) {
  const auto body = body_of(request);
  const auto shown = [&]() -> result<void> {
    const auto how = previewing_of(asked);
    const auto seen = server.post("/runs/preview", body);
    // A server of before has no such route, and warns of no model without a price either.
    if (!seen)
      return how == previewing::skip ? success() : result<void>{seen.error()};
    return show_before_start(seen.value(), how, {});
  }();
  if (!shown)
    return static_cast<int>(report(with, shown.error()));
  const auto how = asked.yes ? consenting::yes : consenting::ask;
  const auto mended = [&](const error& why) {
    return consent_to(why, how, [&](consent_change what, const std::string& subject) {
      return change_consent_of(with, what, subject);
    });
  };
  return drive_remote(with, asked.format, server, "/runs", body, mended).code;
}

result<json::object>
preview_of(const settings& with, const std::optional<remote>& server, const run_request& request) {
  if (server)
    return server->post("/runs/preview", body_of(request));
  TRY(const auto work, open_runtime(with));
  TRY(const auto seen, work->preview_run(request));
  return to_json(seen);
}

} // namespace

int run_workflow(const settings& with, const run_options& asked) {
  if (const auto fits = check_together(asked); !fits)
    return static_cast<int>(report(with, fits.error()));
  const auto request = request_of(asked);
  if (!request)
    return static_cast<int>(report(with, request.error()));
  if (asked.explain)
    return explain_run(with, request.value());
  const auto server = remote::find_worker(with);
  if (!server)
    return static_cast<int>(report(with, server.error()));
  if (asked.preview) {
    const auto seen = preview_of(with, server.value(), request.value());
    if (!seen)
      return static_cast<int>(report(with, seen.error()));
    print_preview(with, seen.value());
    return 0;
  }
  if (server.value())
    return run_there(with, *server.value(), request.value(), asked);
  return drive(with,
               asked.format,
               [&](runtime& work, const std::stop_token& stop) {
                 return begin_here(work, request.value(), asked, stop);
               })
      .code;
}

} // namespace ash::cli
