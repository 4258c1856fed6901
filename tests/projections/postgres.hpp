// A Postgres cluster of its own for as long as the tests run: on a Unix socket in a directory that
// nobody else knows, gone with the process, however that ends.
#pragma once

#include <string>
#include <sys/types.h>

namespace ash::projections::testing {

class postgres {
public:
  /// Fails the process, saying what to install, where there is no Postgres.
  static postgres& running();

  /// The URL of a new database.
  std::string new_database();
  /// As a power cut would end it.
  void kill();
  void start();

  postgres(const postgres&) = delete;
  postgres& operator=(const postgres&) = delete;
  ~postgres();

private:
  postgres();
  [[nodiscard]] std::string url(const std::string& database) const;
  void stop(int signal);

  std::string directory_;
  std::string programs_;
  pid_t server_ = 0;
  int databases_ = 0;
};

} // namespace ash::projections::testing
