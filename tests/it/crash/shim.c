/* Stands between the program and libc (LD_PRELOAD). It counts, over all threads of the process, the calls of eight kinds
 * that touch files below one folder, and does one thing to the N-th call of one kind: it fails it, or kills the process
 * before, in the middle of or after its effect. Counters live in a mapped file, so that they outlive the process.
 *
 *   CRASH_ROOT    folder, without symbolic links in it and without a slash at the end
 *   CRASH_COUNTS  file of 11 numbers of 8 bytes: a count for each kind, how often a fault came, whether the disk is full,
 *                 which of the first 64 renames decide (a bit each)
 *   CRASH_KIND    number of the kind, in the order of `enum kind`
 *   CRASH_AT      which call of that kind, from 1; 0 only counts
 *   CRASH_HOW     number of what happens, in the order of `enum how`
 *   CRASH_AHEAD   seconds that the wall clock is ahead, as if they had been waited for; may stand alone
 *
 * It sees what goes through libc, which is what Rust's standard library and SQLite do; a test compares its counts with
 * those of strace. Errors of the shim itself end the process with code 97. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { WRITE, SYNC, RENAME, UNLINK, TRUNCATE, CREATE, MAKE_FOLDER, MODE, KINDS };
enum how { NOTHING, FAIL, DISK_FULL, KILL_BEFORE, KILL_WITHIN, KILL_AFTER };
enum { FAULTS = KINDS, FULL, DECIDING, NUMBERS };

static uint64_t *numbers;
static char root[4096];
static size_t root_length;
static int wanted_kind, wanted_how;
static uint64_t wanted_at;
static time_t ahead;
/* Whether the name that is about to be given is one after which something has happened. */
static __thread int decides;

static void give_up(const char *why) {
    fprintf(stderr, "shim: %s: %s\n", why, strerror(errno));
    _exit(97);
}

