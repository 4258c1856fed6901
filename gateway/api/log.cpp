// The log: how large it is, its documents, and any stream's state as it was.
#include "gateway/api/context.hpp"

#include "events/base/hash.hpp"

#include <limits>

namespace ash::gateway::api {
namespace {

result<response> stats(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(const auto of, in.log().stats());
  return json_answer(json::object{{"incarnation", to_string(of.incarnation)},
                                  {"head", of.head},
                                  {"streams", of.streams},
                                  {"open_streams", of.open_streams},
                                  {"blobs", of.blobs},
                                  {"snapshots", of.snapshots},
                                  {"disk_bytes", of.disk_bytes},
                                  {"appends", of.appends},
                                  {"syncs", of.sync_count},
                                  {"queued_bytes", of.queued_bytes}});
}

result<sha256_digest> digest_of(std::string_view text) {
  sha256_digest out;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  if (text.size() != 2 * out.bytes.size() ||
      text.find_first_not_of("0123456789abcdef") != std::string_view::npos)
    return refuse(errc::argument_invalid,
                  "a document is named by 64 lower-case hexadecimal digits");
  for (std::size_t i = 0; i < out.bytes.size(); ++i)
    out.bytes[i] = static_cast<std::uint8_t>(digit(text[2 * i]) * 16 + digit(text[2 * i + 1]));
  return out;
}

/// As a download: what a model or a tool wrote is never shown as a page of ours.
result<response> blob(const context& in, const call& asked) {
  TRY(query_reader{asked}.done());
  TRY(const auto digest, digest_of(asked.at("sha256")));
  TRY(auto bytes, in.log().read_blob(digest));
  auto out = one_text(asked, "application/octet-stream", std::move(bytes));
  out.headers.emplace_back("Content-Disposition", "attachment");
  out.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return out;
}

result<response> replay(const context& in, const call& asked) {
  query_reader query{asked};
  inspect::fold_limit limit;
  constexpr auto any = std::numeric_limits<std::uint64_t>::max();
  limit.position = query.number("at", 1, any);
  limit.version = query.number("version", 1, any);
  TRY(query.done());
  auto stream = stream_id::parse(asked.at("stream"));
  if (!stream)
    return refuse(errc::feed_not_found, stream.error().message);
  TRY(const auto state, inspect::fold_stream(in.log(), stream.value(), limit));
  return one(asked, state);
}

} // namespace

void add_log_routes(router& to, const context_ptr& in) {
  to.add("GET", "/api/v1/log", [in](const call& c) { return stats(*in, c); });
  to.add("GET", "/api/v1/blobs/{sha256}", [in](const call& c) { return blob(*in, c); });
  to.add("GET", "/api/v1/replay/{stream...}", [in](const call& c) { return replay(*in, c); });
}

} // namespace ash::gateway::api
