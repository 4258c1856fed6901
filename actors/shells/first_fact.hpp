// The fact that a stream begins with, where it is of one type: what an entity is, without its fold.
#pragma once

#include "events/codec/codec.hpp"
#include "events/log/event_log.hpp"

#include <optional>

namespace ash {

/// Nothing for a stream that is empty, can't be read, or begins otherwise.
template <class Fact>
std::optional<Fact> first_fact(const log::event_log& log, const stream_id& stream) {
  const auto records = log.read_stream(stream, 0, {1});
  if (!records || records.value().empty())
    return std::nullopt;
  const auto& first = records.value().front();
  const auto fact = codec::decode(first.type, first.schema_version, first.payload);
  const auto* wanted = fact ? std::get_if<Fact>(&fact.value()) : nullptr;
  return wanted == nullptr ? std::nullopt : std::optional<Fact>{*wanted};
}

} // namespace ash
