#include "cli/option_values.hpp"

#include "events/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace ash::cli {
namespace {

/// Takes one of `names`, and hands on its place in the list: what CLI11 reads an enum from.
CLI::Validator one_of(std::vector<std::string> names) {
  const auto take = [known = std::move(names)](std::string& given) -> std::string {
    const auto found = std::find(known.begin(), known.end(), given);
    if (found != known.end()) {
      given = std::to_string(found - known.begin());
      return {};
    }
    std::string all;
    for (const auto& each : known)
      all += (all.empty() ? "" : ", ") + each;
    return "'" + printable(to_valid_utf8(given)) + "' is none of " + all;
  };
  return CLI::Validator{take, {}};
}

/// That no option or argument was given an empty text.
result<void> check_given(const CLI::App& app) {
  for (const auto* option : app.get_options()) {
    const auto& given = option->results();
    if (option->get_items_expected_max() > 0 && // a flag has no value
        std::find(given.begin(), given.end(), std::string{}) != given.end())
      return refuse(errc::argument_invalid,
                    option->get_name() + " is an empty text: give a value" +
                        (option->get_required() ? "" : ", or leave it out"));
  }
  for (const auto* parsed : app.get_subcommands()) {
    TRY(check_given(*parsed));
  }
  return success();
}

/// That what the options before a command name is there, also where the command would not look.
result<void> check_named(const settings& with) {
  std::error_code ec;
  for (const auto& folder : with.definition_dirs)
    if (!std::filesystem::is_directory(folder, ec))
      return refuse(errc::file_not_found,
                    "there is no folder '" + printable(to_valid_utf8(folder)) +
                        "' of definitions: --definitions names one that holds 'personas', "
                        "'workflows' or 'artifacts'")
          .with("file", folder);
  if (!with.server_ca.empty() && !std::filesystem::exists(with.server_ca, ec))
    return refuse(errc::file_not_found,
                  "there is no file '" + printable(to_valid_utf8(with.server_ca)) +
                      "': --server-ca names the PEM of an authority")
        .with("file", with.server_ca);
  return success();
}

} // namespace

CLI::Validator whole_number(std::int64_t least, std::int64_t most) {
  const auto bounded = most != std::numeric_limits<std::int64_t>::max();
  const auto bounds =
      std::to_string(least) + (bounded ? " to " + std::to_string(most) : " or more");
  const auto check = [least, most, bounds](std::string& given) -> std::string {
    std::int64_t value = 0;
    const auto* end = given.data() + given.size();
    const auto read = std::from_chars(given.data(), end, value);
    if (read.ec == std::errc{} && read.ptr == end && value >= least && value <= most)
      return {};
    return "'" + printable(to_valid_utf8(given)) + "' is no whole number of " + bounds;
  };
  return CLI::Validator{check, {}};
}

void add_format(CLI::App& to, output_format& format) {
  // In the order of `output_format`.
  to.add_option(
        "--output-format", format, "text, json (one object) or stream-json (an object a line)")
      ->transform(one_of({"text", "json", "stream-json"}))
      ->type_name("FORMAT")
      ->envname("ACTOR_SHELL_OUTPUT_FORMAT");
}

result<void> check_line(const CLI::App& app, const settings& with) {
  TRY(check_given(app));
  return check_named(with);
}

} // namespace ash::cli
