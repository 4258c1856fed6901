// The runs that the feed server writes and that its clients follow, by number.
#pragma once

#include "events/base/ids.hpp"

namespace ash::e2e {

inline stream_id feed_run(std::uint64_t number) {
  return stream_of(run_id{uuid{0x0190a7c200004000ULL, 0x8000000000000000ULL | number}});
}
inline stream_id feed_phase(std::uint64_t number) {
  return stream_of(phase_id{uuid{0x0190a7c200004000ULL, 0x9000000000000000ULL | number}});
}

} // namespace ash::e2e
