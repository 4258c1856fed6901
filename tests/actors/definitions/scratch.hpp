// A directory that lives as long as one test.
#pragma once

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

namespace ash::definitions {

class scratch {
public:
  scratch() {
    std::random_device random;
    path_ = std::filesystem::temp_directory_path() /
            ("ash-definitions-" + std::to_string(random()) + std::to_string(random()));
    std::filesystem::create_directories(path_);
  }
  ~scratch() { std::filesystem::remove_all(path_); }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;

  [[nodiscard]] std::string path(const std::string& name = "") const {
    return name.empty() ? path_.string() : (path_ / name).string();
  }
  /// Writes a file beneath the directory and gives its path.
  std::string write(const std::string& name, const std::string& text) const {
    const auto full = path_ / name;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full, std::ios::binary) << text;
    return full.string();
  }

private:
  std::filesystem::path path_;
};

} // namespace ash::definitions
