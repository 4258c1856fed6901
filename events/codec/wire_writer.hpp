// Builds one FlatBuffer from its leaves to its root, over a builder that each thread keeps. The
// bytes are FlatBuffers' own; this header keeps that library's headers out of everything that is
// written.
#pragma once

#include "events/base/ids.hpp"
#include "events/codec/stored_blob.hpp"
#include "events/facts/common.hpp"

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ash::codec {

/// Where something that is written already lies, from the end of the buffer. 0: nowhere.
using wire_offset = std::uint32_t;

enum class default_fields : std::uint8_t {
  omitted, ///< a field with its type's default takes no room: the default is part of the format
  written,
};

constexpr std::string_view fact_identifier = "ASHF";
constexpr std::string_view snapshot_identifier = "ASHS";
/// A longer document is kept as a blob.
constexpr std::size_t inline_document_bytes = 1024;

/// Whether a document may have this `sha256`: none, or 64 characters of lower-case hex.
bool is_document_address(std::string_view sha256);

/// At most one a thread at a time.
class wire_writer {
public:
  /// `blobs` takes the documents that are not kept inline; null drops their text.
  wire_writer(default_fields policy, std::vector<stored_blob>* blobs);
  ~wire_writer();
  wire_writer(const wire_writer&) = delete;
  wire_writer& operator=(const wire_writer&) = delete;

  [[nodiscard]] bool omits_defaults() const noexcept { return policy_ == default_fields::omitted; }

  // -- leaves, before the table that refers to them ----------------------------------------------

  /// Invalid UTF-8 is replaced.
  wire_offset text(std::string_view text);
  wire_offset list(std::span<const wire_offset> elements);
  wire_offset list(std::span<const uuid> elements);
  /// `bytes` are the elements, little-endian, `width` bytes each.
  wire_offset list_of_scalars(std::string_view bytes, std::size_t width);
  /// `whole` as it is written: its text moves to the blobs where it is long.
  document address_of(const document& whole);

  // -- one table at a time -----------------------------------------------------------------------

  void begin_table();
  template <std::integral T> void add(unsigned field, T value) {
    add_scalar(field, static_cast<std::uint64_t>(value), sizeof(T));
  }
  void add(unsigned field, const uuid& id);
  void add_offset(unsigned field, wire_offset to);
  wire_offset end_table();

  /// The buffer with this root. Nothing may follow.
  std::string finish(wire_offset root, std::string_view identifier);

private:
  void add_scalar(unsigned field, std::uint64_t value, std::size_t width);

  default_fields policy_;
  std::vector<stored_blob>* blobs_;
  std::uint32_t table_start_ = 0;
};

} // namespace ash::codec
