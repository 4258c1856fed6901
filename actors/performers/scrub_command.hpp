// Takes secrets out of a command that brings text from outside: what a model or a tool said, what a
// file holds, what a person wrote, what an error quotes. Pure; ids, hashes and numbers stay.
#pragma once

#include "actors/aggregates/commands.hpp"
#include "events/base/scrub.hpp"

namespace ash::performers {

void scrub_command(const scrubber& with, any_command& what);

} // namespace ash::performers
