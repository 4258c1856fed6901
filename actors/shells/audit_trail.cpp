#include "actors/shells/audit_trail.hpp"

#include "events/base/clock.hpp"
#include "events/base/hash.hpp"
#include "events/base/match.hpp"
#include "events/base/scrub.hpp"
#include "events/base/text.hpp"
#include "events/codec/codec.hpp"

#include <algorithm>
#include <array>
#include <boost/json/value_to.hpp>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace ash::audit {
namespace {

constexpr std::size_t longest_arguments = 4'096;
constexpr std::size_t longest_line = std::size_t{64} << 10;

/// The hash of a line's members but for `hash` itself; the one before it is among them.
std::string hash_of(const json::object& shown) {
  auto rest = shown;
  rest.erase("hash");
  return sha256_hex(canonical_json(rest));
}

// -- from facts to a line -------------------------------------------------------------------------

/// How a call ended.
struct end {
  std::string_view verdict;
  std::string code = {};
  std::string reason = {};
  std::int64_t duration_ms = 0;
  std::int64_t exit_code = 0;
  bool unsandboxed = false;
};

std::optional<end> end_of(const any_fact& happened) {
  if (const auto* f = std::get_if<tool_call::completed>(&happened))
    return end{"completed", {}, {}, f->duration_ms, f->exit_code, f->unsandboxed};
  if (const auto* f = std::get_if<tool_call::failed>(&happened))
    return end{"failed", f->code, {}, f->duration_ms, f->exit_code, f->unsandboxed};
  if (const auto* f = std::get_if<tool_call::denied>(&happened))
    return end{"denied", f->code, f->rule + ": " + f->message};
  if (const auto* f = std::get_if<tool_call::cancelled>(&happened))
    return end{"cancelled", "cancelled", f->reason};
  if (const auto* f = std::get_if<tool_call::in_doubt>(&happened))
    return end{"in_doubt", "tool_in_doubt", f->reason};
  return std::nullopt;
}

bool may_end_a_call(const log::record& record) {
  constexpr std::array<std::string_view, 5> types{tool_call::completed::type,
                                                  tool_call::failed::type,
                                                  tool_call::denied::type,
                                                  tool_call::cancelled::type,
                                                  tool_call::in_doubt::type};
  return record.stream.kind() == entity_kind::tool_call &&
         std::find(types.begin(), types.end(), record.type) != types.end();
}

/// What was asked for, by the first fact of the call's stream.
result<tool_call::requested> request_of(const log::event_log& log, const stream_id& stream) {
  log::read_limit one;
  one.max_records = 1;
  TRY(const auto records, log.read_stream(stream, 0, one));
  if (records.empty())
    return refuse(errc::log_corrupt, "the stream " + stream.text() + " is empty");
  const auto& first = records.front();
  TRY(auto fact, codec::decode(first.type, first.schema_version, first.payload));
  auto* asked = std::get_if<tool_call::requested>(&fact);
  if (asked == nullptr)
    return refuse(errc::log_corrupt,
                  "the stream " + stream.text() + " does not begin with a request");
  return std::move(*asked);
}

/// The members that the log alone decides; without a scrubber, with its texts as they are.
result<json::object>
members_of(const log::event_log& log, const log::record& record, const scrubber* known) {
  const auto clean = [&](const std::string& text) {
    return known == nullptr ? text : known->clean(text);
  };
  TRY(const auto fact, codec::decode(record.type, record.schema_version, record.payload));
  const auto came = end_of(fact);
  if (!came)
    return refuse(errc::log_corrupt, "'" + record.type + "' ends no tool call");
  TRY(const auto asked, request_of(log, record.stream));
  // Clean since they entered, but for logs of before; a shape costs little to look for.
  const auto arguments = clean(asked.arguments);
  json::object out{{"at", to_iso(record.at)},
                   {"root", record.root.text()},
                   {"owner", asked.owner.text()},
                   {"call", to_string(asked.call)},
                   {"tool", clean(asked.name)},
                   {"arguments", utf8_prefix(arguments, longest_arguments)}};
  if (arguments.size() > longest_arguments)
    out["arguments_sha256"] = sha256_hex(arguments);
  out["verdict"] = std::string{came->verdict};
  out["duration_ms"] = came->duration_ms;
  if (came->exit_code != 0)
    out["exit_code"] = came->exit_code;
  if (came->unsandboxed)
    out["unsandboxed"] = true;
  if (!came->code.empty())
    out["error"] = came->code;
  if (!came->reason.empty())
    out["reason"] = std::string{utf8_prefix(clean(came->reason), longest_arguments)};
  out["position"] = record.position;
  return out;
}

/// What a line says, as the scrubber of now would have it said: one that was written before the
/// shape of some key was known is as true as it was.
void clean_members(json::object& shown, const scrubber& clean) {
  for (const auto* name : {"tool", "arguments", "reason"})
    if (auto* text = shown.if_contains(name); text != nullptr && text->is_string())
      *text = clean.clean(json::value_to<std::string>(*text));
}

// -- from a text to a line ------------------------------------------------------------------------

error damaged(std::uint64_t number, const std::string& what) {
  return refuse(errc::audit_damaged,
                "line " + std::to_string(number) + " of the audit trail " + what)
      .with("line", std::to_string(number));
}

template <class T> std::optional<T> member(const json::object& of, std::string_view name) {
  const auto* found = of.if_contains(name);
  if (found == nullptr)
    return std::nullopt;
  auto value = json::try_value_to<T>(*found);
  return value ? std::optional{std::move(*value)} : std::nullopt;
}

/// The next line after `before`, checked against it.
result<line> next_line(const std::string& text, const line& before) {
  const auto number = before.number + 1;
  const auto parsed = parse_json(text, "the audit trail");
  if (!parsed || !parsed.value().is_object())
    return damaged(number, "is no JSON object");
  line out;
  out.shown = parsed.value().get_object();
  const auto own = member<std::uint64_t>(out.shown, "line");
  const auto position = member<std::uint64_t>(out.shown, "position");
  const auto incarnation = member<std::string>(out.shown, "log");
  const auto previous = member<std::string>(out.shown, "previous");
  const auto hash = member<std::string>(out.shown, "hash");
  if (!own || !position || !incarnation || !previous || !hash)
    return damaged(number, "lacks a member that every line has");
  if (*hash != hash_of(out.shown))
    return damaged(number, "was changed: its hash is another");
  if (*own != number || *previous != before.hash)
    return damaged(number, "does not follow the one before it: a line was removed, or put in");
  out.number = number;
  out.position = *position;
  out.incarnation = *incarnation;
  out.hash = *hash;
  return out;
}

/// The last whole line, and where the file's whole lines end.
struct tail {
  line last;
  off_t end = 0;
};

result<tail> tail_of(int file) {
  struct stat facts {};
  if (::fstat(file, &facts) != 0)
    return system_error("can't look at the audit trail", errno);
  const auto from = std::max<off_t>(0, facts.st_size - static_cast<off_t>(2 * longest_line));
  std::string text(static_cast<std::size_t>(facts.st_size - from), '\0');
  const auto got = ::pread(file, text.data(), text.size(), from);
  if (got != static_cast<ssize_t>(text.size()))
    return system_error("can't read the audit trail", errno);
  const auto close = text.rfind('\n');
  if (close == std::string::npos) {
    if (from > 0)
      return refuse(errc::audit_damaged,
                    "the audit trail has no end of a line where one has to be");
    return tail{};
  }
  const auto before = close == 0 ? std::string::npos : text.rfind('\n', close - 1);
  const auto begin = before == std::string::npos ? 0 : before + 1;
  const auto parsed = parse_json(text.substr(begin, close - begin), "the audit trail");
  tail out;
  out.end = from + static_cast<off_t>(close) + 1;
  const auto* shown = parsed ? parsed.value().if_object() : nullptr;
  const auto number = shown ? member<std::uint64_t>(*shown, "line") : std::nullopt;
  const auto position = shown ? member<std::uint64_t>(*shown, "position") : std::nullopt;
  const auto incarnation = shown ? member<std::string>(*shown, "log") : std::nullopt;
  const auto hash = shown ? member<std::string>(*shown, "hash") : std::nullopt;
  if (!number || !position || !incarnation || !hash)
    return refuse(errc::audit_damaged,
                  "the last line of the audit trail is damaged: look with `actor-shell audit "
                  "verify`; moved away, the trail is written anew from the log");
  out.last = {*number, *position, *incarnation, *hash, *shown};
  return out;
}

} // namespace

