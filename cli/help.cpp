#include "cli/help.hpp"

#include "cli/language.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"

#include <CLI/CLI.hpp>
#include <memory>

namespace ash::cli {
namespace {

// What CLI11 itself says.
constexpr const char* help_flag = msg("Print this help message and exit");
constexpr const char* version_flag = msg("Display program version information and exit");
constexpr const char* options_group = msg("Options");
constexpr const char* subcommands_group = msg("Subcommands");

/// CLI11's own, but for columns that Hangul takes two of: it counts bytes.
class wide_formatter : public CLI::Formatter {
public:
  wide_formatter() {
    label("Usage", tr("Usage"));
    label("Positionals", tr("Positionals"));
    label("OPTIONS", tr("OPTIONS"));
    label("SUBCOMMAND", tr("SUBCOMMAND"));
    label("SUBCOMMANDS", tr("SUBCOMMANDS"));
    label("REQUIRED", tr("REQUIRED"));
    label("Env", tr("Env"));
  }

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    return line(make_option_name(option, is_positional) + make_option_opts(option),
                make_option_desc(option));
  }
  std::string make_subcommand(const CLI::App* sub) const override {
    return line(sub->get_display_name(true), sub->get_description());
  }

private:
  [[nodiscard]] std::string line(const std::string& name, const std::string& description) const {
    auto text = padded("  " + name, column_width_);
    if (!description.empty() && columns_of("  " + name) >= column_width_)
      text += '\n' + std::string(column_width_, ' ');
    return text + description + '\n';
  }
};

void translate(CLI::App& one, const std::shared_ptr<CLI::FormatterBase>& shape) {
  one.formatter(shape);
  one.description(tr(one.get_description().c_str()));
  one.footer(tr(one.get_footer().c_str()));
  if (one.get_parent() != nullptr)
    one.group(tr(subcommands_group));
  for (auto* option : one.get_options()) {
    option->description(tr(option->get_description().c_str()));
    if (option->get_group() == options_group)
      option->group(tr(options_group));
  }
  for (auto* sub : one.get_subcommands({}))
    translate(*sub, shape);
}

} // namespace

void translate_help(CLI::App& app) {
  if (spoken() == language::english)
    return;
  app.get_help_ptr()->description(help_flag);
  app.get_version_ptr()->description(version_flag);
  translate(app, std::make_shared<wide_formatter>());
}

namespace {

/// CLI11 counts values; whoever typed them thinks of the option.
std::string problem_of_count(std::string_view said) {
  const auto colon = said.find(": ");
  if (colon == std::string_view::npos)
    return std::string{said};
  const auto name = std::string{said.substr(0, colon)};
  if (said.find(": At Most 1 required", colon) == colon)
    return name + " is given more than once: give it once";
  if (said.ends_with(" missing"))
    return name + " has no value: give one after it";
  return std::string{said};
}

/// The innermost of the commands that the line names; its parents are the others.
const CLI::App& innermost(const CLI::App& app) {
  const auto* at = &app;
  for (auto parsed = at->get_subcommands(); !parsed.empty(); parsed = at->get_subcommands())
    at = parsed.front();
  return *at;
}

} // namespace

std::string command_of(const CLI::App& app) {
  const auto* at = &innermost(app);
  auto path = at->get_name();
  while ((at = at->get_parent()) != nullptr)
    path = at->get_name() + ' ' + path;
  return path;
}

std::string problem_of(const CLI::App& app, const CLI::ParseError& wrong) {
  constexpr std::size_t most_listed = 10;
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&wrong) != nullptr)
    return problem_of_count(wrong.what());
  const auto unknown = app.remaining(true);
  if (dynamic_cast<const CLI::RequiredError*>(&wrong) == nullptr || unknown.empty())
    return wrong.what();
  const auto path = command_of(app);
  const auto first = printable(to_valid_utf8(unknown.front()));
  // What is missing may well be meant by the option that was mistyped.
  if (first.starts_with('-'))
    return "`" + path + "` has no option '" + first.substr(0, first.find('=')) + "'";
  const auto all = innermost(app).get_subcommands([](const CLI::App*) { return true; });
  if (all.empty())
    return wrong.what();
  auto text = "`" + path + "` has no command '" + first + "'";
  if (all.size() > most_listed)
    return text;
  std::string names;
  for (const auto* each : all)
    names += (names.empty() ? "" : ", ") + each->get_name();
  return text + "; it has " + names;
}

} // namespace ash::cli
