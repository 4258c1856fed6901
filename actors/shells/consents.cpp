#include "actors/shells/consents.hpp"

#include "actors/definitions/definition_files.hpp"
#include "events/base/match.hpp"
#include "events/base/text.hpp"
#include "events/codec/codec.hpp"

#include <algorithm>
#include <optional>

namespace ash {
namespace {

stream_id definitions_stream() {
  return {entity_kind::log, "definitions"};
}

void take(std::vector<consent>& all, const any_fact& happened, instant at) {
  const auto drop = [&](const std::string& subject) {
    std::erase_if(all, [&](const consent& each) { return each.subject == subject; });
  };
  if (const auto* granted = std::get_if<log::consent_granted>(&happened)) {
    drop(granted->subject);
    all.push_back({granted->subject, granted->by, at});
  } else if (const auto* revoked = std::get_if<log::consent_revoked>(&happened)) {
    drop(revoked->subject);
  }
}

struct folded {
  std::vector<consent> all;
  std::uint64_t version = 0;
};

result<folded> fold_stream(const log::event_log& log) {
  folded out;
  while (true) {
    TRY(const auto records, log.read_stream(definitions_stream(), out.version));
    if (records.empty())
      return out;
    for (const auto& record : records) {
      TRY(const auto fact, codec::decode(record.type, record.schema_version, record.payload));
      take(out.all, fact, record.at);
      out.version = record.version;
    }
  }
}

result<void> check_subject(const std::string& subject) {
  constexpr std::size_t longest_name = 100;
  const std::string_view text = subject;
  for (const std::string_view kind : {"backend ", "persona "}) {
    if (!text.starts_with(kind))
      continue;
    const auto name = text.substr(kind.size());
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    if (!name.empty() && name.size() <= longest_name && std::all_of(name.begin(), name.end(), fits))
      return success();
  }
  return refuse(
      errc::argument_invalid,
      "consent is given to `backend NAME` or `persona NAME` (a-z, 0-9 and '-'), not to '" +
          printable(utf8_prefix(to_valid_utf8(subject), 120)) + "'");
}

/// A slip in a name would let nothing be sent, or go on letting it, and nobody would be told.
result<void> check_known(std::string_view subject, const consent_names& known) {
  const auto space = subject.find(' ');
  const auto kind = subject.substr(0, space);
  const std::string name{subject.substr(space + 1)};
  TRY(const auto names, known(kind));
  if (std::find(names.begin(), names.end(), name) != names.end())
    return success();
  const auto nearest = "; the nearest are " + definitions::near_names(name, names);
  if (kind == "persona")
    return refuse(errc::persona_not_found, "there is no persona '" + name + "'" + nearest);
  return refuse(errc::config_invalid,
                "there is no model provider '" + name + "' that content could be sent to" +
                    nearest + ". Name others in the configuration's `providers`");
}

result<void>
append_fact(log::event_log& log, const any_fact& what, std::uint64_t version, instant now) {
  auto bytes = codec::encode(what);
  log::append_request request;
  request.stream = definitions_stream();
  request.root = request.stream;
  request.expected_version = version;
  request.at = now;
  request.entries.emplace_back();
  request.entries.back().correlation = request.stream.text();
  request.entries.back().facts.push_back({std::string{bytes.type},
                                          bytes.schema_version,
                                          log::durability::synced,
                                          std::move(bytes.payload)});
  TRY(log.append_now(std::move(request)));
  return success();
}

} // namespace

result<consents> consents::read(const log::event_log& log) {
  TRY(auto now, fold_stream(log));
  consents out;
  out.all_ = std::move(now.all);
  return out;
}

bool consents::has(std::string_view subject) const {
  return std::any_of(
      all_.begin(), all_.end(), [&](const consent& each) { return each.subject == subject; });
}

result<bool> change_consent(log::event_log& log,
                            consent_change what,
                            const std::string& subject,
                            const std::string& by,
                            instant now,
                            const consent_names& known) {
  TRY(check_subject(subject));
  constexpr int attempts = 20; // someone else may write between the look and the append
  for (int n = 1;; ++n) {
    TRY(const auto before, fold_stream(log));
    const auto stands = std::any_of(before.all.begin(), before.all.end(), [&](const auto& each) {
      return each.subject == subject;
    });
    if (!stands) {
      TRY(check_known(subject, known));
    }
    if (stands == (what == consent_change::grant))
      return false;
    const auto fact = what == consent_change::grant ? any_fact{log::consent_granted{subject, by}}
                                                    : any_fact{log::consent_revoked{subject, by}};
    auto appended = append_fact(log, fact, before.version, now);
    if (appended)
      return true;
    if (appended.error().code != errc::version_conflict || n == attempts)
      return std::move(appended).error();
  }
}

} // namespace ash
