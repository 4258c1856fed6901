#include "tests/events/codec/random_values.hpp"

namespace ash::codec::testing {

std::vector<any_fact> facts_of_every_type(std::uint64_t seed, int rounds) {
  random_values random{seed};
  std::vector<any_fact> facts;
  for (int i = 0; i < rounds; ++i)
    boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, every_fact>>(
        [&](auto each) { facts.push_back(random.make<typename decltype(each)::type>()); });
  return facts;
}

bool same_fact(const any_fact& written, const any_fact& read) {
  return same<every_fact>(written, read);
}

} // namespace ash::codec::testing
