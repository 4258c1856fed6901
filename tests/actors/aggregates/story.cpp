#include "tests/actors/aggregates/story.hpp"

#include "events/codec/codec.hpp"
#include "tests/events/codec/random_values.hpp"

namespace ash::testing {

any_fact through_codec(const any_fact& fact) {
  const auto stored = codec::encode(fact);
  auto read = codec::decode(stored.type, stored.schema_version, stored.payload);
  if (!read)
    throw std::logic_error{to_string(read.error())};
  return std::move(read).value();
}

std::string shown(const any_fact& fact) {
  return std::string{type_of(fact)} + " " + to_json_text(codec::to_json(fact));
}

bool is_same_fact(const any_fact& a, const any_fact& b) {
  return codec::testing::same<every_fact>(a, b) || codec::testing::same<every_fact>(b, a);
}

bool is_same_state(const session::state& live, const session::state& stored) {
  return codec::testing::same(live, stored);
}
bool is_same_state(const run::state& live, const run::state& stored) {
  return codec::testing::same(live, stored);
}
bool is_same_state(const phase::state& live, const phase::state& stored) {
  return codec::testing::same(live, stored);
}
bool is_same_state(const tool_call::state& live, const tool_call::state& stored) {
  return codec::testing::same(live, stored);
}
bool is_same_state(const budget::state& live, const budget::state& stored) {
  return codec::testing::same(live, stored);
}

} // namespace ash::testing
