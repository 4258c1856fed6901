#include "actors/shells/inspect.hpp"
#include "cli/language.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"

#include <cstdio>

namespace ash::cli {
namespace {

/// The lines of a picture in `width` columns.
std::vector<std::string>
draw(const run_picture& of, instant now, std::size_t width, const text_style& style) {
  std::vector<std::string> lines;
  for (const auto& phase : of.phases) {
    const auto done = phase.state == "completed";
    const auto bad = phase.state == "failed" || phase.state == "aborted";
    const auto running = phase.state == "running";
    const auto* colour = done ? style.good : bad ? style.bad : running ? style.busy : style.dim;
    const auto* mark = done ? "✔" : bad ? "✘" : running ? "▶" : "·";
    auto text = std::string{" "} + mark + " " + phase.key;
    if (running && phase.step > 0)
      text += "  " + tr("step {}", phase.step);
    if (!phase.doing.empty())
      text += "  " + phase.doing;
    lines.push_back(colour + fit(text, width - 1) + style.plain);
  }
  const auto tokens =
      tr("{} tokens in, {} out", show_count(of.usage.input), show_count(of.usage.output));
  const auto line = " " + tr_word(of.state) + "  " + tokens + "  " + to_string(of.cost) + "  " +
                    show_duration(now - of.started);
  lines.push_back(style.bold + fit(line, width - 1) + style.plain);
  return lines;
}

class live_view final : public progress {
public:
  void on_earlier(const log::record& from, const any_fact& happened) override {
    picture_.add(from.stream, happened, from.at);
  }

  void on_record(const log::record& from, const any_fact& happened) override {
    picture_.add(from.stream, happened, from.at);
    if (std::holds_alternative<turn::call_retried>(happened) ||
        std::holds_alternative<phase::artifact_rejected>(happened) ||
        std::holds_alternative<turn::model_fell_back>(happened))
      say(describe(happened));
  }

  void on_tick() override {
    if (!picture_.phases.empty())
      redraw();
  }

  void step_aside() override {
    on_tick();
    drawn_ = 0;
  }

  void finish() override { on_tick(); }

private:
  /// A line that stays, above the picture.
  void say(const std::string& text) {
    erase();
    const auto width = terminal_width(stream::err);
    std::fprintf(stderr, "%s   %s%s\n", style_.dim, fit(text, width - 4).c_str(), style_.plain);
  }

  void erase() {
    for (; drawn_ > 0; --drawn_)
      std::fputs("\x1b[1A\x1b[2K", stderr);
    std::fputs("\r", stderr);
  }

  void redraw() {
    const auto lines = draw(picture_, system_now(), terminal_width(stream::err), style_);
    erase();
    for (const auto& line : lines)
      std::fprintf(stderr, "%s\n", line.c_str());
    drawn_ = lines.size();
    std::fflush(stderr);
  }

  run_picture picture_;
  text_style style_ = style_of(stream::err);
  std::size_t drawn_ = 0;
};

class json_stream final : public progress {
public:
  void on_record(const log::record& from, const any_fact&) override {
    const auto shown = inspect::record_json(from);
    if (!shown)
      return;
    std::printf("%s\n", to_json_text(shown.value()).c_str());
    std::fflush(stdout);
  }
};

} // namespace

std::unique_ptr<progress> make_live_view() {
  return std::make_unique<live_view>();
}
std::unique_ptr<progress> make_json_stream() {
  return std::make_unique<json_stream>();
}

} // namespace ash::cli
