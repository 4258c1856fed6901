#include "events/codec/wire_writer.hpp"

#include "events/base/check.hpp"
#include "events/base/text.hpp"

#include <algorithm>
#include <bit>
#include <flatbuffers/flatbuffers.h>

namespace ash::codec {
namespace {

static_assert(std::endian::native == std::endian::little,
              "lists of scalars are copied as they are");

/// A builder keeps its memory between facts, but not that of a huge one.
constexpr std::size_t kept_bytes = std::size_t{1} << 20;

struct thread_builder {
  flatbuffers::FlatBufferBuilder fbb{4096};
  bool taken = false;
};

thread_builder& mine() {
  thread_local thread_builder builder;
  return builder;
}

flatbuffers::FlatBufferBuilder& fbb() {
  return mine().fbb;
}

flatbuffers::voffset_t slot(unsigned field) {
  return flatbuffers::FieldIndexToOffset(static_cast<flatbuffers::voffset_t>(field));
}

struct wire_uuid {
  std::uint64_t high;
  std::uint64_t low;
};

wire_uuid to_wire(const uuid& id) {
  return {flatbuffers::EndianScalar(id.high), flatbuffers::EndianScalar(id.low)};
}

} // namespace

bool is_document_address(std::string_view sha256) {
  const auto is_hex = std::all_of(sha256.begin(), sha256.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  return sha256.empty() || (is_hex && sha256.size() == 64);
}

wire_writer::wire_writer(default_fields policy, std::vector<stored_blob>* blobs)
    : policy_{policy}, blobs_{blobs} {
  check(!mine().taken, "two buffers are written in one thread at once");
  mine().taken = true;
}

wire_writer::~wire_writer() {
  if (fbb().GetSize() > kept_bytes)
    fbb().Reset();
  else
    fbb().Clear();
  mine().taken = false;
}

wire_offset wire_writer::text(std::string_view text) {
  if (!is_valid_utf8(text)) {
    const auto repaired = to_valid_utf8(text);
    return fbb().CreateString(repaired.data(), repaired.size()).o;
  }
  return fbb().CreateString(text.data(), text.size()).o;
}

wire_offset wire_writer::list(std::span<const wire_offset> elements) {
  fbb().StartVector(elements.size(), sizeof(wire_offset));
  for (auto i = elements.size(); i > 0; --i)
    fbb().PushElement(flatbuffers::Offset<void>(elements[i - 1]));
  return fbb().EndVector(elements.size());
}

wire_offset wire_writer::list(std::span<const uuid> elements) {
  std::vector<wire_uuid> ids;
  ids.reserve(elements.size());
  for (const auto& id : elements)
    ids.push_back(to_wire(id));
  return fbb().CreateVectorOfStructs(ids.data(), ids.size()).o;
}

wire_offset wire_writer::list_of_scalars(std::string_view bytes, std::size_t width) {
  const auto count = bytes.size() / width;
  fbb().StartVector(count, width);
  if (!bytes.empty())
    fbb().PushBytes(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return fbb().EndVector(count);
}

document wire_writer::address_of(const document& whole) {
  if (whole.text.empty()) {
    check(is_document_address(whole.sha256) && whole.size >= 0,
          "a document's address is neither empty nor a sha256 in hex");
    return whole;
  }
  const auto digest = sha256(whole.text);
  document kept{{}, to_string(digest), static_cast<std::int64_t>(whole.text.size())};
  if (whole.text.size() <= inline_document_bytes && is_valid_utf8(whole.text))
    kept.text = whole.text;
  else if (blobs_)
    blobs_->push_back({digest, whole.text});
  return kept;
}

void wire_writer::begin_table() {
  table_start_ = fbb().StartTable();
}

void wire_writer::add_scalar(unsigned field, std::uint64_t value, std::size_t width) {
  switch (width) {
  case 1:
    return fbb().AddElement(slot(field), static_cast<std::uint8_t>(value));
  case 2:
    return fbb().AddElement(slot(field), static_cast<std::uint16_t>(value));
  case 4:
    return fbb().AddElement(slot(field), static_cast<std::uint32_t>(value));
  default:
    return fbb().AddElement(slot(field), value);
  }
}

void wire_writer::add(unsigned field, const uuid& id) {
  const auto bytes = to_wire(id);
  fbb().AddStruct(slot(field), &bytes);
}

void wire_writer::add_offset(unsigned field, wire_offset to) {
  fbb().AddOffset(slot(field), flatbuffers::Offset<void>(to));
}

wire_offset wire_writer::end_table() {
  return fbb().EndTable(table_start_);
}

std::string wire_writer::finish(wire_offset root, std::string_view identifier) {
  fbb().Finish(flatbuffers::Offset<void>(root), identifier.data());
  return {reinterpret_cast<const char*>(fbb().GetBufferPointer()), fbb().GetSize()};
}

} // namespace ash::codec
