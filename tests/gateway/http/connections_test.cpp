#include "gateway/http/frame_batch.hpp"
#include "tests/gateway/http/a_server.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <thread>

namespace ash::gateway::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

const std::string get_a = "GET /api/v1/a HTTP/1.1\r\nHost: localhost\r\n" + with_token + "\r\n";

std::string stream_of(const std::string& feed) {
  return "GET /api/v1/feeds/" + feed + "/events HTTP/1.1\r\nHost: localhost\r\n" + with_token +
         "Accept: text/event-stream\r\n\r\n";
}

TEST(sse, sends_events_in_chunks_and_ends) {
  a_server under;
  auto client = under.connect();
  client.send(stream_of("three"));
  const auto all = client.read_to_end();
  EXPECT_THAT(all, HasSubstr("Content-Type: text/event-stream"));
  EXPECT_THAT(all,
              EndsWith("\r\n\r\n9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n9\r\ndata: 3\n\n\r\n"
                       "0\r\n\r\n"));
}

TEST(sse, tells_why_there_is_no_stream) {
  a_server under;
  auto client = under.connect();
  client.send(stream_of("none"));
  EXPECT_EQ(client.read_answer().status, 404);
  EXPECT_EQ(under.ask("GET /api/v1/feeds/three/events", "Accept: text/event-stream\r\n").status,
            401);
}

TEST(sse, notices_that_its_client_has_gone) {
  a_server under;
  {
    auto quiet = under.connect();
    quiet.send(stream_of("quiet"));
    auto flooded = under.connect();
    flooded.send(stream_of("flood"));
    ASSERT_TRUE(under.comes_to([](const auto& now) { return now.sse == 2; }));
  }
  EXPECT_TRUE(under.comes_to([](const auto& now) { return now.sse == 0; }));
}

TEST(sse, is_cut_off_when_it_takes_nothing) {
  a_server under{[](server_options& o) { o.limits.stall_time = std::chrono::seconds{1}; }};
  auto frozen = under.connect();
  frozen.send(stream_of("flood"));
  EXPECT_TRUE(under.comes_to([](const auto& now) { return now.stalled == 1 && now.sse == 0; }));
}

TEST(server, stops_in_order) {
  a_server under;
  auto socket = under.connect();
  ASSERT_EQ(socket.upgrade(with_token).status, 101);
  auto stream = under.connect();
  stream.send(stream_of("quiet"));
  auto idle = under.connect();
  idle.send(get_a);
  EXPECT_EQ(idle.read_answer().status, 200);
  auto busy = under.connect();
  busy.send("GET /api/v1/held HTTP/1.1\r\nHost: localhost\r\n" + with_token + "\r\n");
  under.held.wait_for(1);
  auto half = under.connect();
  half.send("GET /api/v1/a HT");
  auto silent = under.connect();
  ASSERT_TRUE(under.comes_to([](const auto& now) { return now.sse == 1 && now.connections == 6; }));
  std::thread stopping{[&] { under.stop(); }};
  EXPECT_EQ(socket.read_frame()->payload, "hello");
  EXPECT_EQ(socket.read_frame()->payload, "bye");
  EXPECT_EQ(socket.read_close_code(), 1001);
  EXPECT_THAT(stream.read_to_end(), EndsWith("3\r\nbye\r\n0\r\n\r\n"));
  EXPECT_TRUE(idle.is_closed());
  EXPECT_TRUE(half.is_closed()) << "half a request is not waited for";
  EXPECT_TRUE(silent.is_closed());
  under.held.open();
  const auto last = busy.read_answer();
  EXPECT_EQ(last.body, "GET /api/v1/held 0") << "what was being answered is answered";
  EXPECT_THAT(last.head, HasSubstr("Connection: close"));
  socket.send(client_frame(0x88, std::string("\x03\xe9", 2)));
  stopping.join();
  EXPECT_FALSE(under.connect().connected());
}

TEST(server, refuses_connections_beyond_its_limit) {
  a_server under{[](server_options& o) { o.limits.connections = 5; }};
  std::vector<raw_client> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back(under.connect());
    all.back().send(get_a);
    ASSERT_EQ(all.back().read_answer().status, 200);
  }
  for (int i = 0; i < 20; ++i) {
    auto over = under.connect();
    EXPECT_EQ(over.read_answer().status, 503);
  }
  EXPECT_EQ(under.counters().refused_connections, 20u);
  all.pop_back();
  ASSERT_TRUE(under.comes_to([](const auto& now) { return now.connections == 4; }));
  auto again = under.connect();
  again.send(get_a);
  EXPECT_EQ(again.read_answer().status, 200);
  all.front().send(get_a);
  EXPECT_EQ(all.front().read_answer().status, 200) << "the others never noticed";
}

