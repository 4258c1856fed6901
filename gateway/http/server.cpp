#include "gateway/http/server.hpp"

#include "events/base/check.hpp"
#include "events/base/text.hpp"
#include "gateway/http/listener.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace ash::gateway {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

/// Of the process's files, those that are not connections: the log's most of all.
constexpr std::size_t reserved_files = 1'024;

/// Lets the process have as many open files as it may, and gives how many connections fit.
std::size_t connections_that_fit(std::size_t wanted) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0)
    return wanted;
  if (files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    ::getrlimit(RLIMIT_NOFILE, &files);
  }
  if (files.rlim_cur == RLIM_INFINITY)
    return wanted;
  const auto all = static_cast<std::size_t>(files.rlim_cur);
  return std::min(wanted, std::max(all / 2, all - std::min(all, reserved_files)));
}

/// HTTP/1.1 is the only protocol that is spoken; who wants only others is refused.
int choose_protocol(SSL*,
                    const unsigned char** chosen,
                    unsigned char* size,
                    const unsigned char* offered,
                    unsigned int offered_size,
                    void*) {
  static constexpr std::string_view spoken = "\x08http/1.1";
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found,
                            size,
                            reinterpret_cast<const unsigned char*>(spoken.data()),
                            static_cast<unsigned>(spoken.size()),
                            offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

result<std::shared_ptr<ssl::context>> load_certificate(const server_options& from) {
  for (const auto& file : {from.certificate_file, from.key_file})
    if (::access(file.c_str(), R_OK) != 0)
      return refuse(errc::file_not_found, "can't read " + printable(file));
  const auto made = std::make_shared<ssl::context>(ssl::context::tls_server);
  error_code failed;
  made->set_options(ssl::context::default_workarounds | ssl::context::no_compression |
                        ssl::context::no_sslv2 | ssl::context::no_sslv3 | ssl::context::no_tlsv1 |
                        ssl::context::no_tlsv1_1,
                    failed);
  if (!failed)
    made->use_certificate_chain_file(from.certificate_file, failed);
  if (failed)
    return refuse(errc::config_invalid,
                  printable(from.certificate_file) +
                      " is no certificate chain in PEM: " + failed.message());
  made->use_private_key_file(from.key_file, ssl::context::pem, failed);
  if (failed || SSL_CTX_check_private_key(made->native_handle()) != 1)
    return refuse(errc::config_invalid,
                  printable(from.key_file) + " is not the private key, in PEM, of " +
                      printable(from.certificate_file));
  auto* handle = made->native_handle();
  SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION);
  SSL_CTX_set_mode(handle, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(handle, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_alpn_select_cb(handle, choose_protocol, nullptr);
  return made;
}

std::string url_of(const server_options& options, std::uint16_t port) {
  auto name = options.address == "0.0.0.0" ? std::string{"127.0.0.1"} : options.address;
  if (name == "::")
    name = "::1";
  if (name.find(':') != std::string::npos)
    name = '[' + name + ']';
  return (options.certificate_file.empty() ? "http://" : "https://") + name + ':' +
         std::to_string(port);
}

} // namespace

std::string_view to_string(route_class which) noexcept {
  switch (which) {
  case route_class::health:
    return "health";
  case route_class::metrics:
    return "metrics";
  case route_class::api:
    return "api";
  case route_class::websocket:
    return "websocket";
  case route_class::sse:
    return "sse";
  case route_class::page:
    return "page";
  case route_class::refused:
    return "refused";
  }
  return "refused";
}

result<bool> is_loopback(const std::string& address) {
  in_addr four{};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1)
    return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  if (::inet_pton(AF_INET6, address.c_str(), &six) == 1)
    return IN6_IS_ADDR_LOOPBACK(&six) != 0;
  return refuse(errc::argument_invalid,
                "'" + printable(address) + "' is no IP address to listen on: use 127.0.0.1 or ::1");
}

result<void> check_options(const server_options& options) {
  TRY(const auto here, is_loopback(options.address));
  const bool tls = !options.certificate_file.empty();
  if (tls != !options.key_file.empty())
    return refuse(errc::argument_invalid, "a TLS certificate and its key go together: give both");
  if (!here && !tls)
    return refuse(errc::argument_invalid,
                  "listening on " + options.address +
                      " without TLS would show the token to the network: give --tls-cert and "
                      "--tls-key, or listen on 127.0.0.1");
  return success();
}

