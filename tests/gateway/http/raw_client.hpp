// A client that sends whatever bytes a test wants to the server under test, and reads with a time
// limit. On 127.0.0.1 only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ash::gateway::testing {

class raw_client {
public:
  explicit raw_client(int port);
  ~raw_client();
  raw_client(raw_client&& other) noexcept;
  raw_client& operator=(raw_client&&) = delete;

  [[nodiscard]] bool connected() const noexcept { return socket_ >= 0; }
  /// False once the server has closed.
  bool send(std::string_view bytes);
  /// Says that nothing more will come.
  void finish();
  /// Closes with a reset.
  void reset();

  /// The next response, head and body; empty where the server closed first.
  struct answer {
    int status = 0;
    std::string head;
    std::string body;
  };
  answer read_answer();
  /// Everything up to the server's close.
  std::string read_to_end();
  /// Whether the server closes, and sends nothing before it.
  bool is_closed();
  std::string read_exactly(std::size_t bytes);
  std::string read_until(std::string_view mark);

  // -- as a WebSocket ---------------------------------------------------------------------------

  /// Asks for the upgrade. `extra`: further header lines.
  answer upgrade(std::string_view extra = {});
  struct ws_frame {
    int opcode = 0;
    bool final = true;
    bool compressed = false;
    std::string payload;
  };
  /// None where the server closed.
  std::optional<ws_frame> read_frame();
  /// The code of the next close frame, whatever comes before it; 0 where none comes.
  int read_close_code();

private:
  bool fill();

  int socket_ = -1;
  std::string buffer_;
};

enum class masking : std::uint8_t { masked, bare };
/// A frame as a client sends it. `first`: FIN, RSV and opcode.
std::string
client_frame(std::uint8_t first, std::string_view payload, masking how = masking::masked);
constexpr std::uint8_t text_frame = 0x81;

} // namespace ash::gateway::testing
