#include "actors/performers/scrub_command.hpp"

namespace ash::performers {
namespace {

class cleaner {
public:
  explicit cleaner(const scrubber& with) : with_{with} {}

  void operator()(turn::model_answered& c) const {
    clean(c.text);
    for (auto& block : c.thinking)
      clean(block.text);
    for (auto& call : c.tool_calls) {
      clean(call.id);
      clean(call.name);
      clean(call.arguments);
    }
    clean(c.finish_reason);
    clean(c.raw);
  }
  void operator()(turn::model_failed& c) const {
    clean(c.why);
    clean(c.partial_text);
  }
  void operator()(turn::tool_finished& c) const {
    clean(c.text);
    clean(c.written);
  }
  void operator()(tool_call::finish& c) const {
    clean(c.text);
    clean(c.full);
    clean(c.written);
  }
  void operator()(phase::artifact_checked& c) const {
    clean(c.content);
    clean(c.repair_prompt);
    for (auto& each : c.findings)
      clean(each.message);
  }
  void operator()(run::condition_checked& c) const {
    clean(c.reason);
    if (c.why)
      clean(*c.why);
  }
  void operator()(run::hooks_ran& c) const {
    for (auto& each : c.results)
      clean(each.message);
  }
  void operator()(run::start& c) const { clean(c.what.requirements); }
  void operator()(run::decide_approval& c) const { clean(c.comment); }
  void operator()(run::abort& c) const { clean(c.reason); }
  void operator()(session::post& c) const { clean(c.text); }
  void operator()(session::edit& c) const { clean(c.text); }
  void operator()(session::end& c) const { clean(c.reason); }
  void operator()(turn::stop& c) const { clean(c.reason); }
  /// Of the others those can quote something that say why they failed.
  void operator()([[maybe_unused]] auto& c) const {
    if constexpr (requires { c.why.message; })
      clean(c.why);
  }

private:
  void clean(std::string& text) const { text = with_.clean(std::move(text)); }
  void clean(std::vector<file_change>& written) const {
    for (auto& each : written)
      clean(each.path);
  }
  void clean(error& why) const {
    clean(why.message);
    for (auto& [key, value] : why.details)
      clean(value);
  }

  const scrubber& with_;
};

} // namespace

void scrub_command(const scrubber& with, any_command& what) {
  std::visit(cleaner{with}, what);
}

} // namespace ash::performers