static long number(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

__attribute__((constructor)) static void begin(void) {
    ahead = (time_t)number("CRASH_AHEAD");
    const char *folder = getenv("CRASH_ROOT"), *counts = getenv("CRASH_COUNTS");
    if (!folder || !counts) return;
    long file = syscall(SYS_openat, AT_FDCWD, counts, O_RDWR | O_CLOEXEC);
    if (file < 0) give_up(counts);
    void *mapped = mmap(NULL, NUMBERS * sizeof *numbers, PROT_READ | PROT_WRITE, MAP_SHARED, (int)file, 0);
    if (mapped == MAP_FAILED) give_up(counts);
    syscall(SYS_close, file);
    root_length = strlen(folder);
    if (root_length >= sizeof root) give_up("CRASH_ROOT is too long");
    memcpy(root, folder, root_length + 1);
    wanted_kind = (int)number("CRASH_KIND");
    wanted_at = (uint64_t)number("CRASH_AT");
    wanted_how = (int)number("CRASH_HOW");
    numbers = mapped;
}

static int is_below(const char *path) {
    return strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

/* Whether an open file lies below the folder; a removed one still counts, pipes and sockets do not. */
static int open_below(int file) {
    char link[64], path[4096 + 16];
    if (!numbers || file < 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

/* Whether a path, as seen from an open folder or from where the process stands, lies below the folder. */
static int path_below(int folder, const char *path) {
    char link[64], whole[4096 * 2 + 32];
    if (!numbers || !path) return 0;
    if (path[0] == '/') return is_below(path);
    if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, whole, 4096);
    if (length < 0) return 0;
    snprintf(whole + length, sizeof whole - (size_t)length, "/%s", path);
    return is_below(whole);
}

static int ends(const char *path, const char *with) {
    size_t all = strlen(path), end = strlen(with);
    return all >= end && strcmp(path + all - end, with) == 0;
}

/* The same for a name that is given; notes whether it is that of a log object, a database or a backup. */
static int target_below(int folder, const char *path) {
    if (!path_below(folder, path)) return 0;
    decides = strstr(path, "/log/") || ends(path, "/countersign.db") || ends(path, "/saved");
    return 1;
}

static void die(void) {
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;) pause();
}

/* Counts a call and says what shall happen to it. */
static enum how decide(enum kind kind) {
    uint64_t count = __atomic_add_fetch(&numbers[kind], 1, __ATOMIC_SEQ_CST);
    if (kind == RENAME && decides && count <= 64)
        __atomic_or_fetch(&numbers[DECIDING], UINT64_C(1) << (count - 1), __ATOMIC_SEQ_CST);
    int takes_space = kind == WRITE || kind == TRUNCATE || kind == CREATE || kind == MAKE_FOLDER;
    if (takes_space && __atomic_load_n(&numbers[FULL], __ATOMIC_SEQ_CST)) return DISK_FULL;
    if ((int)kind != wanted_kind || count != wanted_at || wanted_how == NOTHING) return NOTHING;
    __atomic_add_fetch(&numbers[FAULTS], 1, __ATOMIC_SEQ_CST);
    if (wanted_how == DISK_FULL) __atomic_store_n(&numbers[FULL], 1, __ATOMIC_SEQ_CST);
    return (enum how)wanted_how;
}

/* libc's own function of that name, as `real`. */
#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real && !(real = (__typeof__(&name))dlsym(RTLD_NEXT, #name))) give_up(#name)

/* One call of a kind: `below` says whether it counts, `call` does it, `half` does a part of it. */
#define TORN_CALL(result, kind, below, call, half) \
    do { \
        enum how how = (below) ? decide(kind) : NOTHING; \
        if (how == FAIL || how == DISK_FULL) { errno = how == FAIL ? EIO : ENOSPC; return -1; } \
        if (how == KILL_BEFORE) die(); \
        if (how == KILL_WITHIN) { (void)!(half); die(); } \
        result done = (call); \
        if (how == KILL_AFTER) die(); \
        return done; \
    } while (0)
/* A call without parts is killed before its effect instead of within it. */
#define CALL(result, kind, below, call) TORN_CALL(result, kind, below, call, 0)

#define DEFINE_WRITE(name, offset_type) \
    ssize_t name(int file, const void *bytes, size_t size, offset_type at) { \
        REAL(name); \
        TORN_CALL(ssize_t, WRITE, open_below(file), real(file, bytes, size, at), real(file, bytes, size / 2, at)); \
    }
DEFINE_WRITE(pwrite, off_t)
DEFINE_WRITE(pwrite64, off64_t)

ssize_t write(int file, const void *bytes, size_t size) {
    REAL(write);
    TORN_CALL(ssize_t, WRITE, open_below(file), real(file, bytes, size), real(file, bytes, size / 2));
}
ssize_t writev(int file, const struct iovec *parts, int many) {
    REAL(writev);
    TORN_CALL(ssize_t, WRITE, open_below(file), real(file, parts, many), real(file, parts, many / 2));
}
#define DEFINE_WRITE_PARTS(name, offset_type) \
    ssize_t name(int file, const struct iovec *parts, int many, offset_type at) { \
        REAL(name); \
        TORN_CALL(ssize_t, WRITE, open_below(file), real(file, parts, many, at), real(file, parts, many / 2, at)); \
    }
DEFINE_WRITE_PARTS(pwritev, off_t)
DEFINE_WRITE_PARTS(pwritev64, off64_t)
ssize_t copy_file_range(int from, off64_t *start, int to, off64_t *at, size_t size, unsigned flags) {
    REAL(copy_file_range);
    CALL(ssize_t, WRITE, open_below(to), real(from, start, to, at, size, flags));
}
#define DEFINE_SEND(name, offset_type) \
    ssize_t name(int to, int from, offset_type *at, size_t size) { \
        REAL(name); \
        CALL(ssize_t, WRITE, open_below(to), real(to, from, at, size)); \
    }
DEFINE_SEND(sendfile, off_t)
DEFINE_SEND(sendfile64, off64_t)

int fsync(int file) {
    REAL(fsync);
    CALL(int, SYNC, open_below(file), real(file));
}
int fdatasync(int file) {
    REAL(fdatasync);
    CALL(int, SYNC, open_below(file), real(file));
}

int rename(const char *from, const char *to) {
    REAL(rename);
    CALL(int, RENAME, target_below(AT_FDCWD, to), real(from, to));
}
int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    REAL(renameat);
    CALL(int, RENAME, target_below(to_folder, to), real(from_folder, from, to_folder, to));
}
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    REAL(renameat2);
    CALL(int, RENAME, target_below(to_folder, to), real(from_folder, from, to_folder, to, flags));
}
int link(const char *from, const char *to) {
    REAL(link);
    CALL(int, RENAME, target_below(AT_FDCWD, to), real(from, to));
}
int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    REAL(linkat);
    CALL(int, RENAME, target_below(to_folder, to), real(from_folder, from, to_folder, to, flags));
}

