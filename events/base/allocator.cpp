// How the process's allocator, jemalloc, is set up. Linked into executables as an object: it is
// found by its name. An arena a processor: commands are made on one thread and freed on another, as
// is most of what the committer gets. Memory that is free for a second goes back to the system, so
// that what a thousand runs took does not stay.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf =
    "percpu_arena:percpu,background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";
}
