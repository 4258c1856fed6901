#include "actors/shells/entity_forms.hpp"

#include "actors/aggregates/budget.hpp"
#include "actors/aggregates/phase.hpp"
#include "actors/aggregates/run.hpp"
#include "actors/aggregates/session.hpp"
#include "actors/entity/entity.hpp"
#include "actors/entity/make_entity.hpp"
#include "events/codec/codec.hpp"
#include "events/codec/pack.hpp"

namespace ash::shell {
namespace {

template <aggregate A> std::optional<std::string> pack_state(const any_entity& from) {
  return codec::pack(dynamic_cast<const entity<A>&>(from).state());
}

template <aggregate A> result<void> unpack_state(any_entity& into, const log::snapshot& from) {
  TRY(auto state, codec::unpack<typename A::state>(from.bytes));
  dynamic_cast<entity<A>&>(into).load_snapshot(std::move(state), from.version);
  return success();
}

class our_forms final : public entity_forms {
public:
  [[nodiscard]] result<std::unique_ptr<any_entity>> make(entity_setup setup) const override {
    return make_entity(std::move(setup));
  }

  [[nodiscard]] stored_fact encode(const any_fact& fact) const override {
    auto encoded = codec::encode(fact);
    stored_fact out;
    out.draft.type = encoded.type;
    out.draft.schema_version = encoded.schema_version;
    out.draft.keep = encoded.transient ? log::durability::transient : log::durability::synced;
    out.draft.payload = std::move(encoded.payload);
    for (auto& blob : encoded.blobs)
      out.blobs.push_back({blob.hash, std::move(blob.bytes)});
    return out;
  }

  [[nodiscard]] result<any_fact> decode(const log::record& from) const override {
    return codec::decode(from.type, from.schema_version, from.payload);
  }

  [[nodiscard]] std::optional<std::string> pack(const any_entity& from) const override {
    switch (from.kind()) {
    case entity_kind::session:
      return pack_state<session_aggregate>(from);
    case entity_kind::run:
      return pack_state<run_aggregate>(from);
    case entity_kind::phase:
      return pack_state<phase_aggregate>(from);
    case entity_kind::budget:
      return pack_state<budget_aggregate>(from);
    case entity_kind::tool_call:
    case entity_kind::log:
      break;
    }
    return std::nullopt;
  }

  result<void> unpack(any_entity& into, const log::snapshot& from) const override {
    switch (into.kind()) {
    case entity_kind::session:
      return unpack_state<session_aggregate>(into, from);
    case entity_kind::run:
      return unpack_state<run_aggregate>(into, from);
    case entity_kind::phase:
      return unpack_state<phase_aggregate>(into, from);
    case entity_kind::budget:
      return unpack_state<budget_aggregate>(into, from);
    case entity_kind::tool_call:
    case entity_kind::log:
      break;
    }
    return refuse(errc::schema_unsupported, "entities of this kind have no snapshots");
  }
};

} // namespace

const entity_forms& stored_forms() {
  static const our_forms forms;
  return forms;
}

} // namespace ash::shell
