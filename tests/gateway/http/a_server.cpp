#include "tests/gateway/http/a_server.hpp"

#include <deque>
#include <gtest/gtest.h>
#include <thread>

namespace ash::gateway::testing {
namespace {

constexpr std::chrono::seconds patience{20};

/// What both kinds of outlet here do.
template <class Kind> class told_outlet : public Kind {
public:
  explicit told_outlet(a_server& in) : in_{in} { ++in_.outlets; }
  ~told_outlet() override { --in_.outlets; }

  std::optional<frame> next() override {
    if (!said_.empty()) {
      auto one = frame{std::move(said_.front()), nullptr, {}};
      said_.pop_front();
      return one;
    }
    if (!floods_ || ending_)
      return std::nullopt;
    ++in_.frames_given;
    static const auto bytes = std::make_shared<const std::string>(1'000, 'x');
    return frame{"data: ", bytes, "\n\n"};
  }
  [[nodiscard]] std::optional<closing> ending() const override { return ending_; }
  void on_ready(std::function<void()> wake) override { wake_ = std::move(wake); }
  void taken(std::chrono::steady_clock::time_point) override {}
  void tick(std::chrono::steady_clock::time_point) override {}
  void shut_down(std::string_view reason) override {
    say(std::string{reason});
    ending_ = closing{1001, std::string{reason}};
  }

  void say(std::string text) { said_.push_back(std::move(text)); }
  void flood() { floods_ = true; }
  void end(closing why) { ending_ = std::move(why); }

private:
  a_server& in_;
  std::deque<std::string> said_;
  std::function<void()> wake_;
  std::optional<closing> ending_;
  bool floods_ = false;
};

class echo final : public told_outlet<conversation> {
public:
  using told_outlet::told_outlet;
  void on_message(std::string_view text) override {
    if (text == "flood")
      flood();
    else if (text == "large")
      say(std::string(100'000, 'l'));
    else if (text == "leave")
      end({4'000, "as you wish"});
    else
      say(std::string{text});
  }
};

result<std::unique_ptr<outlet>> make_stream(a_server& in, const std::string& path) {
  if (path.find("none") != std::string::npos)
    return refuse(errc::feed_not_found, "there is no such feed");
  auto made = std::make_unique<told_outlet<outlet>>(in);
  if (path.find("flood") != std::string::npos)
    made->flood();
  if (path.find("three") != std::string::npos) {
    for (const auto* each : {"data: 1\n\n", "data: 2\n\n", "data: 3\n\n"})
      made->say(each);
    made->end({});
  }
  return made;
}

constexpr std::array<static_file, 3> page{{{"/index.html", "<!doctype html><title>t</title>"},
                                           {"/app.js", "export const a = 1;"},
                                           {"/style.css", "body{}"}}};

} // namespace

void barrier::pass() {
  std::unique_lock lock{mutex_};
  ++held_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return open_; });
}

void barrier::open() {
  const std::lock_guard lock{mutex_};
  open_ = true;
  changed_.notify_all();
}

void barrier::wait_for(std::size_t held) {
  std::unique_lock lock{mutex_};
  EXPECT_TRUE(changed_.wait_for(lock, patience, [&] { return held_ >= held; }));
}

a_server::a_server(const std::function<void(server_options&)>& change) {
  server_options options;
  options.port = 0;
  options.token = secret;
  options.version = "1.2.3";
  if (change)
    change(options);
  services with;
  with.api = [this](const request& asked) {
    if (asked.path == "/api/v1/held")
      held.pass();
    return response{.status = 200,
                    .content_type = "text/plain",
                    .body =
                        asked.method + ' ' + asked.path + ' ' + std::to_string(asked.body.size())};
  };
  with.make_conversation = [this](const live_request& from) {
    auto made = std::make_unique<echo>(*this);
    made->say(from.authorised ? "hello" : "who are you");
    return made;
  };
  with.make_sse = [this](const live_request& from) {
    return make_stream(*this, from.request.path);
  };
  with.metrics = [] { return std::string{"up 1\n"}; };
  with.files = page;
  auto made = server::make(std::move(options), std::move(with));
  EXPECT_TRUE(made) << (made ? "" : to_string(made.error()));
  server_ = std::move(made).value();
  server_->start();
}

a_server::~a_server() {
  held.open();
  server_.reset();
  EXPECT_EQ(outlets, 0) << "an outlet outlived its server";
}

raw_client::answer a_server::ask(const std::string& start_line,
                                 const std::string& headers,
                                 const std::string& body) const {
  auto client = connect();
  const auto length =
      body.empty() ? std::string{} : "Content-Length: " + std::to_string(body.size()) + "\r\n";
  client.send(start_line + " HTTP/1.1\r\nHost: localhost\r\n" + length + headers + "\r\n" + body);
  return client.read_answer();
}

bool a_server::comes_to(const std::function<bool(const server_counters&)>& state,
                        std::chrono::seconds patience) const {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!state(counters())) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

} // namespace ash::gateway::testing