class server::parts {
public:
  std::shared_ptr<serving> of;
  std::shared_ptr<ssl::context> tls;
  std::vector<std::shared_ptr<io_thread>> threads;
  std::unique_ptr<listener> door;
  std::string url;
  bool stopped = false;

  [[nodiscard]] bool drained() const {
    return std::all_of(
        threads.begin(), threads.end(), [](const auto& each) { return each->connections() == 0; });
  }
  void wait_for_drain(std::chrono::steady_clock::time_point until) const {
    constexpr std::chrono::milliseconds a_moment{5};
    while (!drained() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(a_moment);
  }
};

server::server(std::unique_ptr<parts> with) : parts_{std::move(with)} {}

server::~server() {
  stop("the server is gone", std::chrono::milliseconds{0});
}

result<std::unique_ptr<server>> server::make(server_options options, services with) {
  check(!options.token.empty(), "a server has a token");
  TRY(check_options(options));
  auto made = std::make_unique<parts>();
  if (!options.certificate_file.empty()) {
    TRY(made->tls, load_certificate(options));
  }
  const auto wanted = options.limits.connections;
  options.limits.connections = connections_that_fit(wanted);
  if (options.limits.connections < wanted && with.complain)
    with.complain("the limit of open files leaves room for " +
                  std::to_string(options.limits.connections) + " connections");
  made->of = std::make_shared<serving>(std::move(options), std::move(with));
  auto& of = *made->of;
  of.rules = {of.options.token,
              of.options.hosts,
              of.options.metrics_public,
              made->tls != nullptr,
              of.options.limits.target_bytes};
  for (std::size_t i = 0; i < of.options.io_threads; ++i)
    made->threads.push_back(std::make_shared<io_thread>());
  TRY(made->door,
      listener::make(made->of, made->threads, [tls = made->tls](io_thread& on, auto socket) {
        return tls ? make_tls_wire(on.context(), socket, *tls)
                   : make_plain_wire(on.context(), socket);
      }));
  made->url = url_of(of.options, made->door->port());
  return std::unique_ptr<server>{new server{std::move(made)}};
}

void server::start() {
  for (const auto& each : parts_->threads)
    each->start();
  parts_->door->start();
}

void server::stop(std::string_view reason, std::chrono::milliseconds grace) {
  if (std::exchange(parts_->stopped, true))
    return;
  constexpr std::chrono::milliseconds to_close{500};
  parts_->door->stop();
  for (const auto& each : parts_->threads)
    each->stop_connections(reason);
  parts_->wait_for_drain(std::chrono::steady_clock::now() + grace);
  for (const auto& each : parts_->threads)
    each->close_connections();
  parts_->of->workers.stop();
  parts_->wait_for_drain(std::chrono::steady_clock::now() + to_close);
  for (const auto& each : parts_->threads)
    each->join();
}

const std::string& server::url() const noexcept {
  return parts_->url;
}

std::uint16_t server::port() const noexcept {
  return parts_->door->port();
}

bool server::run_on_worker(std::function<void()> job) {
  return parts_->of->workers.run(std::move(job));
}

server_counters server::counters() const {
  const auto& from = parts_->of->counts;
  server_counters out;
  out.connections = parts_->of->book.count();
  out.websockets = from.websockets;
  out.sse = from.sse;
  out.accepted = from.accepted;
  out.refused_connections = from.refused_connections;
  out.timed_out = from.timed_out;
  out.stalled = from.stalled;
  out.tls_failures = from.tls_failures;
  out.bytes_in = from.bytes_in;
  out.bytes_out = from.bytes_out;
  out.frames_in = from.frames_in;
  out.frames_out = from.frames_out;
  out.waiting_requests = parts_->of->workers.waiting();
  for (std::size_t route = 0; route < route_classes; ++route)
    for (std::size_t digit = 0; digit < from.requests[route].size(); ++digit)
      out.requests[route][digit] = from.requests[route][digit];
  return out;
}

} // namespace ash::gateway
