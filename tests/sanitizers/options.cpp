// What the sanitizers are told, in every program of the asan preset: also in workers that tests start with an
// environment of their own. ASAN_OPTIONS, LSAN_OPTIONS and UBSAN_OPTIONS of the environment come on top.

extern "C" {

const char* __asan_default_options();
const char* __lsan_default_options();
const char* __lsan_default_suppressions();
const char* __ubsan_default_options();

// A finding ends the program with code 86, which no program of this project uses, so that a test that expects a failure
// does not take it for one. detect_odr_violation=0: libtorch and its libraries hold several copies of the same globals.
// allocator_may_return_null: malloc() of too much fails, as without sanitizers; operator new still ends the program.
const char* __asan_default_options() {
    return "exitcode=86:detect_stack_use_after_return=1:strict_init_order=1:check_initialization_order=1:"
           "detect_odr_violation=0:allocator_may_return_null=1:max_allocation_size_mb=8192";
}

const char* __lsan_default_options() { return "exitcode=86:print_suppressions=0"; }

// CPython, libtorch and oneDNN keep what they allocate once until the process ends.
const char* __lsan_default_suppressions() {
    return "leak:libpython\n"
           "leak:libtorch\n"
           "leak:libc10\n"
           "leak:libgomp\n";
}

const char* __ubsan_default_options() { return "halt_on_error=1:exitcode=86:print_stacktrace=1"; }
}