// -- reading --------------------------------------------------------------------------------------

result<void> read(const std::string& path, const std::function<bool(const line&)>& each) {
  std::ifstream in{path, std::ios::binary};
  if (!in) {
    if (::access(path.c_str(), F_OK) != 0)
      return success();
    return system_error("can't read '" + printable(path) + "'", errno);
  }
  line before;
  for (std::string text; std::getline(in, text);) {
    if (in.eof())
      return success(); // torn: its end is still to be written
    TRY(auto now, next_line(text, before));
    if (!each(now))
      return success();
    before = std::move(now);
  }
  return success();
}

namespace {

/// Calls `each` for the end of every tool call after a position, to the head.
template <class Each>
result<std::uint64_t> each_end(const log::event_log& log, std::uint64_t after, Each&& each) {
  while (true) {
    TRY(const auto records, log.read(after));
    if (records.empty())
      return after;
    for (const auto& record : records) {
      if (may_end_a_call(record)) {
        TRY(each(record));
      }
      after = record.position;
    }
  }
}

} // namespace

result<verdict> verify(const std::string& path, const log::event_log& log) {
  std::vector<line> lines; // without their members, which would be the whole file
  struct said {
    std::string as_it_is;
    std::string cleaned;
  };
  std::vector<said> hashes;
  const scrubber clean;
  TRY(read(path, [&](const line& one) {
    auto kept = one;
    for (const auto* chained : {"line", "log", "previous", "hash"})
      kept.shown.erase(chained);
    auto as_it_is = sha256_hex(canonical_json(kept.shown));
    clean_members(kept.shown, clean);
    hashes.push_back({std::move(as_it_is), sha256_hex(canonical_json(kept.shown))});
    kept.shown.clear();
    lines.push_back(std::move(kept));
    return true;
  }));
  verdict out;
  out.lines = lines.size();
  std::size_t next = 0;
  // A cut text and its hash are what the scrubber of then made of them.
  const auto is_told_by = [&](const said& of, const log::record& record) -> result<bool> {
    TRY(const auto now, members_of(log, record, &clean));
    const auto hash = sha256_hex(canonical_json(now));
    if (of.as_it_is == hash || of.cleaned == hash)
      return true;
    TRY(const auto then, members_of(log, record, nullptr));
    return of.as_it_is == sha256_hex(canonical_json(then));
  };
  TRY(each_end(log, 0, [&](const log::record& record) -> result<void> {
    if (next == lines.size()) {
      ++out.missing;
      return success();
    }
    TRY(const auto is_told, is_told_by(hashes[next], record));
    if (lines[next].position != record.position || !is_told)
      return damaged(next + 1,
                     "is not what the log says of position " + std::to_string(record.position));
    ++next;
    return success();
  }));
  if (next < lines.size())
    return damaged(next + 1, "tells of a call that the log does not have");
  return out;
}

