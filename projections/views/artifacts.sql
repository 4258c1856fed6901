create table {artifacts} (
  artifact text primary key,
  seq bigint not null unique,
  run text not null,
  phase text not null,
  phase_key text not null,
  path text not null,
  sha256 text not null,
  size bigint not null,
  state text not null,
  schema_ref text not null,
  code text not null,
  findings text not null,
  written_at bigint not null,
  updated_at bigint not null
);
create index {artifacts_by_run} on {artifacts} (run, seq);
create table {artifact_phases} (
  phase text primary key,
  seq bigint not null unique,
  phase_key text not null,
  schema_ref text not null
);
