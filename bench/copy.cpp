#include "bench/copy.hpp"

#include "events/base/match.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <libpq-fe.h>

namespace ash::bench {
namespace {

template <class Integer> void put(std::string& to, Integer value) {
  std::array<char, sizeof(Integer)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof(Integer));
  std::reverse(bytes.begin(), bytes.end()); // of a little-endian machine
  to.append(bytes.data(), bytes.size());
}

/// As COPY's binary format has it: a header, the rows, a trailer.
std::string body_of(std::span<const projections::row> rows) {
  std::string out{"PGCOPY\n\377\r\n\0", 11};
  put<std::int32_t>(out, 0); // flags
  put<std::int32_t>(out, 0); // no extension of the header
  for (const auto& each : rows) {
    put<std::int16_t>(out, static_cast<std::int16_t>(each.size()));
    for (const auto& value : each)
      std::visit(match{[&](std::monostate) { put<std::int32_t>(out, -1); },
                       [&](std::int64_t number) {
                         put<std::int32_t>(out, 8);
                         put<std::int64_t>(out, number);
                       },
                       [&](const std::string& text) {
                         put<std::int32_t>(out, static_cast<std::int32_t>(text.size()));
                         out += text;
                       }},
                 value);
  }
  put<std::int16_t>(out, -1);
  return out;
}

} // namespace

void copier::closer::operator()(pg_conn* at) const {
  PQfinish(at);
}

copier::copier(const std::string& url) : at_{PQconnectdb(url.c_str())} {}

result<void> copier::copy(const projections::table_shape& shape,
                          const std::string& table,
                          std::span<const projections::row> rows) {
  const auto body = body_of(rows);
  const auto text = "copy actor_shell." + table + " (" + projections::column_list(shape) +
                    ") from stdin (format binary)";
  const auto is = [](PGresult* answer, ExecStatusType wanted) {
    const bool out = PQresultStatus(answer) == wanted;
    PQclear(answer);
    return out;
  };
  const bool is_sent = is(PQexec(at_.get(), text.c_str()), PGRES_COPY_IN) &&
                       PQputCopyData(at_.get(), body.data(), static_cast<int>(body.size())) == 1 &&
                       PQputCopyEnd(at_.get(), nullptr) == 1;
  if (!is_sent || !is(PQgetResult(at_.get()), PGRES_COMMAND_OK) ||
      PQgetResult(at_.get()) != nullptr)
    return refuse(errc::internal_error, std::string{"COPY: "} + PQerrorMessage(at_.get()));
  return success();
}

} // namespace ash::bench