// -- writing --------------------------------------------------------------------------------------

trail::trail(int file, log::event_log& log) : file_{file}, log_{log} {}

result<std::unique_ptr<trail>> trail::open(const std::string& path, log::event_log& log) {
  const auto file =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0)
    return system_error("can't open the audit trail '" + printable(path) + "'", errno);
  std::unique_ptr<trail> out{new trail{file, log}};
  if (::fchmod(file, 0600) != 0)
    return system_error("can't make the audit trail private", errno);
  TRY(auto found, tail_of(file));
  if (::ftruncate(file, found.end) != 0)
    return system_error("can't cut the torn line of the audit trail", errno);
  out->after_ = found.last.position;
  out->count_ = found.last.number;
  out->last_hash_ = found.last.hash;
  if (out->after_ > log.head())
    return refuse(errc::audit_damaged,
                  "the audit trail '" + printable(path) +
                      "' tells of more than the log has: it is of another log. Move it away, and "
                      "it is written anew");
  auto* self = out.get();
  out->follower_ = std::make_unique<log_follower>(log, [self] {
    const auto done = self->catch_up();
    if (!done) // the next start writes what is missing
      std::fprintf(
          stderr, "actor-shell: the audit trail ends here: %s\n", to_string(done.error()).c_str());
    return done.has_value();
  });
  return out;
}

trail::~trail() {
  follower_.reset();
  ::close(file_);
}

result<void> trail::catch_up() {
  const scrubber clean;
  constexpr std::size_t at_once = 256;
  std::vector<line> lines;
  TRY(after_, each_end(log_, after_, [&](const log::record& record) -> result<void> {
        TRY(auto members, members_of(log_, record, &clean));
        lines.push_back({0, record.position, {}, {}, std::move(members)});
        return lines.size() < at_once ? result<void>{success()} : write(lines);
      }));
  return write(lines);
}

result<void> trail::write(std::vector<line>& lines) {
  if (lines.empty())
    return success();
  std::string text;
  for (auto& each : lines) {
    each.shown["line"] = ++count_;
    each.shown["log"] = to_string(log_.incarnation());
    each.shown["previous"] = last_hash_;
    last_hash_ = hash_of(each.shown);
    each.shown["hash"] = last_hash_;
    text += to_json_text(each.shown) + '\n';
  }
  lines.clear();
  for (std::string_view rest = text; !rest.empty();) {
    const auto written = ::write(file_, rest.data(), rest.size());
    if (written < 0 && errno != EINTR)
      return system_error("can't write the audit trail", errno);
    rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  if (::fdatasync(file_) != 0)
    return system_error("can't sync the audit trail", errno);
  return success();
}

} // namespace ash::audit
