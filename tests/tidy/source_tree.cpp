#include "tests/tidy/source_tree.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

namespace ash::tidy {
namespace {

namespace fs = std::filesystem;

bool is_skipped_folder(std::string_view name) {
  return name.starts_with(".") || name == "build" || name.starts_with("build-") ||
         name == "node_modules";
}

bool is_ours(std::string_view name) {
  static constexpr std::array<std::string_view, 6> endings{
      ".cpp", ".hpp", ".fbs", ".cmake", ".md", ".sql"};
  return name == "CMakeLists.txt" || name == "dev" ||
         std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) {
           return name.ends_with(ending);
         });
}

} // namespace

std::string to_string(const findings& found) {
  std::string text;
  for (const auto& each : found) {
    text += each.path;
    if (each.line != 0)
      text += ':' + std::to_string(each.line);
    text += ": " + each.what + '\n';
  }
  return text;
}

std::string_view folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

bool is_header(std::string_view path) {
  return path.ends_with(".hpp");
}

bool is_source(std::string_view path) {
  return is_header(path) || path.ends_with(".cpp");
}

bool lies_in(std::string_view path, std::string_view folder) {
  return path == folder ||
         (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<source_file> read_tree(const fs::path& root) {
  std::vector<source_file> files;
  for (auto entry = fs::recursive_directory_iterator{root};
       entry != fs::recursive_directory_iterator{};
       ++entry) {
    const std::string name = entry->path().filename().string();
    if (entry->is_directory() && is_skipped_folder(name))
      entry.disable_recursion_pending();
    if (entry->is_symlink() || !entry->is_regular_file() || !is_ours(name))
      continue;
    std::ifstream in{entry->path(), std::ios::binary};
    files.push_back({entry->path().lexically_relative(root).generic_string(),
                     std::string{std::istreambuf_iterator<char>{in}, {}}});
  }
  std::sort(files.begin(), files.end(), [](const source_file& a, const source_file& b) {
    return a.path < b.path;
  });
  return files;
}

} // namespace ash::tidy
