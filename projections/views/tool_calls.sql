create table {tool_calls} (
  tool_call text primary key,
  seq bigint not null unique,
  run text not null,
  session text not null,
  owner text not null,
  turn text not null,
  step bigint not null,
  name text not null,
  arguments text not null,
  effect text not null,
  state text not null,
  code text not null,
  rule text not null,
  message text not null,
  output text not null,
  exit_code bigint not null,
  duration_ms bigint not null,
  files text not null,
  unsandboxed bigint not null,
  decided_by text not null,
  requested_at bigint not null,
  started_at bigint not null,
  ended_at bigint not null
);
create index {tool_calls_by_run} on {tool_calls} (run, seq);
create index {tool_calls_by_owner} on {tool_calls} (owner, seq);
