#include "actors/performers/report_text.hpp"

#include "events/base/text.hpp"
#include "events/codec/shape.hpp"

namespace ash::performers {
namespace {

/// `0.000123`: money as JSON has it, exact.
std::string decimal(usd amount) {
  auto text = to_string(amount);
  if (const auto sign = text.find('$'); sign != std::string::npos)
    text.erase(sign, 1);
  return text;
}

json::object json_of(const token_usage& usage) {
  return {{"input", usage.input},
          {"output", usage.output},
          {"cached", usage.cached},
          {"reasoning", usage.reasoning},
          {"estimated", usage.estimated}};
}

json::array json_of(const std::vector<call_history>& calls) {
  json::array out;
  for (const auto& call : calls)
    out.push_back(json::object{{"call", to_string(call.call)},
                               {"model", call.model},
                               {"purpose", codec::enumerator_name(call.purpose)},
                               {"attempt", call.attempt},
                               {"outcome", call.outcome},
                               {"tokens", json_of(call.usage)},
                               {"cost_usd", decimal(call.cost)},
                               {"latency_ms", call.latency_ms}});
  return out;
}

json::array json_of(const std::vector<phase::artifact_rejected>& rejected) {
  json::array out;
  for (const auto& one : rejected) {
    json::array findings;
    for (const auto& finding : one.findings)
      findings.push_back(json::object{
          {"path", finding.path}, {"keyword", finding.keyword}, {"message", finding.message}});
    out.push_back(
        json::object{{"path", one.path}, {"code", one.code}, {"findings", std::move(findings)}});
  }
  return out;
}

json::object json_of(const phase_history& phase, const std::string& model) {
  usd cost;
  for (const auto& call : phase.calls)
    cost += call.cost;
  json::object tools;
  for (const auto& [how, count] : phase.tool_calls)
    tools.emplace(how, count);
  json::object out{{"key", phase.key},
                   {"role", phase.role},
                   {"persona", phase.persona},
                   {"model", model},
                   {"attempt", phase.attempt},
                   {"state", phase.state},
                   {"artifact", {{"path", phase.artifact_path}, {"sha256", phase.sha256}}},
                   {"summary", phase.summary},
                   {"repairs", phase.repairs},
                   {"rejected_artifacts", json_of(phase.rejected)},
                   {"tool_calls", std::move(tools)},
                   {"model_calls", json_of(phase.calls)},
                   {"cost_usd", decimal(cost)}};
  if (!phase.phase.is_nil())
    out.emplace("phase", to_string(phase.phase));
  if (!phase.left_out_because.empty())
    out.emplace("omitted_because", phase.left_out_because);
  if (!phase.awaits.empty()) {
    json::array awaits;
    for (const auto& approval : phase.awaits)
      awaits.push_back(json::value(to_string(approval)));
    out.emplace("awaits", std::move(awaits));
  }
  if (!phase.code.empty())
    out.emplace("error", json::object{{"code", phase.code}, {"message", phase.message}});
  return out;
}

std::string seconds(std::int64_t us) {
  const auto tenths = us / 100'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

std::string first_line(std::string_view text, std::size_t most = 300) {
  const auto line = utf8_prefix(text.substr(0, text.find('\n')), most);
  return std::string{line} + (line.size() < text.size() ? " …" : "");
}

/// Text of others inside a table or a line: it must not make Markdown of its own.
std::string cell(std::string_view text) {
  std::string out;
  for (const auto c : printable(text)) {
    if (c == '|' || c == '`' || c == '<' || c == '*' || c == '_' || c == '[')
      out += '\\';
    out += c;
  }
  return out;
}

void write_head(std::string& out, const run_history& of, const report_frame& frame) {
  const auto& plan = of.plan;
  out += "# Run " + to_string(plan.run).substr(0, 8) + ": " + frame.outcome + "\n\n";
  if (!of.code.empty() || !of.message.empty())
    out += "> " + (of.code.empty() ? std::string{} : "`" + of.code + "` ") +
           cell(first_line(of.message, 1'000)) + "\n\n";
  out += "| | |\n|---|---|\n";
  const auto row = [&](std::string_view name, const std::string& value) {
    out += "| " + std::string{name} + " | " + value + " |\n";
  };
  row("Run", "`" + to_string(plan.run) + "`");
  row("Workflow", cell(plan.workflow));
  row("Repository", cell(plan.repo_path));
  row("Base branch", cell(plan.base_branch) + " at `" + of.base_commit.substr(0, 12) + "`");
  row("Result branch",
      frame.commit.empty() ? "nothing was saved"
                           : cell(plan.branch) + " at `" + frame.commit.substr(0, 12) + "`");
  row("Cost", to_string(of.cost()));
  const auto usage = of.usage();
  row("Tokens",
      std::to_string(usage.input) + " in, " + std::to_string(usage.output) + " out" +
          (usage.estimated ? " (partly estimated)" : ""));
  row("Tool calls", std::to_string(of.tool_call_count()));
  row("Time", seconds(of.last_fact - of.started));
  if (of.interruptions > 0)
    row("Interruptions", std::to_string(of.interruptions));
  out += "\n## Requirements\n\n";
  for (std::string_view rest = plan.requirements; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    out += "> " + std::string{line} + "\n";
  }
}

void write_phase(std::string& out, const phase_history& phase, const std::string& model) {
  out += "\n### " + phase.key + ": " + phase.state + "\n\n";
  out += "- " + phase.role + ": " + cell(phase.persona) + " with " + cell(model) + "\n";
  if (!phase.left_out_because.empty())
    out += "- left out: " + cell(first_line(phase.left_out_because, 1'000)) + "\n";
  if (!phase.sha256.empty())
    out += "- artifact: `" + phase.artifact_path + "` (SHA-256 `" + phase.sha256.substr(0, 12) +
           "`)\n";
  if (!phase.code.empty())
    out += "- error: `" + phase.code + "` " + cell(first_line(phase.message, 1'000)) + "\n";
  if (!phase.summary.empty())
    out += "- summary: " + cell(first_line(phase.summary, 1'000)) + "\n";
  for (const auto& rejected : phase.rejected) {
    out += "- rejected once: `" + rejected.code + "`\n";
    for (const auto& finding : rejected.findings)
      out += "  - " + cell(finding.path.empty() ? "/" : finding.path) + ": " +
             cell(finding.message) + "\n";
  }
  if (phase.calls.empty())
    return;
  out +=
      "\n| model call | outcome | tokens in | out | cost | time |\n|---|---|---:|---:|---:|---:|\n";
  for (const auto& call : phase.calls)
    out += "| " + cell(call.model) +
           (call.purpose == turn::call_purpose::review ? " (review)" : "") + " | " + call.outcome +
           " | " + std::to_string(call.usage.input) + " | " + std::to_string(call.usage.output) +
           " | " + to_string(call.cost) + " | " + seconds(call.latency_ms * us_per_ms) + " |\n";
}

} // namespace

json::object report_json(const run_history& of, const report_frame& frame) {
  const auto& plan = of.plan;
  json::array phases;
  for (const auto& phase : of.all_phases())
    phases.push_back(json_of(phase, of.model_of(phase.role)));
  json::array bindings;
  for (const auto& binding : of.bindings)
    bindings.push_back(json::object{{"role", binding.role},
                                    {"persona", binding.persona},
                                    {"persona_hash", binding.persona_hash},
                                    {"model", of.model_of(binding.role)},
                                    {"reason", binding.reason}});
  json::array scopes;
  for (const auto& scope : plan.scopes)
    scopes.push_back(json::object{{"scope", scope.scope},
                                  {"cap_usd", decimal(scope.cap)},
                                  {"spent_by_run_usd", decimal(of.cost())}});
  json::object out{{"run", to_string(plan.run)},
                   {"outcome", frame.outcome},
                   {"workflow", plan.workflow},
                   {"workflow_hash", plan.workflow_hash},
                   {"repository", plan.repo_path},
                   {"base_branch", plan.base_branch},
                   {"base_commit", of.base_commit},
                   {"branch", plan.branch},
                   {"commit", frame.commit},
                   {"requirements", plan.requirements},
                   {"bindings", std::move(bindings)},
                   {"phases", std::move(phases)},
                   {"tool_calls", of.tool_call_count()},
                   {"tokens", json_of(of.usage())},
                   {"cost_usd", decimal(of.cost())},
                   {"budget_scopes", std::move(scopes)},
                   {"interruptions", of.interruptions},
                   {"started_at", to_iso(of.started)},
                   {"duration_ms", (of.last_fact - of.started) / us_per_ms},
                   {"events", "actor-shell events run/" + to_string(plan.run)}};
  if (!of.code.empty() || !of.message.empty())
    out.emplace("error", json::object{{"code", of.code}, {"message", of.message}});
  return out;
}

std::string report_markdown(const run_history& of, const report_frame& frame) {
  std::string out;
  write_head(out, of, frame);
  out += "\n## Phases\n";
  for (const auto& phase : of.all_phases())
    write_phase(out, phase, of.model_of(phase.role));
  out += "\n## Budget\n\n| scope | cap | spent by this run |\n|---|---:|---:|\n";
  for (const auto& scope : of.plan.scopes)
    out += "| " + cell(scope.scope) + " | " + to_string(scope.cap) + " | " + to_string(of.cost()) +
           " |\n";
  const auto id = to_string(of.plan.run);
  out += "\n## Looking further\n\n```\nactor-shell events run/" + id + "\nactor-shell replay run/" +
         id + "\n";
  if (!frame.commit.empty() && !of.base_commit.empty())
    out += "git diff " + of.base_commit.substr(0, 12) + " " + of.plan.branch + "\n";
  return out + "```\n";
}

} // namespace ash::performers
