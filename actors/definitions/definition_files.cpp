#include "actors/definitions/definition_files.hpp"

#include "actors/definitions/embedded.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sys/stat.h>

namespace ash::definitions {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_bytes = std::size_t{1} << 20;
constexpr std::size_t max_files = 10'000;
constexpr std::size_t max_suggestions = 5;

/// Levenshtein distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row.back();
}

result<std::vector<std::string>> paths_in(const std::string& directory,
                                          std::string_view extension) {
  std::vector<std::string> out;
  std::error_code ec;
  if (!fs::is_directory(directory, ec))
    return out;
  for (fs::recursive_directory_iterator it(directory, ec), end; !ec && it != end; it.increment(ec))
    if (it->path().native().ends_with(extension) && it->is_regular_file(ec))
      out.push_back(it->path().native());
  if (ec)
    return system_error("can't list '" + directory + "'", ec.value());
  if (out.size() > max_files)
    return refuse(errc::limit_exceeded, "'" + directory + "' holds more than 10000 definitions");
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace

result<std::string> read_text(const std::string& path) {
  std::error_code ec;
  if (!fs::exists(path, ec))
    return refuse(errc::file_not_found, "there is no file '" + path + "'").with("file", path);
  if (!fs::is_regular_file(path, ec))
    return refuse(errc::io_failed, "'" + path + "' is not a regular file").with("file", path);
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return system_error("can't read '" + path + "'", errno).with("file", path);
  std::string text(max_bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad())
    return refuse(errc::io_failed, "can't read '" + path + "'").with("file", path);
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > max_bytes)
    return refuse(errc::limit_exceeded, "'" + path + "' is larger than 1 MiB").with("file", path);
  return text;
}

result<std::vector<definition_file>> files_of(const std::vector<std::string>& roots,
                                              std::string_view folder,
                                              std::string_view extension) {
  std::vector<definition_file> out;
  for (const auto& root : roots) {
    TRY(auto paths, paths_in(root + '/' + std::string{folder}, extension));
    for (auto& path : paths) {
      TRY(auto text, read_text(path));
      out.push_back({std::move(path), std::move(text)});
    }
  }
  for (const auto& file : embedded_files())
    if (file.path.starts_with(folder) && file.path.substr(folder.size()).starts_with('/') &&
        file.path.ends_with(extension))
      out.push_back({"shipped:" + std::string{file.path}, std::string{file.text}});
  return out;
}

result<std::string> stamp_of(const std::vector<std::string>& roots,
                             std::string_view folder,
                             std::string_view extension) {
  std::string out;
  for (const auto& root : roots) {
    TRY(const auto paths, paths_in(root + '/' + std::string{folder}, extension));
    for (const auto& path : paths) {
      struct stat facts {};
      if (::stat(path.c_str(), &facts) != 0) // gone since: the next stamp differs
        continue;
      for (const auto number : {static_cast<std::int64_t>(facts.st_ino),
                                static_cast<std::int64_t>(facts.st_size),
                                static_cast<std::int64_t>(facts.st_mtim.tv_sec),
                                static_cast<std::int64_t>(facts.st_mtim.tv_nsec)})
        out += std::to_string(number) + ' ';
      out += path + '\n';
    }
  }
  return out;
}

std::string near_names(std::string_view wanted, const std::vector<std::string>& names) {
  auto sorted = names;
  wanted = wanted.substr(0, 100);
  std::stable_sort(sorted.begin(), sorted.end(), [&](const auto& a, const auto& b) {
    return distance(wanted, a) < distance(wanted, b);
  });
  if (sorted.size() > max_suggestions)
    sorted.resize(max_suggestions);
  std::string out;
  for (const auto& name : sorted)
    out += (out.empty() ? "'" : ", '") + name + '\'';
  return out;
}

} // namespace ash::definitions
