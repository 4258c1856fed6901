create table {approvals} (
  approval text primary key,
  seq bigint not null unique,
  run text not null,
  session text not null,
  kind text not null,
  state text not null,
  phase_key text not null,
  asker text not null,
  subject text not null,
  round bigint not null,
  question text not null,
  content text not null,
  content_sha256 text not null,
  content_bytes bigint not null,
  amount bigint not null,
  decided_by text not null,
  comment text not null,
  requested_at bigint not null,
  expires_at bigint not null,
  decided_at bigint not null
);
create index {approvals_by_run} on {approvals} (run, seq);
create index {approvals_by_session} on {approvals} (session, seq);
create index {approvals_by_state} on {approvals} (state, seq);