TEST(server, bounds_how_many_connections_an_unknown_client_has) {
  a_server under{[](server_options& o) { o.limits.unknown_connections = 3; }};
  std::vector<raw_client> known;
  for (int i = 0; i < 10; ++i) {
    known.push_back(under.connect());
    known.back().send(get_a);
    ASSERT_EQ(known.back().read_answer().status, 200);
  }
  std::vector<raw_client> unknown;
  for (int i = 0; i < 3; ++i) {
    unknown.push_back(under.connect());
    unknown.back().send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_EQ(unknown.back().read_answer().status, 200);
  }
  EXPECT_EQ(under.connect().read_answer().status, 503);
  unknown.front().send(get_a);
  ASSERT_EQ(unknown.front().read_answer().status, 200);
  auto room = under.connect();
  room.send(get_a);
  EXPECT_EQ(room.read_answer().status, 200);
}

/// Raises the limit of open files as far as it goes, and gives how many connections one end of
/// them has room for: 10,000 at most.
std::size_t many() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  constexpr rlim_t most = 10'000;
  constexpr rlim_t others = 1'500;
  return std::min(most, std::max(files.rlim_max, others + 100) - others);
}

TEST(server, carries_ten_thousand_websockets_and_refuses_more) {
  const auto count = many();
  constexpr std::size_t over = 20;
  constexpr std::chrono::minutes longest{4};
  a_server under{[&](server_options& o) { o.limits.connections = count; }};
  const auto command = "'" HTTP_CROWD "' " + std::to_string(under.port()) + ' ' +
                       std::to_string(count) + ' ' + std::to_string(over);
  auto* crowd = ::popen(command.c_str(), "w");
  ASSERT_NE(crowd, nullptr);
  EXPECT_TRUE(under.comes_to(
      [&](const auto& now) { return now.websockets == count && now.refused_connections == over; },
      longest));
  EXPECT_EQ(under.counters().websockets, count);
  EXPECT_EQ(::pclose(crowd), 0) << "what it said last tells why";
  EXPECT_TRUE(under.comes_to([](const auto& now) { return now.connections == 0; }));
  EXPECT_EQ(under.counters().refused_connections, over);
  EXPECT_EQ(under.ask("GET /healthz").status, 200);
}

TEST(server, refuses_to_start_where_the_token_would_be_seen_or_nobody_could_connect) {
  const auto code = [](const std::function<void(server_options&)>& change) {
    server_options options;
    options.port = 0;
    options.token = secret;
    change(options);
    const auto made = server::make(options, {});
    return made ? std::string{"starts"} : std::string{to_string(made.error().code)};
  };
  EXPECT_EQ(code([](auto& o) { o.address = "127.0.0.1"; }), "starts");
  EXPECT_EQ(code([](auto& o) { o.address = "::1"; }), "starts");
  for (const auto* address :
       {"0.0.0.0", "::", "10.1.2.3", "::ffff:127.0.0.1", "localhost", "", "127.0.0.1x"})
    EXPECT_EQ(code([&](auto& o) { o.address = address; }), "argument_invalid") << address;
  EXPECT_EQ(code([](auto& o) { o.certificate_file = "/x"; }), "argument_invalid");
  EXPECT_EQ(code([](auto& o) {
              o.certificate_file = "/nowhere/cert.pem";
              o.key_file = "/nowhere/key.pem";
            }),
            "file_not_found");
  EXPECT_EQ(code([](auto& o) {
              o.certificate_file = "/proc/self/status";
              o.key_file = "/proc/self/status";
            }),
            "config_invalid");
  a_server first;
  EXPECT_EQ(code([&](auto& o) { o.port = static_cast<std::uint16_t>(first.port()); }), "io_failed");
}

TEST(frames, are_written_as_both_protocols_want_them) {
  const auto joined = [](framing how, std::size_t size) {
    frame_batch batch{how};
    batch.add({std::string(size, 'h'), std::make_shared<const std::string>("shared"), "tail"});
    batch.add({"next", nullptr, {}});
    std::string out;
    for (const auto& each : batch.pieces())
      out += each;
    return out;
  };
  const auto body = [](std::size_t size) { return std::string(size, 'h') + "sharedtail"; };
  EXPECT_EQ(joined(framing::chunked, 10), "14\r\n" + body(10) + "\r\n4\r\nnext\r\n");
  EXPECT_EQ(joined(framing::websocket, 115), "\x81\x7d" + body(115) + "\x81\x04next");
  EXPECT_EQ(joined(framing::websocket, 116),
            std::string("\x81\x7e\x00\x7e", 4) + body(116) + "\x81\x04next");
  EXPECT_EQ(joined(framing::websocket, 65'525),
            std::string("\x81\x7e\xff\xff", 4) + body(65'525) + "\x81\x04next");
  EXPECT_EQ(joined(framing::websocket, 65'526),
            std::string("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10) + body(65'526) +
                "\x81\x04next");
}

} // namespace
} // namespace ash::gateway::testing
