// FlatBuffers' own verifier, parser and generated code against our bytes, both ways.
#include "events/codec/codec.hpp"
#include "tests/events/codec/random_values.hpp"
#include "tests/events/codec/schema_model.hpp"

#include "budget_generated.h"
#include "log_generated.h"
#include "phase_generated.h"
#include "run_generated.h"
#include "session_generated.h"
#include "tool_call_generated.h"
#include "turn_generated.h"

#include <flatbuffers/idl.h>
#include <flatbuffers/reflection.h>
#include <gtest/gtest.h>
#include <memory>

namespace ash::codec {
namespace {

using namespace testing;

/// `run` for `ash.fbs.run.Created`.
std::string schema_of(const std::string& table) {
  const auto start = std::string_view{"ash.fbs."}.size();
  return table.substr(start, table.rfind('.') - start);
}

const std::uint8_t* data(const std::string& bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

TEST(flatc, verifies_the_bytes_of_every_fact_against_its_schema) {
  std::map<std::string, std::string> schemas;
  for (const auto& fact : facts_of_every_type(21, 10)) {
    const auto table = table_of(type_of(fact));
    auto& bfbs = schemas[schema_of(table)];
    if (bfbs.empty())
      bfbs = read_whole(std::string{ASH_BINARY_SCHEMAS} + '/' + schema_of(table) + ".bfbs");
    const auto& schema = *reflection::GetSchema(bfbs.data());
    const auto bytes = encode(fact);
    EXPECT_TRUE(flatbuffers::BufferHasIdentifier(bytes.payload.data(), "ASHF"));
    EXPECT_TRUE(flatbuffers::Verify(schema,
                                    *schema.objects()->LookupByKey(table.c_str()),
                                    data(bytes.payload),
                                    bytes.payload.size()))
        << bytes.type;
  }
}

std::unique_ptr<flatbuffers::Parser> parser_of(const std::string& schema) {
  auto parser = std::make_unique<flatbuffers::Parser>();
  const auto path = std::string{ASH_SCHEMAS} + '/' + schema + ".fbs";
  const char* includes[] = {ASH_SCHEMAS, nullptr};
  EXPECT_TRUE(parser->Parse(read_whole(path).c_str(), includes, path.c_str())) << parser->error_;
  return parser;
}

TEST(flatc, reads_every_fact_as_json_and_writes_bytes_from_it_that_are_the_same_fact) {
  std::map<std::string, std::unique_ptr<flatbuffers::Parser>> parsers;
  for (const auto& fact : facts_of_every_type(22, 5)) {
    const auto table = table_of(type_of(fact));
    auto& parser = parsers[schema_of(table)];
    if (!parser)
      parser = parser_of(schema_of(table));
    ASSERT_TRUE(parser->SetRootType(table.c_str()));
    std::string text;
    ASSERT_TRUE(flatbuffers::GenerateText(*parser, encode(fact).payload.data(), &text));
    parser->builder_.Clear();
    ASSERT_TRUE(parser->Parse(text.c_str())) << parser->error_;
    const std::string theirs{reinterpret_cast<const char*>(parser->builder_.GetBufferPointer()),
                             parser->builder_.GetSize()};
    const auto read = decode(type_of(fact), 1, theirs);
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_TRUE(same_fact(fact, read.value())) << to_json(fact) << "\n" << to_json(read.value());
  }
}

/// The generated view of what we wrote, after the generated verifier accepted it.
template <class Table> const Table& view_of(const encoded& bytes) {
  flatbuffers::Verifier verifier{data(bytes.payload), bytes.payload.size()};
  EXPECT_TRUE(verifier.VerifyBuffer<Table>("ASHF")) << bytes.type;
  return *flatbuffers::GetRoot<Table>(bytes.payload.data());
}

/// The fact that we read from what the generated code wrote.
template <class Fact, class Table>
Fact fact_from(flatbuffers::FlatBufferBuilder& fbb, flatbuffers::Offset<Table> root) {
  fbb.Finish(root, "ASHF");
  const auto read =
      decode(Fact::type, 1, {reinterpret_cast<const char*>(fbb.GetBufferPointer()), fbb.GetSize()});
  EXPECT_TRUE(read) << to_string(read.error());
  return read ? std::get<Fact>(read.value()) : Fact{};
}

TEST(flatc, generates_code_that_agrees_on_facts_of_sessions) {
  session::created fact;
  fact.session = {uuid{1, 2}};
  fact.parent = session_id{uuid{3, 4}};
  fact.agent.change([](agent_terms& a) {
    a.temperature_milli = 700;
    a.max_steps = 9;
  });
  fact.scopes = {{"day:2026-11-21", usd{5}, usd{4}, budget_policy::prompt}};
  const auto bytes = encode(fact);
  const auto& view = view_of<fbs::session::Created>(bytes);
  EXPECT_EQ(view.session()->high(), 1U);
  EXPECT_EQ(view.parent()->low(), 4U);
  EXPECT_EQ(view.agent()->temperature_milli(), 700);
  EXPECT_EQ(view.agent()->max_steps(), 9);
  EXPECT_EQ(view.agent()->max_tokens(), 4096);
  EXPECT_EQ(view.agent()->tool_bounds()->time_limit_ms(), 120'000);
  EXPECT_EQ(view.scopes()->Get(0)->scope()->str(), "day:2026-11-21");
  EXPECT_EQ(view.scopes()->Get(0)->policy(), fbs::BudgetPolicy::prompt);

  flatbuffers::FlatBufferBuilder fbb;
  const fbs::Uuid id{5, 6};
  const auto read = fact_from<session::message_edited>(
      fbb, fbs::session::CreateMessageEditedDirect(fbb, &id, "hi", fbs::session::EditMode::resend));
  EXPECT_EQ(read.message.value, (uuid{5, 6}));
  EXPECT_EQ(read.text, "hi");
  EXPECT_EQ(read.mode, session::edit_mode::resend);
}

TEST(flatc, generates_code_that_agrees_on_facts_of_runs) {
  run::created fact;
  fact.phases = {{"spec", "analyst", "spec.json", true}, {"build", "coder", "", false}};
  fact.tool_bounds.network = true;
  const auto bytes = encode(fact);
  const auto& view = view_of<fbs::run::Created>(bytes);
  EXPECT_EQ(view.phases()->size(), 2U);
  EXPECT_TRUE(view.phases()->Get(0)->approval());
  EXPECT_TRUE(view.tool_bounds()->network());

  flatbuffers::FlatBufferBuilder fbb;
  const auto read = fact_from<run::interrupted>(
      fbb, fbs::run::CreateInterruptedDirect(fbb, fbs::run::Interruption::budget, "spent"));
  EXPECT_EQ(read.cause, run::interruption::budget);
  EXPECT_EQ(read.message, "spent");
}

TEST(flatc, generates_code_that_agrees_on_facts_of_phases) {
  const auto bytes = encode(phase::artifact_rejected{
      "spec.json", "artifact_invalid", {{"/a", "type", "no"}}, {"{}", sha256_hex("{}"), 2}});
  const auto& view = view_of<fbs::phase::ArtifactRejected>(bytes);
  EXPECT_EQ(view.findings()->Get(0)->path()->str(), "/a");
  EXPECT_EQ(view.content()->text()->str(), "{}");

  flatbuffers::FlatBufferBuilder fbb;
  const auto usage = fbs::CreateTokenUsage(fbb, 1, 2, 3, 4, true);
  const auto read =
      fact_from<phase::aborted>(fbb, fbs::phase::CreateAbortedDirect(fbb, "stop", 12, usage, 3));
  EXPECT_EQ(read.reason, "stop");
  EXPECT_EQ(read.cost, usd{12});
  EXPECT_EQ(read.usage, (token_usage{1, 2, 3, 4, true}));
}

TEST(flatc, generates_code_that_agrees_on_facts_of_turns) {
  turn::call_completed fact;
  fact.tool_calls = {{"t1", "read_file", "{}"}};
  fact.thinking = {{"hm", "sig"}};
  fact.cost = usd{-7};
  const auto bytes = encode(fact);
  const auto& view = view_of<fbs::turn::CallCompleted>(bytes);
  EXPECT_EQ(view.tool_calls()->Get(0)->name()->str(), "read_file");
  EXPECT_EQ(view.thinking()->Get(0)->signature()->str(), "sig");
  EXPECT_EQ(view.cost(), -7);

  flatbuffers::FlatBufferBuilder fbb;
  const fbs::Uuid turn{1, 2};
  const auto read = fact_from<turn::step_finished>(
      fbb, fbs::turn::CreateStepFinished(fbb, &turn, 4, fbs::turn::StepStatus::doom_loop));
  EXPECT_EQ(read.step, 4);
  EXPECT_EQ(read.status, turn::step_status::doom_loop);
}

TEST(flatc, generates_code_that_agrees_on_facts_of_tool_calls) {
  tool_call::requested fact;
  fact.owner = stream_of(run_id{uuid{1, 2}});
  fact.terms.secret_globs = {"*.pem", ".env"};
  const auto bytes = encode(fact);
  const auto& view = view_of<fbs::tool_call::Requested>(bytes);
  EXPECT_EQ(view.owner()->str(), fact.owner.text());
  EXPECT_EQ(view.effect(), fbs::EffectClass::write);
  EXPECT_EQ(view.terms()->secret_globs()->Get(1)->str(), ".env");

  flatbuffers::FlatBufferBuilder fbb;
  const fbs::Uuid call{1, 2};
  const auto read = fact_from<tool_call::reviewed>(
      fbb,
      fbs::tool_call::CreateReviewedDirect(
          fbb, &call, fbs::tool_call::ReviewVerdict::approved, "me", "fine"));
  EXPECT_EQ(read.verdict, tool_call::review_verdict::approved);
  EXPECT_EQ(read.by, "me");
}

TEST(flatc, generates_code_that_agrees_on_facts_of_budgets_and_of_the_log) {
  const auto bytes = encode(budget::settled{{uuid{1, 2}}, usd{30}, usd{20}});
  EXPECT_EQ(view_of<fbs::budget::Settled>(bytes).actual(), 20);
  const auto restored = encode(log::restored{{uuid{1, 2}}, {uuid{3, 4}}, 99, instant{5}});
  EXPECT_EQ(view_of<fbs::log::Restored>(restored).head(), 99);

  flatbuffers::FlatBufferBuilder fbb;
  const auto read =
      fact_from<budget::cap_changed>(fbb, fbs::budget::CreateCapChangedDirect(fbb, 10, 8, "me"));
  EXPECT_EQ(read.cap, usd{10});
  EXPECT_EQ(read.by, "me");
}

} // namespace
} // namespace ash::codec
