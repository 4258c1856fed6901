// A performer for benches whose entities want nothing done.
#pragma once

#include "actors/performers/performer.hpp"

namespace ash::bench {

class no_effects final : public effect_performer {
public:
  void perform(const effect_owner&, effect_request, on_answer answer) override { answer({}); }
  void call_off(const effect_owner&, const std::string&) override {}
  void hold_new_work() override {}
  [[nodiscard]] std::size_t in_flight() const override { return 0; }
  void stop() override {}
};

} // namespace ash::bench
