// Postgres's own way to load rows, as a baseline: binary COPY, a transaction a call. It can only
// add, so no read model could be kept by it.
#pragma once

#include "projections/store/store.hpp"

#include <memory>

struct pg_conn;

namespace ash::bench {

class copier {
public:
  explicit copier(const std::string& url);
  result<void> copy(const projections::table_shape& shape,
                    const std::string& table,
                    std::span<const projections::row> rows);

private:
  struct closer {
    void operator()(pg_conn* at) const;
  };
  std::unique_ptr<pg_conn, closer> at_;
};

} // namespace ash::bench
