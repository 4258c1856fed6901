// `actor-shell serve`: the one place where the runtime, the read models, the feeds, the API and the
// server are put together, and taken apart again in order.
#include "actors/shells/runtime.hpp"
#include "actors/shells/stream_folds.hpp"
#include "cli/commands/serve_figures.hpp"
#include "cli/commands/work.hpp"
#include "cli/language.hpp"
#include "cli/stop_signals.hpp"
#include "cli/terminal.hpp"
#include "events/base/text.hpp"
#include "gateway/api/api.hpp"
#include "gateway/http/endpoint.hpp"
#include "gateway/http/gate.hpp"
#include "gateway/http/server.hpp"
#include "gateway/http/token.hpp"
#include "gateway/live/live.hpp"
#include "gateway/web/page.hpp"
#include "projections/read_models.hpp"

#include <boost/json/object.hpp>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <unistd.h>

namespace ash::cli {
namespace {

constexpr std::chrono::seconds grace_for_clients{10};
constexpr std::chrono::seconds grace_for_work{30};

/// `ADDRESS:PORT`, `[ADDRESS]:PORT` for IPv6.
result<void> parse_listen(const std::string& text, gateway::server_options& into) {
  const auto colon = text.rfind(':');
  const auto wrong = [&] {
    return refuse(errc::argument_invalid,
                  "--listen takes ADDRESS:PORT, for example 127.0.0.1:7777 or [::1]:7777, not '" +
                      printable(text) + "'");
  };
  if (colon == std::string::npos)
    return wrong();
  auto address = text.substr(0, colon);
  const auto port = text.substr(colon + 1);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  else if (address.find(':') != std::string::npos)
    return wrong();
  constexpr std::size_t port_digits = 5;
  constexpr unsigned long highest = 65'535;
  if (port.empty() || port.size() > port_digits ||
      port.find_first_not_of("0123456789") != std::string::npos || std::stoul(port) > highest)
    return wrong();
  into.address = address == "localhost" ? "127.0.0.1" : address;
  into.port = static_cast<std::uint16_t>(std::stoul(port));
  return success();
}

result<gateway::server_options> server_options_of(const serve_options& asked) {
  gateway::server_options out;
  TRY(parse_listen(asked.listen, out));
  out.certificate_file = asked.tls_cert;
  out.key_file = asked.tls_key;
  out.metrics_public = asked.metrics_public;
  // Later than the feeds end: who takes something again in between is still told where to resume.
  out.limits.stall_time = std::chrono::seconds{asked.stall_s + 1 + asked.stall_s / 4};
  out.version = ASH_VERSION;
  for (const auto& each : asked.allow_hosts) {
    auto name = gateway::host_name(each);
    if (!name)
      return refuse(errc::argument_invalid,
                    "--allow-host takes a name such as shell.example.org, not '" + printable(each) +
                        "'");
    out.hosts.push_back(std::move(*name));
  }
  TRY(gateway::check_options(out));
  return out;
}

void wait_for(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock{mutex};
  wake.wait(lock, stop, [] { return false; });
}

void complain(std::string_view what) {
  std::fprintf(stderr, "actor-shell: %s\n", std::string{what}.c_str());
}

void announce(const settings& with, const std::string& url, const std::string& token_file) {
  const auto style = style_of(stream::err);
  std::fprintf(stderr,
               tr("%sserving %s%s\n  the token is in %s\n"),
               style.good,
               url.c_str(),
               style.plain,
               token_file.c_str());
  if (with.format == answer_format::json)
    print_json(json::object{{"url", url}, {"token_file", token_file}, {"pid", ::getpid()}});
}

/// A run's feed is over once nothing more will be written beneath it.
feed::broadcaster_options feeds_of(runtime& work) {
  feed::broadcaster_options out;
  out.is_settled = [&work](const stream_id& root) -> result<bool> {
    if (root.kind() != entity_kind::run)
      return true;
    TRY(const auto id, parse_uuid(root.key()));
    TRY(const auto run, inspect::summarise_run(work.log(), run_id{id}));
    return run.settled;
  };
  return out;
}

/// Ready once the read models have answered for the first time: before that every list is refused.
gateway::readiness readiness_of(const projections::projection_status& rows) {
  const bool ready = rows.doing != projections::activity::connecting;
  return {ready,
          to_json_text(json::object{
              {"status", ready ? "ready" : "starting"},
              {"log", {{"head", rows.head}}},
              {"read_models",
               {{"doing", projections::to_string(rows.doing)}, {"lag_facts", rows.lag_facts}}}})};
}

/// Everything that serves, in the order in which it begins; it ends in the reverse order.
class composition {
public:
  static result<std::unique_ptr<composition>> make(const settings& with,
                                                   const serve_options& asked);
  ~composition() { stop("the server is gone"); }
  composition(const composition&) = delete;
  composition& operator=(const composition&) = delete;