int unlink(const char *path) {
    REAL(unlink);
    CALL(int, UNLINK, path_below(AT_FDCWD, path), real(path));
}
int unlinkat(int folder, const char *path, int flags) {
    REAL(unlinkat);
    CALL(int, UNLINK, path_below(folder, path), real(folder, path, flags));
}
int rmdir(const char *path) {
    REAL(rmdir);
    CALL(int, UNLINK, path_below(AT_FDCWD, path), real(path));
}

#define DEFINE_TRUNCATE(name, offset_type) \
    int name(int file, offset_type size) { \
        REAL(name); \
        CALL(int, TRUNCATE, open_below(file), real(file, size)); \
    }
DEFINE_TRUNCATE(ftruncate, off_t)
DEFINE_TRUNCATE(ftruncate64, off64_t)
#define DEFINE_ALLOCATE(name, offset_type) \
    int name(int file, int mode, offset_type at, offset_type size) { \
        REAL(name); \
        CALL(int, TRUNCATE, open_below(file), real(file, mode, at, size)); \
    }
DEFINE_ALLOCATE(fallocate, off_t)
DEFINE_ALLOCATE(fallocate64, off64_t)

/* Opening counts where it may create a file. */
#define OPEN(folder, ...) \
    mode_t mode = 0; \
    int creates = (flags & O_CREAT) != 0; \
    if (creates || (flags & O_TMPFILE) == O_TMPFILE) { \
        va_list more; \
        va_start(more, flags); \
        mode = va_arg(more, mode_t); \
        va_end(more); \
    } \
    CALL(int, CREATE, creates && path_below(folder, path), real(__VA_ARGS__, mode))
int open(const char *path, int flags, ...) {
    REAL(open);
    OPEN(AT_FDCWD, path, flags);
}
int open64(const char *path, int flags, ...) {
    REAL(open64);
    OPEN(AT_FDCWD, path, flags);
}
int openat(int folder, const char *path, int flags, ...) {
    REAL(openat);
    OPEN(folder, folder, path, flags);
}
int openat64(int folder, const char *path, int flags, ...) {
    REAL(openat64);
    OPEN(folder, folder, path, flags);
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    CALL(int, MAKE_FOLDER, path_below(AT_FDCWD, path), real(path, mode));
}
int mkdirat(int folder, const char *path, mode_t mode) {
    REAL(mkdirat);
    CALL(int, MAKE_FOLDER, path_below(folder, path), real(folder, path, mode));
}

int chmod(const char *path, mode_t mode) {
    REAL(chmod);
    CALL(int, MODE, path_below(AT_FDCWD, path), real(path, mode));
}
int fchmod(int file, mode_t mode) {
    REAL(fchmod);
    CALL(int, MODE, open_below(file), real(file, mode));
}
int fchmodat(int folder, const char *path, mode_t mode, int flags) {
    REAL(fchmodat);
    CALL(int, MODE, path_below(folder, path), real(folder, path, mode, flags));
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    REAL(clock_gettime);
    int done = real(clock, time);
    if (done == 0 && clock == CLOCK_REALTIME) time->tv_sec += ahead;
    return done;
}
