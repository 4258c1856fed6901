// What a run is, folded from its events: the same facts that the server folds. Pure but for the
// object it changes.

import { fromPico, toPico } from "./money.js";

const shownEvents = 200;

export function newRun() {
  return {
    state: "",
    workflow: "",
    repository: "",
    branch: "",
    requirements: "",
    startedBy: "",
    planned: [],
    phases: [],
    approvals: new Map(),
    calls: new Map(),
    tools: new Map(),
    streams: new Map(),
    spent: 0n,
    tokens: { input: 0, output: 0 },
    events: 0,
    position: 0,
    recent: [],
    reportReady: false,
    message: "",
    code: "",
    revision: 0,
  };
}

export const isOver = (run) => ["completed", "failed", "aborted"].includes(run.state);
export const openApprovals = (run) =>
  [...run.approvals.values()].filter((each) => each.decision === null);
export const spentText = (run) => fromPico(run.spent);

function phaseOf(run, record) {
  return run.streams.get(record.stream);
}

function note(phase, item) {
  if (!phase) return item;
  phase.items.push(item);
  phase.revision += 1;
  return item;
}

function touch(item) {
  if (item?.phase) item.phase.revision += 1;
}

function endCall(run, record, state) {
  const { call, cost, usage, code, message, text } = record.data;
  const item = run.calls.get(call);
  if (cost) run.spent += toPico(cost);
  if (usage) {
    run.tokens.input += usage.input;
    run.tokens.output += usage.output;
  }
  if (!item) return;
  item.state = state;
  item.cost = cost ?? item.cost;
  item.text = text ?? item.text;
  item.note = code ? `${message} (${code})` : "";
  touch(item);
}

function endTool(run, record, state) {
  const item = run.tools.get(record.data.call);
  if (!item) return;
  const { text, message, reason, code, duration_ms: ms } = record.data;
  item.state = state;
  item.result = text ?? message ?? reason ?? "";
  item.note = [code, ms === undefined ? "" : `${ms} ms`].filter(Boolean).join(", ");
  touch(item);
}

function endRun(run, record, state) {
  run.state = state;
  run.code = record.data.code ?? "";
  run.message = record.data.message ?? record.data.reason ?? "";
}

function endPhase(run, record, state) {
  const phase = phaseOf(run, record);
  if (!phase) return;
  phase.state = state;
  phase.summary = record.data.summary ?? record.data.message ?? record.data.reason ?? "";
  phase.cost = record.data.cost ?? "";
  phase.revision += 1;
}

