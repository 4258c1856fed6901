// The log: how large it is, its backups and documents, and any stream's state as it was.
#include "gateway/api/context.hpp"

#include "events/base/hash.hpp"

#include <algorithm>
#include <deque>
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

/// Backups, one at a time. A backup leaves no fact: that a key was used is known to this process
/// alone. After a restart the same request finds the directory there, which is refused.
class backups {
public:
  result<response> make(const context& in, const call& asked) {
    TRY(query_reader{asked}.done());
    TRY(auto body, body_reader::of(asked));
    const auto directory = body.text("directory");
    TRY(body.done());
    TRY(check_absolute("directory", directory));
    TRY(const auto key, key_of(asked, in.log(), "backup", body.canonical()));
    const std::lock_guard lock{mutex_};
    const auto known = std::find_if(made_.begin(), made_.end(), [&](const made& each) {
      return each.key.key == key.source.key;
    });
    if (known != made_.end() && known->key.causation != key.source.causation)
      return refuse(errc::idempotency_conflict,
                    "this Idempotency-Key was used for another backup: take a new one");
    if (known != made_.end())
      return json_answer(known->answer, created);
    TRY(const auto done, in.work().log().backup(directory));
    made_.push_back({key.source,
                     {{"directory", directory},
                      {"head", done.head},
                      {"incarnation", to_string(done.incarnation)},
                      {"at", to_iso(done.at)}}});
    if (made_.size() > most_kept)
      made_.pop_front();
    return json_answer(made_.back().answer, created);
  }

private:
  static constexpr int created = 201;
  static constexpr std::size_t most_kept = 100;
  struct made {
    command_source key;
    json::object answer;
  };
  std::mutex mutex_;
  std::deque<made> made_;
};

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
  auto stream = inspect::resolve_stream(in.log(), asked.at("stream"));
  if (!stream && stream.error().code == errc::argument_invalid)
    return refuse(errc::feed_not_found, stream.error().message);
  TRY(const auto named, stream);
  TRY(const auto state, inspect::fold_stream(in.log(), named, limit));
  return one(asked, state);
}

} // namespace

void add_log_routes(router& to, const context_ptr& in) {
  to.add("GET", "/api/v1/log", [in](const call& c) { return stats(*in, c); });
  to.add("POST", "/api/v1/log/backup", [in, made = std::make_shared<backups>()](const call& c) {
    return made->make(*in, c);
  });
  to.add("GET", "/api/v1/blobs/{sha256}", [in](const call& c) { return blob(*in, c); });
  to.add("GET", "/api/v1/replay/{stream...}", [in](const call& c) { return replay(*in, c); });
}

} // namespace ash::gateway::api