  void stop(std::string_view reason);
  [[nodiscard]] const std::string& url() const { return server_->url(); }
  [[nodiscard]] const std::string& directory() const { return work_->layout().directory; }

private:
  composition() = default;
  [[nodiscard]] gateway::services services();
  [[nodiscard]] gateway::metric_sources figures();
  [[nodiscard]] gateway::live_services live(const std::string& token, std::chrono::seconds stall);

  std::unique_ptr<runtime> work_;
  std::unique_ptr<projections::read_models> rows_;
  std::unique_ptr<feed::broadcaster> feeds_;
  std::unique_ptr<inspect::stream_folds> folds_;
  std::unique_ptr<gateway::live_feeds> live_;
  gateway::request_handler api_;
  std::unique_ptr<gateway::metrics> metrics_;
  std::unique_ptr<gateway::server> server_;
};

result<std::unique_ptr<composition>> composition::make(const settings& with,
                                                       const serve_options& asked) {
  TRY(auto options, server_options_of(asked));
  std::unique_ptr<composition> made{new composition};
  TRY(made->work_, open_runtime(with, after_crash::resume));
  TRY(options.token, gateway::load_or_make_token(made->directory()));
  TRY(made->rows_,
      projections::read_models::open(made->work_->log(), {made->directory(), asked.database_url}));
  made->feeds_ = std::make_unique<feed::broadcaster>(made->work_->log(), feeds_of(*made->work_));
  made->api_ =
      gateway::make_api({*made->work_, *made->feeds_, gateway::read_side_of(*made->rows_)});
  made->folds_ = std::make_unique<inspect::stream_folds>(made->work_->log());
  made->live_ = std::make_unique<gateway::live_feeds>(
      made->live(options.token, std::chrono::seconds{asked.stall_s}));
  made->metrics_ = std::make_unique<gateway::metrics>(made->work_->log(), made->figures());
  TRY(made->server_, gateway::server::make(std::move(options), made->services()));
  TRY(gateway::write_endpoint(made->directory(), {made->url(), ::getpid(), to_iso(system_now())}));
  made->server_->start();
  return made;
}

gateway::live_services composition::live(const std::string& token, std::chrono::seconds stall) {
  return {
      .feeds = *feeds_,
      .commands = api_,
      .run_on_worker =
          [this](std::function<void()> job) { return server_->run_on_worker(std::move(job)); },
      .is_token = [token](std::string_view shown) { return gateway::same_secret(shown, token); },
      .fold = [this](const stream_id& stream,
                     std::uint64_t position) { return folds_->at(stream, position); },
      .version = ASH_VERSION,
      .limits = {.stall_time = stall}};
}

gateway::services composition::services() {
  gateway::services out;
  out.api = api_;
  out.make_conversation = [this](const gateway::live_request& from) {
    using authorisation = gateway::live_feeds::authorisation;
    return live_->make_conversation(from.authorised ? authorisation::given : authorisation::wanted,
                                    from.request.client);
  };
  out.make_sse = [this](const gateway::live_request& from) {
    return live_->make_sse(from.request);
  };
  out.metrics = [this] { return metrics_->text(); };
  out.on_answered = [this](const gateway::answered& one) {
    metrics_->on_answered(gateway::to_string(one.route), one.method, one.took);
  };
  out.ready = [this] { return readiness_of(rows_->status()); };
  out.complain = complain;
  out.files = gateway::page_files();
  return out;
}

gateway::metric_sources composition::figures() {
  return {.actors = [this] { return work_->actors().stats(); },
          .http = [this] { return figures_of(server_->counters()); },
          .feeds = [this] { return figures_of(feeds_->stats(), live_->stats()); },
          .projections = [this] { return figures_of(rows_->status()); },
          .version = ASH_VERSION};
}

void composition::stop(std::string_view reason) {
  if (server_) {
    gateway::remove_endpoint(directory(), ::getpid());
    server_->stop(reason, grace_for_clients);
  }
  if (work_)
    work_->stop(grace_for_work);
  if (rows_)
    rows_->stop(); // after the work, whose last facts it may still take
}

} // namespace

int serve(const settings& with, const serve_options& asked) {
  stop_signals signals;
  auto made = composition::make(with, asked);
  if (!made)
    return static_cast<int>(report(with, made.error()));
  auto& all = *made.value();
  announce(with, all.url(), gateway::token_file(all.directory()));
  wait_for(signals.token());
  std::fprintf(
      stderr,
      tr("stopping: clients get %ld s and what is in flight %ld s; once more ends at once\n"),
      static_cast<long>(grace_for_clients.count()),
      static_cast<long>(grace_for_work.count()));
  all.stop("the server is shutting down");
  return static_cast<int>(exit_code::done);
}

} // namespace ash::cli
