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

path_changes::known path_changes::known_of(const stream_id& root) const {
  const std::lock_guard lock{mutex_};
  const auto found = known_.find(root);
  return found == known_.end() ? known{} : found->second;
}

void path_changes::keep(const stream_id& root, known of) {
  const std::lock_guard lock{mutex_};
  if (known_.size() > most_known)
    known_.clear();
  auto& kept = known_[root];
  if (kept.version < of.version) // another call may have read further
    kept = std::move(of);
}

void path_changes::apply(tool_call::requested& call) {
  if (call.root.empty() || call.root.kind() != entity_kind::run ||
      call.effect == effect_class::read)
    return;
  auto& paths = call.terms.writable_paths;
  auto of = known_of(call.root);
  if (!read_on(call.root, of)) {
    paths.emplace_back("!**");
    return;
  }
  if (!of.changes.empty())
    paths = policy::with_changes(std::move(paths), of.changes);
  keep(call.root, std::move(of));
}

} // namespace ash::shell
