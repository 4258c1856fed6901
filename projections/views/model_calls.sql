create table {model_calls} (
  model_call text primary key,
  seq bigint not null unique,
  run text not null,
  session text not null,
  owner text not null,
  phase_key text not null,
  role text not null,
  persona text not null,
  turn text not null,
  purpose text not null,
  step bigint not null,
  attempt bigint not null,
  retries bigint not null,
  provider text not null,
  model text not null,
  state text not null,
  input_estimate bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cached_tokens bigint not null,
  reasoning_tokens bigint not null,
  estimated bigint not null,
  estimate bigint not null,
  cost bigint not null,
  latency_ms bigint not null,
  finish_reason text not null,
  code text not null,
  message text not null,
  day text not null,
  requested_at bigint not null,
  started_at bigint not null,
  ended_at bigint not null
);
create index {model_calls_by_run} on {model_calls} (run, seq);
create index {model_calls_by_owner} on {model_calls} (owner, seq);
create table {agents} (
  owner text primary key,
  seq bigint not null unique,
  persona text not null,
  phase_key text not null,
  role text not null
);
