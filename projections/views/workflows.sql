create table {workflows} (
  hash text primary key,
  seq bigint not null unique,
  workflow text not null,
  definition text not null,
  runs bigint not null,
  first_used_at bigint not null,
  last_used_at bigint not null
);
