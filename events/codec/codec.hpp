// Facts to bytes and back, and facts as JSON. The bytes are FlatBuffers of the tables in
// schemas/*.fbs, made from the described members; what is read back is verified in full before it
// becomes a fact. Stateless and thread-safe; it never reads or writes the log.
#pragma once

#include "events/base/json.hpp"
#include "events/base/result.hpp"
#include "events/codec/stored_blob.hpp"
#include "events/facts/any.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ash::codec {

/// The version of the schemas that `encode` writes. It grows when a field's meaning changes; a
/// field more at the end of a table does not need it.
constexpr std::uint16_t schema_version_now = 1;

/// A fact as the log keeps it.
struct encoded {
  std::string_view type; ///< for example `run.started`; static
  std::uint16_t schema_version = schema_version_now;
  bool transient = false; ///< pruned once the whole answer is durable
  std::string payload;
  std::vector<stored_blob> blobs; ///< documents that the payload only refers to, by sha256
};

/// The bytes of `fact`: equal facts give equal bytes. The text of a document above 1 KiB, or of one
/// that is not UTF-8, goes to `blobs`, and the payload keeps its sha256 and size. Invalid UTF-8 in
/// any other text is replaced by U+FFFD, so that what is written can always be read.
encoded encode(const any_fact& fact);

/// The fact in `payload`, which is never trusted. A field that an older writer did not know keeps
/// its default, one that only a newer writer knows is passed over. Errors: `log_corrupt` for
/// damaged bytes, and for a type or version that a newer writer made.
result<any_fact>
decode(std::string_view type, std::uint16_t schema_version, std::string_view payload);

/// The members under their names: ids and streams as text, money as a decimal string of dollars
/// (`"0.000123"`), instants as ISO 8601, enums by name, an absent optional as null, and a document
/// as
/// `{"sha256", "size"}`, with its `"text"` where that is at hand.
json::object to_json(const any_fact& fact);

} // namespace ash::codec
