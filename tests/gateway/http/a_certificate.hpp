// A certificate for localhost that signs itself, and its key, in a directory of their own.
#pragma once

#include <filesystem>
#include <string>

namespace ash::gateway::testing {

class a_certificate {
public:
  a_certificate();
  ~a_certificate();
  a_certificate(const a_certificate&) = delete;
  a_certificate& operator=(const a_certificate&) = delete;

  [[nodiscard]] std::string certificate() const { return directory_ / "cert.pem"; }
  [[nodiscard]] std::string key() const { return directory_ / "key.pem"; }

private:
  std::filesystem::path directory_;
};

} // namespace ash::gateway::testing
