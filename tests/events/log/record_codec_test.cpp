#include "events/log/record_codec.hpp"

#include <gtest/gtest.h>

namespace ash::log {
namespace {

std::string a_record(const std::string& payload, durability keep = durability::synced) {
  std::string value;
  record_labels labels;
  labels.stream = "run/one";
  labels.root = "session/root";
  labels.type = "run.started";
  labels.key = "key";
  labels.at = {-5};
  labels.keep = keep;
  encode_record(value, labels, payload, sha256(payload));
  seal_record(value, 0, 7, 3, sha256("before"));
  return value;
}

TEST(record_codec, gives_back_what_it_was_given) {
  const auto read = decode_record(a_record("payload"), 7).value();
  EXPECT_EQ(read.what.position, 7U);
  EXPECT_EQ(read.what.version, 3U);
  EXPECT_EQ(read.what.stream.text(), "run/one");
  EXPECT_EQ(read.what.root.text(), "session/root");
  EXPECT_EQ(read.what.at.us, -5);
  EXPECT_EQ(read.what.payload, "payload");
  EXPECT_EQ(read.what.previous, sha256("before"));
}

TEST(record_codec, refuses_a_record_with_any_bit_flipped) {
  for (const auto keep : {durability::synced, durability::transient}) {
    const auto whole = a_record("some payload", keep);
    for (std::size_t i = 0; i < whole.size() * 8; ++i) {
      auto damaged = whole;
      damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << (i % 8)));
      EXPECT_EQ(decode_record(damaged, 7).error().code, errc::log_corrupt) << "bit " << i;
    }
  }
}

TEST(record_codec, refuses_a_record_that_is_cut_or_longer) {
  const auto whole = a_record("some payload");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(decode_record(whole.substr(0, size), 7).error().code, errc::log_corrupt);
  EXPECT_FALSE(decode_record(whole + "x", 7));
  EXPECT_FALSE(decode_record(whole, 8));
}

TEST(record_codec, keeps_the_hash_of_a_pruned_record) {
  const auto whole = a_record("delta", durability::transient);
  const auto stub = prune_record(whole);
  EXPECT_LT(stub.size(), whole.size());
  const auto read = decode_record(stub, 7).value();
  EXPECT_TRUE(read.what.pruned);
  EXPECT_EQ(read.what.hash, decode_record(whole, 7).value().what.hash);
  EXPECT_FALSE(decode_record(prune_record(a_record("kept")), 7));
}

TEST(record_codec, refuses_cut_values_of_every_kind) {
  const stream_id stream{entity_kind::run, "one"};
  stored_head head;
  head.head.stream = stream;
  head.head.root = stream;
  head.head.version = 4;
  head.head.parent = stream_id{entity_kind::run, "parent"};
  head.head.parent_version = 2;
  const auto check = [](const std::string& value, auto decode) {
    EXPECT_TRUE(decode(std::string_view{value}));
    for (std::size_t size = 0; size < value.size(); ++size)
      EXPECT_FALSE(decode(std::string_view{value}.substr(0, size))) << size;
  };
  check(encode_index({1, 2}), decode_index);
  check(encode_key({{1, 1, 1, true}, {}, stored_key::whole{{1, 1, 2, true}, {}}}), decode_key);
  check(encode_head(head), [&](std::string_view value) { return decode_head(value, stream); });
  check(encode_state({1, {}, 1, 1, 0, 0}), decode_state);
  check(encode_life({incarnation_id{uuid{1, 2}}, {}, true}), decode_life);
  check(encode_snapshot({1, std::string(1'000, 's')}),
        [&](std::string_view value) { return decode_snapshot(value, stream); });
  EXPECT_EQ(decode_head(encode_head(head), stream).value().head.parent->text(), "run/parent");
}

TEST(record_codec, refuses_packed_bytes_that_were_changed) {
  for (const auto& bytes : {std::string(10'000, 'x'), std::string{"short"}, std::string{}}) {
    const auto value = pack(bytes, sha256(bytes));
    EXPECT_EQ(unpack(value, "it").value().bytes, bytes);
    for (std::size_t i = 0; i < value.size(); ++i) {
      auto damaged = value;
      damaged[i] = static_cast<char>(damaged[i] ^ 0x11);
      // Not every bit of a zstd frame means something: what comes out right is right.
      if (const auto read = unpack(damaged, "it"); read) {
        EXPECT_EQ(read.value().bytes, bytes);
      }
    }
  }
}

} // namespace
} // namespace ash::log
