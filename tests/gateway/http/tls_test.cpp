#include "tests/gateway/http/a_certificate.hpp"
#include "tests/gateway/http/a_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ash::gateway::testing {
namespace {

using ::testing::HasSubstr;

class tls_client {
public:
  tls_client(int port, int version, std::string_view alpn = "\x08http/1.1")
      : context_{SSL_CTX_new(TLS_client_method())}, socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
    SSL_CTX_set_security_level(context_, 0);
    SSL_CTX_set_min_proto_version(context_, version);
    SSL_CTX_set_max_proto_version(context_, version);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    ssl_ = SSL_new(context_);
    SSL_set_alpn_protos(ssl_,
                        reinterpret_cast<const unsigned char*>(alpn.data()),
                        static_cast<unsigned>(alpn.size()));
    SSL_set_fd(ssl_, socket_);
    connected_ = SSL_connect(ssl_) == 1;
  }
  ~tls_client() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
    ::close(socket_);
  }
  tls_client(const tls_client&) = delete;
  tls_client& operator=(const tls_client&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] std::string alpn() const {
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &chosen, &size);
    return {reinterpret_cast<const char*>(chosen), size};
  }
  void send(std::string_view bytes) {
    EXPECT_GT(SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())), 0);
  }
  /// Up to the server's close; `orderly` tells whether it said so.
  std::string read_to_end() {
    std::string out;
    std::array<char, 16'384> bytes{};
    for (;;) {
      const auto got = SSL_read(ssl_, bytes.data(), static_cast<int>(bytes.size()));
      if (got <= 0) {
        orderly = SSL_get_error(ssl_, got) == SSL_ERROR_ZERO_RETURN;
        return out;
      }
      out.append(bytes.data(), static_cast<std::size_t>(got));
    }
  }
  bool orderly = false;

private:
  SSL_CTX* context_;
  int socket_;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
};

class tls : public ::testing::Test {
protected:
  a_certificate files;
  a_server under{[this](server_options& o) {
    o.certificate_file = files.certificate();
    o.key_file = files.key();
    o.address = "0.0.0.0"; // allowed, now that nobody can read the token on its way
    o.limits.header_time = std::chrono::seconds{1};
  }};
};

TEST_F(tls, serves_requests_of_both_versions_and_says_goodbye) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    tls_client client{under.port(), version};
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(client.alpn(), "http/1.1");
    const std::string body(300'000, 'b');
    client.send("POST /api/v1/a HTTP/1.1\r\nHost: localhost\r\n" + with_token +
                "Connection: close\r\nContent-Length: 300000\r\n\r\n" + body);
    EXPECT_THAT(client.read_to_end(), HasSubstr("POST /api/v1/a 300000"));
    EXPECT_TRUE(client.orderly);
  }
}

TEST_F(tls, carries_websockets) {
  tls_client client{under.port(), TLS1_3_VERSION};
  client.send("GET /api/v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
              "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
              "Sec-WebSocket-Protocol: actor-shell.v1.json\r\n" +
              with_token + "\r\n" + client_frame(text_frame, "over tls") +
              client_frame(text_frame, "large") + client_frame(text_frame, "leave"));
  const auto all = client.read_to_end();
  EXPECT_THAT(all, HasSubstr("101 Switching Protocols"));
  EXPECT_THAT(all, HasSubstr("hello"));
  EXPECT_THAT(all, HasSubstr("over tls"));
  EXPECT_GT(all.size(), 100'000u);
}

TEST_F(tls, speaks_no_old_version_and_no_other_protocol) {
  EXPECT_FALSE((tls_client{under.port(), TLS1_1_VERSION}.connected()));
  EXPECT_FALSE((tls_client{under.port(), TLS1_3_VERSION, "\x02h2"}.connected()));
  auto plain = under.connect();
  plain.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(plain.read_to_end().find("HTTP/1.1"), std::string::npos);
  EXPECT_TRUE(under.comes_to([](const auto& now) { return now.tls_failures == 3; }));
}

TEST_F(tls, waits_for_no_handshake_for_ever) {
  auto silent = under.connect();
  EXPECT_TRUE(silent.is_closed());
  EXPECT_TRUE(under.comes_to([](const auto& now) { return now.connections == 0; }));
}

} // namespace
} // namespace ash::gateway::testing
