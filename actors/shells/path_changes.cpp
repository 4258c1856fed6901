#include "actors/shells/path_changes.hpp"

#include "events/codec/codec.hpp"

namespace ash::shell {
namespace {

/// Roots that are remembered; beyond it all are read again.
constexpr std::size_t most_known = 1'000;

} // namespace

result<void> path_changes::read_on(const stream_id& root, known& of) const {
  while (true) {
    TRY(const auto records, log_.read_stream(root, of.version));
    if (records.empty())
      return success();
    for (const auto& record : records) {
      of.version = record.version;
      const auto grants = record.type == run::path_granted::type;
      if (!grants && record.type != run::path_revoked::type)
        continue;
      TRY(const auto fact, codec::decode(record.type, record.schema_version, record.payload));
      if (const auto* granted = std::get_if<run::path_granted>(&fact))
        of.changes.push_back({policy::writable::yes, granted->path});
      if (const auto* revoked = std::get_if<run::path_revoked>(&fact))
        of.changes.push_back({policy::writable::taken_back, revoked->path});
    }
  }
}

void path_changes::apply(tool_call::requested& call) {
  if (call.root.empty() || call.effect == effect_class::read)
    return;
  const std::lock_guard lock{mutex_};
  if (known_.size() > most_known)
    known_.clear();
  auto& of = known_[call.root];
  auto& paths = call.terms.writable_paths;
  if (read_on(call.root, of)) {
    if (!of.changes.empty())
      paths = policy::with_changes(std::move(paths), of.changes);
  } else {
    paths.emplace_back("!**");
  }
}

} // namespace ash::shell
