#include "tests/events/codec/schema_model.hpp"

#include <gtest/gtest.h>

namespace ash::codec {
namespace {

using namespace testing;

constexpr auto remedy = "; if the change of the facts is meant, run `print_schemas schemas`";

TEST(schemas, hold_the_tables_fields_types_and_defaults_of_the_described_facts) {
  const auto described = model_of_facts();
  const auto written = model_of_folder(ASH_BINARY_SCHEMAS);
  for (const auto& [name, type] : described) {
    const auto found = written.find(name);
    ASSERT_NE(found, written.end()) << name << " is in no .fbs" << remedy;
    EXPECT_EQ(found->second.kind, type.kind) << name;
    ASSERT_EQ(found->second.fields.size(), type.fields.size()) << name << remedy;
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
      const auto& in_fbs = found->second.fields[i];
      EXPECT_EQ(in_fbs.name, type.fields[i].name) << name << remedy;
      EXPECT_EQ(in_fbs.type, type.fields[i].type) << name << '.' << in_fbs.name << remedy;
      EXPECT_EQ(in_fbs.fallback, type.fields[i].fallback) << name << '.' << in_fbs.name << remedy;
    }
  }
  for (const auto& [name, type] : written)
    EXPECT_TRUE(described.contains(name)) << name << " is no fact's" << remedy;
}

TEST(schemas, are_the_text_that_print_schemas_writes) {
  for (const auto name : schema_names)
    EXPECT_EQ(read_whole(std::string{ASH_SCHEMAS} + '/' + std::string{name} + ".fbs"),
              schema_text(model_of_facts(), name))
        << name << remedy;
}

} // namespace
} // namespace ash::codec
