#include "actors/shells/hook_watch.hpp"

#include "actors/aggregates/hooks.hpp"
#include "actors/aggregates/run.hpp"
#include "actors/aggregates/session.hpp"
#include "actors/performers/hook_effects.hpp"
#include "actors/shells/fold.hpp"
#include "events/base/json.hpp"
#include "events/base/text.hpp"
#include "events/codec/codec.hpp"

#include <algorithm>
#include <array>
#include <boost/json/value_to.hpp>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <optional>
#include <unistd.h>

namespace ash {
namespace {

// A crash has at most so many facts read again that were of no interest.
constexpr std::uint64_t positions_between_saves = 10'000;
constexpr std::array watched{
    hook_event::run_end, hook_event::approval_requested, hook_event::budget_warned};

/// The event that a record is for hooks, by its type alone.
std::optional<hook_event> event_of(const log::record& record) {
  if (record.type == run::report_composed::type || record.type == run::report_failed::type)
    return hook_event::run_end; // what is told of its end is complete then
  if (record.type == run::approval_requested::type)
    return hook_event::approval_requested;
  if (record.type == budget::warned::type)
    return hook_event::budget_warned;
  return std::nullopt;
}

/// What is told of an event, and where its hooks run.
struct telling {
  stream_id root; ///< that keeps what the hooks did; empty: none
  std::string directory;
  json::object details;
};

/// The present state of what an event belongs to.
struct root_state {
  std::string directory;
  std::vector<run::approval> approvals;
  std::optional<run::live> run;
  bool is_readable = true;
};

result<root_state> state_of(const log::event_log& log, const stream_id& root) {
  root_state out;
  if (root.kind() == entity_kind::run) {
    TRY(auto state, fold::newest<run_aggregate>(log, root));
    if (auto* live = std::get_if<run::live>(&state)) {
      out.directory = live->base_commit.empty() ? live->plan.repo_path : live->plan.worktree;
      out.approvals = live->approvals;
      out.run = std::move(*live);
    }
  } else if (root.kind() == entity_kind::session) {
    TRY(auto state, fold::newest<session_aggregate>(log, root));
    if (auto* active = std::get_if<session::active>(&state)) {
      out.directory = active->about.worktree;
      out.approvals = std::move(active->approvals);
    }
  }
  return out;
}

bool is_unreadable(const error& why) {
  return why.code == errc::log_corrupt || why.code == errc::schema_unsupported;
}

void say_unreadable(const stream_id& what, std::uint64_t position, const error& why) {
  std::fprintf(stderr,
               "actor-shell: of what happened in %s at position %llu hooks are told less, or "
               "nothing: %s\n",
               what.text().c_str(),
               static_cast<unsigned long long>(position),
               to_string(why).c_str());
}

/// A history that can't be read tells of nothing, and keeps no other event from being told.
result<root_state>
readable_state_of(const log::event_log& log, const stream_id& root, std::uint64_t position) {
  auto state = state_of(log, root);
  if (state || !is_unreadable(state.error()))
    return state;
  say_unreadable(root, position, state.error());
  root_state nothing;
  nothing.is_readable = false;
  return nothing;
}

std::string_view outcome_of(run::status at) {
  switch (at) {
  case run::status::completed:
    return "completed";
  case run::status::failed:
    return "failed";
  case run::status::aborted:
    return "aborted";
  case run::status::executing:
  case run::status::awaiting_approval:
  case run::status::interrupted:
    break;
  }
  return "interrupted";
}

json::object told_of_end(const run::live& of) {
  json::object out{{"run", to_string(of.plan.run)},
                   {"workflow", of.plan.workflow},
                   {"repository", of.plan.repo_path},
                   {"base_branch", of.plan.base_branch},
                   {"outcome", outcome_of(of.at)}};
  if (!of.code.empty())
    out["code"] = of.code;
  if (!of.message.empty())
    out["message"] = of.message;
  if (of.report) {
    out["branch"] = of.report->branch;
    out["commit"] = of.report->commit;
    out["report"] = of.report->markdown_path;
    out["report_json"] = of.report->json_path;
    out["cost_usd"] = to_string(of.report->cost).substr(1); // without its `$`
  }
  return out;
}

std::string_view name_of(run::approval_kind kind) {
  constexpr std::array<std::string_view, 4> names{"artifact", "tool", "budget", "plan"};
  return names.at(static_cast<std::size_t>(kind));
}

json::object told_of_approval(const run::approval_requested& of) {
  json::object asked{{"id", to_string(of.approval)},
                     {"kind", name_of(of.kind)},
                     {"subject", of.subject},
                     {"round", of.round},
                     {"question", of.question},
                     {"asker", of.asker.text()}};
  if (of.expires.us != 0)
    asked["expires"] = to_iso(of.expires);
  if (of.amount > usd{})
    asked["amount_usd"] = to_string(of.amount).substr(1);
  json::object out{{"approval", std::move(asked)}};
  if (!of.phase_key.empty())
    out["phase"] = of.phase_key;
  return out;
}

/// None where nobody has to be told any more.
result<std::optional<telling>> telling_of(const log::event_log& log, const log::record& record) {
  TRY(const auto fact, codec::decode(record.type, record.schema_version, record.payload));
  telling out;
  if (const auto* warned = std::get_if<budget::warned>(&fact)) {
    // Who spent is not the scope: it is the one whose call reached the threshold.
    if (auto root = stream_id::parse(record.correlation);
        root &&
        (root.value().kind() == entity_kind::run || root.value().kind() == entity_kind::session))
      out.root = root.value();
    out.details["budget"] = json::object{{"scope", record.stream.key()},
                                         {"committed_usd", to_string(warned->committed).substr(1)},
                                         {"threshold_usd", to_string(warned->threshold).substr(1)}};
  } else {
    out.root = record.stream;
  }
  if (out.root.empty())
    return std::optional{std::move(out)};
  TRY(const auto state, readable_state_of(log, out.root, record.position));
  out.directory = state.directory;
  if (const auto* asked = std::get_if<run::approval_requested>(&fact)) {
    const auto* known = approvals::find(state.approvals, asked->approval);
    // A session that has ended keeps no question open.
    if (state.is_readable && (known == nullptr || known->decision))
      return std::optional<telling>{};
    out.details = told_of_approval(*asked);
  } else if (out.details.empty() && state.run) {
    out.details = told_of_end(*state.run);
  } else if (out.details.empty() && out.root.kind() == entity_kind::run) {
    out.details["run"] = out.root.key();
  }
  out.details["root"] = out.root.text();
  out.details["directory"] = out.directory;
  return std::optional{std::move(out)};
}

/// None where there is no file, or one of another log.
std::optional<std::uint64_t> position_in(const std::string& file, const log::event_log& log) {
  std::ifstream in{file, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  const auto parsed = parse_json(text, file);
  const auto* members = parsed ? parsed.value().if_object() : nullptr;
  const auto* own = members != nullptr ? members->if_contains("log") : nullptr;
  const auto* at = members != nullptr ? members->if_contains("position") : nullptr;
  if (own == nullptr || at == nullptr || !own->is_string() ||
      own->get_string() != to_string(log.incarnation()))
    return std::nullopt;
  const auto position = json::try_value_to<std::uint64_t>(*at);
  if (!position || *position > log.head())
    return std::nullopt;
  return *position;
}

} // namespace

bool hook_watch::wants(const std::vector<hook_rule>& rules) {
  return std::any_of(
      watched.begin(), watched.end(), [&](hook_event on) { return hooks::has_any(rules, on); });
}

void hook_watch::forget(const std::string& cursor_file) {
  ::unlink(cursor_file.c_str());
}

result<std::unique_ptr<hook_watch>> hook_watch::open(parts with) {
  std::unique_ptr<hook_watch> out{new hook_watch{std::move(with)}};
  const auto known = position_in(out->with_.cursor_file, *out->with_.log);
  out->after_ = known.value_or(out->with_.log->head());
  out->saved_ = out->after_;
  if (!known) {
    TRY(out->save());
  }
  auto* self = out.get();
  out->follower_ = std::make_unique<log_follower>(*out->with_.log, [self] {
    const auto done = self->catch_up();
    if (!done && done.error().code != errc::cancelled)
      self->say(done.error());
    return done.has_value(); // the next start tells of what is left
  });
  return out;
}

void hook_watch::stop(ending how) {
  if (!follower_)
    return;
  if (how == ending::leave)
    kill_.request_stop();
  follower_.reset();
  if (after_ != saved_) // a next start does not read again what was of no interest
    if (const auto kept = save(); !kept)
      say(kept.error());
}

void hook_watch::say(const error& why) const {
  std::fprintf(stderr,
               "actor-shell: hooks are told of nothing more until the next start, which goes on "
               "from the position in '%s': %s\n",
               printable(with_.cursor_file).c_str(),
               to_string(why).c_str());
}

result<void> hook_watch::catch_up() {
  while (true) {
    TRY(const auto records, with_.log->read(after_));
    if (records.empty())
      return success();
    for (const auto& record : records) {
      if (kill_.stop_requested())
        return refuse(errc::cancelled, "the process stops");
      TRY(see(record));
    }
  }
}

result<void> hook_watch::see(const log::record& record) {
  const auto on = event_of(record);
  const auto rules = on ? hooks::for_event(with_.rules, *on) : std::vector<hook_rule>{};
  if (rules.empty()) {
    after_ = record.position; // nothing is lost where this is read again
    return after_ - saved_ < positions_between_saves ? success() : save();
  }
  auto found = telling_of(*with_.log, record);
  if (!found && is_unreadable(found.error())) {
    say_unreadable(record.stream, record.position, found.error());
    found = std::optional<telling>{};
  }
  TRY(const auto told, std::move(found));
  if (told) {
    const auto id =
        "hooks:" + std::string{hooks::name_of(*on)} + ":" + std::to_string(record.position);
    auto came = performers::run_hooks(rules,
                                      {*on, id, told->directory, to_json_text(told->details)},
                                      *with_.scrub->now(),
                                      kill_.get_token());
    if (kill_.stop_requested())
      return refuse(errc::cancelled, "the process stops");
    if (!told->root.empty())
      if (auto kept = with_.record(told->root, id, {*on, std::move(came)}); !kept)
        std::fprintf(stderr,
                     "actor-shell: what hooks did could not be recorded in %s: %s\n",
                     told->root.text().c_str(),
                     to_string(kept.error()).c_str());
  }
  after_ = record.position;
  return save();
}

result<void> hook_watch::save() {
  const auto text = to_json_text(json::object{{"log", to_string(with_.log->incarnation())},
                                              {"position", after_}}) +
                    "\n";
  const auto fresh = with_.cursor_file + ".new";
  const auto failed = [&](int number) {
    return system_error("can't write '" + printable(with_.cursor_file) + "'", number);
  };
  const auto file =
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0)
    return failed(errno);
  const auto written = ::write(file, text.data(), text.size());
  const auto whole = written == static_cast<ssize_t>(text.size()) && ::fdatasync(file) == 0;
  const auto number = errno;
  ::close(file);
  if (!whole)
    return failed(number);
  if (::rename(fresh.c_str(), with_.cursor_file.c_str()) != 0)
    return failed(errno);
  saved_ = after_;
  return success();
}

} // namespace ash
