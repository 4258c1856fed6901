#include "tests/gateway/http/a_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

namespace ash::gateway::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t compressed_bit = 0x40;

raw_client an_open_socket(a_server& under, std::string_view extra = {}) {
  auto client = under.connect();
  const auto got = client.upgrade(with_token + std::string{extra});
  EXPECT_EQ(got.status, 101) << got.head;
  EXPECT_EQ(client.read_frame()->payload, "hello");
  return client;
}

/// As permessage-deflate has it: raw, without the last four bytes of the flush.
std::string deflated(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -10, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(text.size() / 100 + 1'024, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
  EXPECT_EQ(stream.avail_in, 0u);
  out.resize(stream.total_out - 4);
  deflateEnd(&stream);
  return out;
}

std::string inflated(std::string bytes) {
  bytes.append("\0\0\xff\xff", 4);
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, -15), Z_OK);
  std::string out(1'000'000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_SYNC_FLUSH), Z_OK);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(websocket, speaks_one_subprotocol_and_echoes) {
  a_server under;
  auto client = under.connect();
  const auto got = client.upgrade(with_token);
  EXPECT_EQ(got.status, 101);
  EXPECT_THAT(got.head, HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  EXPECT_THAT(got.head, HasSubstr("Sec-WebSocket-Protocol: actor-shell.v1.json"));
  EXPECT_EQ(client.read_frame()->payload, "hello");
  for (const std::size_t size : {0, 1, 125, 126, 127, 65'535, 65'536}) {
    const std::string text(size, 'e');
    client.send(client_frame(text_frame, text));
    const auto back = client.read_frame();
    ASSERT_TRUE(back);
    EXPECT_EQ(back->opcode, 1);
    EXPECT_EQ(back->payload, text);
  }
}

TEST(websocket, may_bring_its_token_later) {
  a_server under;
  auto client = under.connect();
  EXPECT_EQ(client.upgrade().status, 101);
  EXPECT_EQ(client.read_frame()->payload, "who are you");
  auto wrong = under.connect();
  EXPECT_EQ(wrong.upgrade("Authorization: Bearer no\r\n").status, 401);
}

TEST(websocket, is_refused_to_foreign_pages_and_other_protocols) {
  a_server under;
  auto foreign = under.connect();
  EXPECT_EQ(foreign.upgrade(with_token + "Origin: http://evil.example\r\n").status, 403);
  EXPECT_EQ(under.ask("GET /api/v1/ws", with_token).status, 426);
  EXPECT_EQ(under
                .ask("GET /api/v1/ws",
                     with_token + "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
                .status,
            400);
}

TEST(websocket, hears_what_came_together_with_the_upgrade) {
  a_server under;
  auto client = under.connect();
  client.send("GET /api/v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
              "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
              "Sec-WebSocket-Protocol: actor-shell.v1.json\r\n" +
              with_token + "\r\n" + client_frame(text_frame, "at once"));
  EXPECT_EQ(client.read_answer().status, 101);
  EXPECT_EQ(client.read_frame()->payload, "hello");
  EXPECT_EQ(client.read_frame()->payload, "at once");
}

TEST(websocket, joins_fragments_and_answers_pings_between_them) {
  a_server under;
  auto client = an_open_socket(under);
  client.send(client_frame(0x01, "one ") + client_frame(0x89, "ping") + client_frame(0x00, "two ") +
              client_frame(0x80, "three"));
  EXPECT_EQ(client.read_frame()->payload, "ping");
  EXPECT_EQ(client.read_frame()->payload, "one two three");
}

TEST(websocket, ends_with_the_code_that_says_what_was_wrong) {
  a_server under;
  const std::string too_long(65'537, 'x');
  const std::vector<std::pair<std::string, int>> all{
      {client_frame(text_frame, "bare", masking::bare), 1002},
      {client_frame(0x91, "reserved bit"), 1002},
      {client_frame(0xC1, "compressed, which was not agreed"), 1002},
      {client_frame(0x83, "reserved opcode"), 1002},
      {client_frame(0x8B, "reserved control"), 1002},
      {client_frame(0x80, "goes on with nothing"), 1002},
      {client_frame(0x01, "begins") + client_frame(text_frame, "begins again"), 1002},
      {client_frame(0x09, "ping in pieces"), 1002},
      {client_frame(0x89, std::string(126, 'p')), 1002},
      {client_frame(0x88, "x"), 1002},
      {client_frame(0x88, std::string("\x03\xed", 2)), 1002},
      {client_frame(0x82, "binary"), 1003},
      {client_frame(text_frame, "\xc3\x28"), 1007},
      {client_frame(text_frame, "\xed\xa0\x80"), 1007},
      {client_frame(0x01, "\xe2\x82") + client_frame(0x80, "x"), 1007},
      {client_frame(text_frame, too_long), 1009},
      {std::string("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", 14), 1009},
      {client_frame(0x01, too_long.substr(0, 40'000)) +
           client_frame(0x80, too_long.substr(0, 40'000)),
       1009},
      {client_frame(text_frame, "leave"), 4000},
  };
  for (const auto& [bytes, code] : all) {
    auto client = an_open_socket(under);
    client.send(bytes);
    EXPECT_EQ(client.read_close_code(), code) << bytes.substr(0, 40);
  }
  EXPECT_TRUE(under.comes_to([](const auto& now) { return now.websockets == 0; }));
}

TEST(websocket, answers_a_close_with_the_same_code) {
  a_server under;
  auto client = an_open_socket(under);
  client.send(client_frame(0x88, std::string("\x03\xe8", 2)));
  EXPECT_EQ(client.read_close_code(), 1000);
  EXPECT_TRUE(client.is_closed());
}

TEST(websocket, outlives_clients_that_vanish) {
  a_server under;
  for (int i = 0; i < 50; ++i) {
    auto client = an_open_socket(under);
    client.send(client_frame(text_frame, i % 2 == 0 ? "flood" : "large"));
    client.send(std::string_view{"\x81\xff\x00\x00", 4}); // half a head
    client.reset();
  }
  EXPECT_TRUE(under.comes_to([](const auto& now) { return now.connections == 0; }));
  EXPECT_EQ(under.outlets, 0);
}

TEST(websocket, compresses_what_is_large_and_inflates_what_it_is_sent) {
  a_server under;
  auto client = an_open_socket(under, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  client.send(client_frame(final_bit | compressed_bit | 1, deflated(std::string(500, 'z'))));
  const auto small = client.read_frame();
  EXPECT_FALSE(small->compressed);
  EXPECT_EQ(small->payload, std::string(500, 'z'));
  for (int i = 0; i < 2; ++i) { // the second time with the first as its context
    client.send(client_frame(text_frame, "large"));
    std::string bytes;
    auto part = client.read_frame();
    ASSERT_TRUE(part && part->compressed);
    bytes = part->payload;
    while (!part->final) {
      part = client.read_frame();
      ASSERT_TRUE(part);
      bytes += part->payload;
    }
    EXPECT_LT(bytes.size(), 5'000u);
    if (i == 0) {
      EXPECT_EQ(inflated(bytes), std::string(100'000, 'l'));
    }
  }
}

TEST(websocket, does_not_unpack_a_bomb) {
  a_server under;
  auto client = an_open_socket(under, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  const auto bomb = deflated(std::string(5'000'000, '\0'));
  ASSERT_LT(bomb.size(), 65'000u);
  client.send(client_frame(final_bit | compressed_bit | 1, bomb));
  EXPECT_EQ(client.read_close_code(), 1009);
}

TEST(websocket, refuses_what_does_not_inflate) {
  a_server under;
  auto client = an_open_socket(under, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  client.send(client_frame(final_bit | compressed_bit | 1, "\xff\xff\xff\xff\xff\xff"));
  EXPECT_NE(client.read_close_code(), 1000);
  EXPECT_TRUE(under.comes_to([](const auto& now) { return now.websockets == 0; }));
}

TEST(websocket, is_cut_off_when_it_takes_nothing_while_others_go_on) {
  a_server under{[](server_options& o) { o.limits.stall_time = std::chrono::seconds{2}; }};
  auto frozen = an_open_socket(under);
  frozen.send(client_frame(text_frame, "flood"));
  auto good = an_open_socket(under);
  for (int i = 0; i < 1'000; ++i) {
    good.send(client_frame(text_frame, "still there"));
    ASSERT_EQ(good.read_frame()->payload, "still there");
  }
  ASSERT_TRUE(under.comes_to([](const auto& now) { return now.stalled == 1; }));
  constexpr std::uint64_t kernel_buffers = 32'000; // of 1 kB each
  EXPECT_LT(under.frames_given, kernel_buffers) << "nothing is queued for who does not read";
  EXPECT_TRUE(under.comes_to([](const auto& now) { return now.websockets == 1; }));
}

TEST(websocket, that_says_nothing_is_pinged_and_then_dropped) {
  a_server under{[](server_options& o) { o.limits.stall_time = std::chrono::seconds{2}; }};
  auto silent = an_open_socket(under);
  const auto ping = silent.read_frame();
  ASSERT_TRUE(ping);
  EXPECT_EQ(ping->opcode, 9);
  EXPECT_TRUE(under.comes_to([](const auto& now) { return now.websockets == 0; }));
}

} // namespace
} // namespace ash::gateway::testing
