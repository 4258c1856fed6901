#include "actors/definitions/library.hpp"

#include "actors/definitions/definition_files.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <map>

namespace ash::definitions {
namespace {

template <class T> using parser = result<T> (*)(std::string_view, std::string);

/// All definitions of one kind, sorted by name and version.
template <class T>
result<std::vector<T>>
load_all(const std::vector<std::string>& roots, std::string_view folder, parser<T> parse) {
  struct found {
    T definition;
    std::string file;
  };
  std::map<std::pair<std::string, std::int64_t>, found> all;
  TRY(auto files, files_of(roots, folder, ".yaml"));
  for (auto& file : files) {
    TRY(auto definition, parse(file.text, file.name));
    const auto key = std::pair{definition.name, definition.version};
    const auto earlier = all.find(key);
    if (earlier == all.end())
      all.emplace(key, found{std::move(definition), file.name});
    else if (hash_of(earlier->second.definition) != hash_of(definition))
      return refuse(errc::definition_conflict,
                    '\'' + identity(definition) + "' has different contents in '" +
                        earlier->second.file + "' and '" + file.name + "': give one a new version")
          .with("first", earlier->second.file)
          .with("second", file.name);
  }
  std::vector<T> out;
  for (auto& [key, each] : all)
    out.push_back(std::move(each.definition));
  return out;
}

/// `sorted` is ordered by name and version, so the last of a name is its newest.
template <class T>
result<T> find_in(const std::vector<T>& sorted,
                  std::string_view wanted,
                  errc missing,
                  std::string_view kind) {
  if (const auto ref = parse_reference(wanted)) {
    const auto& [name, version] = ref.value();
    const auto fits = [&](const T& each) {
      return each.name == name && (!version || each.version == *version);
    };
    const auto found = std::find_if(sorted.rbegin(), sorted.rend(), fits);
    if (found != sorted.rend())
      return *found;
  }
  std::vector<std::string> names;
  for (const auto& each : sorted)
    names.push_back(identity(each));
  return refuse(missing,
                "there is no " + std::string{kind} + " '" +
                    printable(utf8_prefix(to_valid_utf8(wanted), 200)) + "'; the nearest are " +
                    near_names(wanted, names));
}

} // namespace

result<library> library::load(const std::vector<std::string>& roots) {
  library out;
  TRY(out.personas_, load_all<persona>(roots, "personas", parse_persona));
  TRY(out.workflows_, load_all<workflow>(roots, "workflows", parse_workflow));
  return out;
}

result<std::string> library::stamp(const std::vector<std::string>& roots) {
  TRY(const auto personas, stamp_of(roots, "personas", ".yaml"));
  TRY(auto workflows, stamp_of(roots, "workflows", ".yaml"));
  return personas + '\n' + workflows;
}

result<workflow> library::find_workflow(std::string_view wanted) const {
  if (wanted.find('/') == std::string_view::npos && !wanted.ends_with(".yaml"))
    return find_in(workflows_, wanted, errc::template_not_found, "workflow");
  auto text = read_text(std::string{wanted});
  if (!text) {
    auto why = std::move(text).error();
    if (why.code == errc::file_not_found)
      why.code = errc::template_not_found;
    return why;
  }
  return parse_workflow(text.value(), std::string{wanted});
}

result<persona> library::find_persona(std::string_view wanted) const {
  return find_in(personas_, wanted, errc::persona_not_found, "persona");
}

} // namespace ash::definitions
