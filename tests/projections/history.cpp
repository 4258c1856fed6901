#include "tests/projections/history.hpp"

#include "events/base/check.hpp"
#include "events/codec/codec.hpp"

namespace ash::projections::testing {
namespace {

constexpr auto a_hash = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9";

agent_terms an_agent() {
  agent_terms agent;
  agent.persona = "tester@1";
  agent.persona_hash = "p1";
  agent.models = {{"test:small", {1'000'000}, {}, {2'000'000}, true}};
  return agent;
}

} // namespace

std::uint64_t
history::add(const stream_id& stream, const stream_id& root, const std::vector<any_fact>& facts) {
  now_ = now_ + us_per_s;
  log::append_request request;
  request.stream = stream;
  request.root = root;
  request.expected_version = versions_[stream];
  request.at = now_;
  log::entry all;
  for (const auto& each : facts) {
    auto encoded = codec::encode(each);
    all.facts.push_back({std::string{encoded.type},
                         encoded.schema_version,
                         encoded.transient ? log::durability::transient : log::durability::synced,
                         std::move(encoded.payload)});
    for (auto& blob : encoded.blobs)
      request.blobs.push_back({blob.hash, std::move(blob.bytes)});
  }
  request.entries.push_back(std::move(all));
  versions_[stream] += facts.size();
  const auto done = to_.append_now(std::move(request));
  check(done.has_value(), "a history is appended");
  return done.value().first_position + done.value().count - 1;
}

run_id history::begin_run(const std::string& name) {
  const auto run = an_id<run_id>(name);
  run::created made;
  made.run = run;
  made.workflow = "two-steps@1";
  made.workflow_hash = "w1";
  made.workflow_json = R"({"name":"two-steps"})";
  made.phases = {{"spec", "writer", "out/spec.json", false},
                 {"plan", "writer", "out/plan.json", false}};
  made.repo_path = "/repo";
  made.project_key = "key";
  made.base_branch = "main";
  made.requirements = "do " + name;
  made.started_by = "tests";
  run::bound bound;
  bound.bindings = {{"writer", "tester@1", "p1", R"({"name":"tester"})", "only"}};
  add(stream_of(run), stream_of(run), {made, bound, run::started{run}});
  return run;
}

void history::spend(const stream_id& owner, const call_id& call) {
  const auto stream = stream_of_budget(scope_);
  if (!versions_.contains(stream))
    add(stream,
        stream,
        {budget::opened{{scope_, {one_cent.pico * 1'000}, {}, budget_policy::block}}});
  add(stream, stream, {budget::reserved{call, owner, {one_cent.pico * 2}}});
  add(stream, stream, {budget::settled{call, {one_cent.pico * 2}, one_cent}});
}

void history::add_turn(const stream_id& owner, const stream_id& root, const std::string& name) {
  const auto turn = an_id<turn_id>(name);
  add(owner, root, {turn::started{turn, 1, "do it"}, turn::step_started{turn, 1}});
  for (const auto* which : {"first", "second"}) {
    const auto call = an_id<call_id>(name + which);
    const auto tool = an_id<tool_call_id>(name + which + "tool");
    turn::call_requested asked;
    asked.turn = turn;
    asked.call = call;
    asked.step = 1;
    asked.attempt = 1;
    asked.model = "test:small";
    asked.estimate = {one_cent.pico * 2};
    add(owner, root, {asked});
    spend(owner, call);
    turn::call_completed answer;
    answer.turn = turn;
    answer.call = call;
    answer.text = std::string{"answer "} + which + '\0'; // a model may say anything
    answer.tool_calls = {{"t1", "read_file", R"({"path":"a"})"}};
    answer.usage = {100, 10, 5, 1, false};
    answer.cost = one_cent;
    answer.latency_ms = 250;
    add(owner,
        root,
        {turn::call_started{turn, call}, answer, turn::call_settled{turn, call, one_cent}});
    add(owner, root, {turn::tool_called{turn, 1, 0, tool, answer.tool_calls[0], "s", {}, {}}});
    tool_call::requested wanted;
    wanted.call = tool;
    wanted.owner = owner;
    wanted.turn = turn;
    wanted.name = "read_file";
    wanted.arguments = R"({"path":"a"})";
    wanted.effect = effect_class::read;
    tool_call::completed done;
    done.call = tool;
    done.text = "what the file says";
    done.duration_ms = 3;
    add(stream_of(tool), root, {wanted, tool_call::started{tool}, done});
    add(owner,
        root,
        {turn::tool_answered{turn, tool, turn::tool_answer::completed, {}, done.text, {}}});
  }
  add(owner, root, {turn::completed{turn, "well"}});
}

phase_id history::add_phase(const run_id& run, const std::string& key) {
  const auto root = stream_of(run);
  const auto phase = an_id<phase_id>(to_string(run) + key);
  add(root, root, {run::phase_opened{key, phase, 1}});
  phase::assignment work;
  work.phase = phase;
  work.run = run;
  work.key = key;
  work.role = "writer";
  work.artifact_path = "out/" + key + ".json";
  work.schema_ref = "dev/spec@1";
  work.agent = an_agent();
  add(stream_of(phase), root, {phase::started{work}});
  add_turn(stream_of(phase), root, to_string(phase));
  add(stream_of(phase),
      root,
      {phase::artifact_written{work.artifact_path, a_hash},
       phase::artifact_validated{work.artifact_path, a_hash, {{}, a_hash, 12}}});
  return phase;
}

run_id history::add_run(const std::string& name) {
  const auto run = begin_run(name);
  const auto root = stream_of(run);
  for (const auto* key : {"spec", "plan"}) {
    const auto phase = add_phase(run, key);
    phase::completed done;
    done.artifact_path = std::string{"out/"} + key + ".json";
    done.sha256 = a_hash;
    done.artifact = {{}, a_hash, 12};
    done.summary = "written";
    done.cost = {one_cent.pico * 2};
    done.usage = {200, 20, 10, 2, false};
    done.calls = 2;
    add(stream_of(phase), root, {done});
    run::phase_closed closed;
    closed.key = key;
    closed.phase = phase;
    add(root, root, {closed});
  }
  add(root, root, {run::completed{run}});
  add(root, root, {run::report_composed{"/r.json", "/r.md", "branch", "c0ffee", {}}});
  return run;
}

run_id history::add_waiting_run(const std::string& name) {
  const auto run = begin_run(name);
  const auto root = stream_of(run);
  const auto phase = add_phase(run, "spec");
  const auto approval = an_id<approval_id>(name);
  add(stream_of(phase), root, {phase::approval_awaited{approval, 1}});
  run::approval_requested asked;
  asked.approval = approval;
  asked.asker = stream_of(phase);
  asked.phase_key = "spec";
  asked.subject = "out/spec.json";
  add(root, root, {asked});
  return run;
}

session_id history::add_session(const std::string& name) {
  const auto id = an_id<session_id>(name);
  const auto stream = stream_of(id);
  session::created made;
  made.session = id;
  made.project_key = "key";
  made.agent = an_agent();
  add(stream, stream, {made});
  const auto first = an_id<message_id>(name + "first");
  add(stream, stream, {session::message_appended{first, "hello"}, session::titled{"hello"}});
  add_turn(stream, stream, name + "1");
  add(stream, stream, {session::message_edited{first, "hallo", session::edit_mode::resend}});
  add_turn(stream, stream, name + "2");
  return id;
}

} // namespace ash::projections::testing