const folds = {
  "run.created"(run, { data }) {
    run.state = "executing";
    run.workflow = data.workflow;
    run.repository = data.repo_path;
    run.branch = data.branch;
    run.requirements = data.requirements;
    run.startedBy = data.started_by;
    run.planned = data.phases.map((each) => each.key);
  },
  "run.phase.opened"(run, { data }) {
    const phase = {
      key: data.key,
      attempt: data.attempt,
      state: "running",
      role: "",
      persona: "",
      items: [],
      summary: "",
      cost: "",
      revision: 0,
    };
    run.phases.push(phase);
    run.streams.set(`phase/${data.phase}`, phase);
  },
  "phase.started"(run, record) {
    const phase = phaseOf(run, record);
    if (!phase) return;
    phase.role = record.data.work.role;
    phase.persona = record.data.work.agent.persona;
    phase.revision += 1;
  },
  "phase.completed": (run, record) => endPhase(run, record, "completed"),
  "phase.failed": (run, record) => endPhase(run, record, "failed"),
  "phase.aborted": (run, record) => endPhase(run, record, "aborted"),
  "artifact.validated"(run, record) {
    note(phaseOf(run, record), {
      kind: "note",
      text: `The artifact ${record.data.path} is valid.`,
    });
  },
  "artifact.rejected"(run, record) {
    const found = record.data.findings
      .map((each) => `${each.path || "/"}: ${each.message}`)
      .join("\n");
    note(phaseOf(run, record), { kind: "note", text: `The artifact was rejected.\n${found}` });
  },
  "phase.feedback.recorded"(run, record) {
    note(phaseOf(run, record), {
      kind: "note",
      text: `Changes were asked for by ${record.data.by}: ${record.data.text}`,
    });
  },
  // A sub-agent's work shows where the call for it stands.
  "tool.call.requested"(run, record) {
    const phase = run.streams.get(record.data.owner);
    if (phase) run.streams.set(record.stream, phase);
  },
  "session.created"(run, record) {
    const phase = run.streams.get(`tool/${record.data.asked_by}`);
    if (!phase) return;
    run.streams.set(record.stream, phase);
    note(phase, { kind: "note", text: `The sub-agent ${record.data.agent.persona} begins.` });
  },
  "session.ended"(run, record) {
    const { code, reason } = record.data;
    const text = code ? `The sub-agent ended: ${reason} (${code})` : "The sub-agent is done.";
    note(phaseOf(run, record), { kind: "note", text });
  },
  "llm.call.requested"(run, record) {
    const { call, model, attempt } = record.data;
    const phase = phaseOf(run, record);
    const item = {
      kind: "call",
      model,
      attempt,
      state: "waiting",
      text: "",
      cost: "",
      note: "",
      phase,
    };
    run.calls.set(call, note(phase, item));
  },
  "llm.call.started"(run, { data }) {
    const item = run.calls.get(data.call);
    if (item) item.state = "running";
    touch(item);
  },
  "llm.call.delta"(run, { data }) {
    const item = run.calls.get(data?.call);
    if (!item || data.thinking) return;
    item.text += data.text;
    touch(item);
  },
  "llm.call.completed": (run, record) => endCall(run, record, "completed"),
  "llm.call.failed": (run, record) => endCall(run, record, "failed"),
  "llm.call.refused": (run, record) => endCall(run, record, "denied"),
  "llm.call.lost": (run, record) => endCall(run, record, "failed"),
  "step.tool.called"(run, record) {
    const { request, tool_call: id, refusal, message } = record.data;
    const phase = phaseOf(run, record);
    const item = {
      kind: "tool",
      name: request.name,
      arguments: request.arguments,
      state: refusal ? "denied" : "requested",
      result: message,
      note: refusal,
      phase,
    };
    run.tools.set(id, note(phase, item));
  },
  "tool.call.started"(run, { data }) {
    const item = run.tools.get(data.call);
    if (item) item.state = "running";
    touch(item);
  },
  "tool.call.completed": (run, record) => endTool(run, record, "completed"),
  "tool.call.failed": (run, record) => endTool(run, record, "failed"),
  "tool.call.denied": (run, record) => endTool(run, record, "denied"),
  "tool.call.cancelled": (run, record) => endTool(run, record, "cancelled"),
  "tool.call.in_doubt": (run, record) => endTool(run, record, "in_doubt"),
  "approval.requested"(run, { data }) {
    run.approvals.set(data.approval, {
      id: data.approval,
      kind: data.kind,
      phase: data.phase_key,
      subject: data.subject,
      round: data.round,
      question: data.question ?? "",
      content: data.content ?? { sha256: "", size: 0 },
      amount: data.amount ?? "",
      decision: null,
    });
    run.state = "awaiting_approval";
  },
  "approval.decided"(run, { data }) {
    const approval = run.approvals.get(data.approval);
    if (approval)
      Object.assign(approval, { decision: data.decision, by: data.by, comment: data.comment });
    if (run.state === "awaiting_approval" && openApprovals(run).length === 0)
      run.state = "executing";
  },
  "run.interrupted": (run, record) => endRun(run, record, "interrupted"),
  "run.resumed"(run) {
    run.state = openApprovals(run).length > 0 ? "awaiting_approval" : "executing";
    run.message = "";
  },
  "run.completed": (run, record) => endRun(run, record, "completed"),
  "run.failed": (run, record) => endRun(run, record, "failed"),
  "run.aborted": (run, record) => endRun(run, record, "aborted"),
  "run.report.composed"(run) {
    run.reportReady = true;
  },
};

/** Takes one event of the run's feed; types that it does not know only count. */
export function take(run, event) {
  const { record } = event;
  run.events += 1;
  run.position = event.position;
  run.revision += 1;
  if (!record.pruned && record.data) folds[record.type]?.(run, record);
  if (record.type === "llm.call.delta") return;
  run.recent.push({
    position: event.position,
    type: record.type,
    stream: record.stream,
    at: record.at,
  });
  if (run.recent.length > shownEvents) run.recent.shift();
}
