// write_file and edit_file: both end in one atomic replacement.
#include "actors/tools/builtin.hpp"
#include "actors/tools/file_bytes.hpp"
#include "actors/tools/output.hpp"
#include "events/base/hash.hpp"

namespace ash::tool {
namespace {

constexpr std::size_t max_file_bytes = std::size_t{16} << 20;

outcome written(const write_place& place, std::string_view bytes, std::string text) {
  outcome done;
  done.text = std::move(text);
  done.written.push_back({place.path, sha256_hex(bytes)});
  return done;
}

result<outcome> write_file(const context& where, std::string_view json_text, std::stop_token) {
  TRY(auto given, arguments::parse(json_text, {{"path"}, {"content"}}));
  TRY(auto root, worktree::open(where.worktree));
  TRY(auto path, root.relative(given.text("path")));
  TRY(refuse_secret(where, path));
  TRY(auto place, root.place_for_writing(path));
  TRY(refuse_secret(where, place.path));
  TRY(refuse_detour(where, given.text("path"), place.path));
  const auto content = given.text("content");
  TRY(write_all(place, content));
  return written(place,
                 content,
                 std::string{place.existing ? "replaced '" : "created '"} + shown(place.path) +
                     "' (" + std::to_string(content.size()) + " bytes)");
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size()))
    ++count;
  return count;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  out.reserve(text.size());
  for (auto at = text.find(from); at != std::string_view::npos; at = text.find(from)) {
    out.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
  return out.append(text);
}

error not_applicable(std::string_view path, std::size_t matches) {
  const auto name = "'" + shown(path) + "'";
  auto text = matches == 0 ? "old_string is not in " + name +
                                 ": read the file again and copy the text exactly, spaces included"
                           : "old_string is " + std::to_string(matches) + " times in " + name +
                                 ": add text around it until it is unique, or set replace_all";
  return error{errc::edit_not_applicable, std::move(text)}.with("matches", std::to_string(matches));
}

result<outcome> edit_file(const context& where, std::string_view json_text, std::stop_token) {
  TRY(auto given,
      arguments::parse(json_text,
                       {{"path"},
                        {"old_string"},
                        {"new_string"},
                        {"replace_all", field_type::flag, presence::optional}}));
  const auto from = given.text("old_string");
  const auto to = given.text("new_string");
  if (from.empty() || from == to)
    return refuse(errc::tool_arguments_invalid,
                  from.empty() ? "the field 'old_string' is empty: use write_file for a new file"
                               : "the fields 'old_string' and 'new_string' are the same");
  TRY(auto root, worktree::open(where.worktree));
  TRY(auto path, root.relative(given.text("path")));
  TRY(refuse_secret(where, path));
  // Opened first: a file that is not there must not leave new directories behind.
  TRY(auto file, root.open_file(path));
  TRY(auto place, root.place_for_writing(path));
  TRY(refuse_secret(where, place.path));
  TRY(refuse_detour(where, given.text("path"), place.path));
  TRY(auto bytes, read_all(file.get(), path, max_file_bytes));
  const auto matches = count_of(bytes, from);
  if (matches == 0 || (matches > 1 && !given.flag("replace_all")))
    return not_applicable(place.path, matches);
  if (to.size() > from.size() && (to.size() - from.size()) * matches > 4 * max_file_bytes)
    return refuse(errc::limit_exceeded, "the edited file would be too large");
  const auto edited = replaced(bytes, from, to);
  TRY(write_all(place, edited));
  return written(place,
                 edited,
                 "edited '" + shown(place.path) + "': " + std::to_string(matches) +
                     (matches == 1 ? " replacement" : " replacements"));
}

} // namespace

std::shared_ptr<tool> make_write_file() {
  return std::make_shared<function_tool>(
      description{"write_file",
                  "Creates a file of the worktree or replaces all of it; missing directories are "
                  "made.",
                  R"({"type":"object","properties":{"path":{"type":"string","description":)"
                  R"("Path relative to the worktree"},"content":{"type":"string","description":)"
                  R"("The whole new content"}},"required":["path","content"],)"
                  R"("additionalProperties":false})",
                  effect_class::write},
      write_file);
}

std::shared_ptr<tool> make_edit_file() {
  return std::make_shared<function_tool>(
      description{
          "edit_file",
          "Replaces one piece of text in a file. old_string must be in the file exactly once, "
          "unless replace_all is set.",
          R"({"type":"object","properties":{"path":{"type":"string","description":)"
          R"("Path relative to the worktree"},"old_string":{"type":"string","description":)"
          R"("The exact text to replace"},"new_string":{"type":"string","description":)"
          R"("What takes its place"},"replace_all":{"type":"boolean","description":)"
          R"("Replace every occurrence"}},"required":["path","old_string","new_string"],)"
          R"("additionalProperties":false})",
          effect_class::write},
      edit_file);
}

} // namespace ash::tool
