/* Logs what a process does to the files of one folder, so that any power loss can be replayed afterwards.
 *
 * Loaded before libc (LD_PRELOAD). RIG_DIR is the folder, RIG_LOG the log, RIG_FAIL the number of the flush
 * that fails with EIO (none: 0). Each record is op (1 byte), handle (4), offset (8), length (4) and its bytes:
 * O open (bytes: path; offset 1: made, 2: emptied), W write, T truncate, S flush, X flush that failed,
 * U unlink (path), R rename (old NUL new). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FDS 65536
static pthread_mutex_t turn = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static const char *folder;
static int log_fd = -1, handles[FDS], opened, flushes, fail_at;
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void put(char op, int handle, int64_t offset, const void *bytes, uint32_t length) {
  char head[17];
  head[0] = op;
  memcpy(head + 1, &handle, 4), memcpy(head + 5, &offset, 8), memcpy(head + 13, &length, 4);
  __typeof__(&write) real = REAL(write);
  if (real(log_fd, head, 17) != 17 || real(log_fd, bytes, length) != (ssize_t)length) abort();
}

__attribute__((constructor)) static void start(void) {
  folder = getenv("RIG_DIR");
  fail_at = getenv("RIG_FAIL") ? atoi(getenv("RIG_FAIL")) : 0;
  if (folder) log_fd = REAL(open)(getenv("RIG_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int watched(const char *path) {
  size_t length = folder ? strlen(folder) : 0;
  return log_fd >= 0 && path && !strncmp(path, folder, length) && !strstr(path, "-shm") &&
         !strstr(path, "-lock");
}
static int handle_of(int fd) { return fd >= 0 && fd < FDS ? handles[fd] : 0; }

static int begin(int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode) {
  if (!watched(path)) return real(path, flags, mode);
  pthread_mutex_lock(&turn);
  int made = access(path, F_OK) != 0, fd = real(path, flags, mode), kept = errno;
  if (fd >= 0 && fd < FDS) {
    handles[fd] = ++opened;
    put('O', opened, made ? 1 : (flags & O_TRUNC) ? 2 : 0, path, strlen(path));
  }
  pthread_mutex_unlock(&turn);
  errno = kept;
  return fd;
}
#define OPEN(name)                                        \
  int name(const char *path, int flags, ...) {            \
    va_list more;                                         \
    va_start(more, flags);                                \
    mode_t mode = va_arg(more, mode_t);                   \
    va_end(more);                                         \
    return begin((int (*)(const char *, int, ...))REAL(name), path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  pthread_mutex_lock(&turn);
  if (fd >= 0 && fd < FDS) handles[fd] = 0;
  int result = REAL(close)(fd);
  pthread_mutex_unlock(&turn);
  return result;
}

ssize_t write(int fd, const void *bytes, size_t count) {
  int handle = handle_of(fd);
  if (!handle) return REAL(write)(fd, bytes, count);
  pthread_mutex_lock(&turn);
  ssize_t done = REAL(write)(fd, bytes, count);
  if (done > 0) put('W', handle, lseek(fd, 0, SEEK_CUR) - done, bytes, done);
  pthread_mutex_unlock(&turn);
  return done;
}

#define PWRITE(name, off)                                                \
  ssize_t name(int fd, const void *bytes, size_t count, off offset) {    \
    int handle = handle_of(fd);                                          \
    if (!handle) return REAL(name)(fd, bytes, count, offset);            \
    pthread_mutex_lock(&turn);                                           \
    ssize_t done = REAL(name)(fd, bytes, count, offset);                 \
    if (done > 0) put('W', handle, offset, bytes, done);                 \
    pthread_mutex_unlock(&turn);                                         \
    return done;                                                         \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define FTRUNCATE(name, off)                                             \
  int name(int fd, off length) {                                         \
    pthread_mutex_lock(&turn);                                           \
    int result = REAL(name)(fd, length);                                 \
    if (!result && handle_of(fd)) put('T', handle_of(fd), length, "", 0); \
    pthread_mutex_unlock(&turn);                                         \
    return result;                                                       \
  }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

/* A flush is counted and logged, not made: the replay decides what was on the disk. */
static int flush(int (*real)(int), int fd) {
  int handle = handle_of(fd), result = 0;
  if (!handle) return real(fd);
  pthread_mutex_lock(&turn);
  struct stat about;
  int file = !fstat(fd, &about) && S_ISREG(about.st_mode);
  if (file && ++flushes == fail_at) result = -1;
  put(result ? 'X' : 'S', handle, 0, "", 0);
  pthread_mutex_unlock(&turn);
  if (result) errno = EIO;
  return result;
}
int fsync(int fd) { return flush(REAL(fsync), fd); }
int fdatasync(int fd) { return flush(REAL(fdatasync), fd); }

int unlink(const char *path) {
  pthread_mutex_lock(&turn);
  int result = REAL(unlink)(path);
  if (!result && watched(path)) put('U', 0, 0, path, strlen(path));
  pthread_mutex_unlock(&turn);
  return result;
}

int rename(const char *from, const char *to) {
  pthread_mutex_lock(&turn);
  int result = REAL(rename)(from, to);
  if (!result && watched(to)) {
    char both[8192];
    size_t first = strlen(from) + 1, second = strlen(to);
    memcpy(both, from, first), memcpy(both + first, to, second);
    put('R', 0, 0, both, first + second);
  }
  pthread_mutex_unlock(&turn);
  return result;
}
