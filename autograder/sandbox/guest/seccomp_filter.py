"""The seccomp filter: the system calls that Python, NumPy, PyTorch and ordinary programs make, and no others."""

from __future__ import annotations

import errno

from autograder.sandbox.guest.libseccomp import ALLOW, EQUAL, MASKED_EQUAL, Comparison, Filter, refuse

ALLOWED = """
accept accept4 access alarm arch_prctl brk capget chdir chmod chown clock_getres clock_gettime clock_nanosleep close
close_range copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait
eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 fallocate fchdir fchmod fchmodat
fchmodat2 fchown fchownat fdatasync fgetxattr flistxattr fork fstat fstatfs fsync ftruncate futex futex_requeue
futex_wait futex_waitv futex_wake futimesat get_mempolicy get_robust_list getcpu getcwd getdents getdents64 getegid
geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid
getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getxattr ioctl ioprio_get lchown lgetxattr
link linkat listen listxattr llistxattr lseek lstat madvise map_shadow_stack membarrier mincore mkdir mkdirat mprotect
mremap mseal msync munlock munmap nanosleep newfstatat open openat openat2 pause pipe pipe2 pkey_alloc pkey_free
pkey_mprotect poll ppoll pread64 preadv preadv2 prlimit64 pselect6 pwrite64 pwritev pwritev2 read readahead readlink
readlinkat readv recvfrom recvmmsg recvmsg rename renameat renameat2 restart_syscall riscv_flush_icache riscv_hwprobe
rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait sched_get_priority_max
sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_setaffinity sched_yield
select sendfile sendmmsg sendmsg sendto set_robust_list set_tid_address setitimer setpgid setpriority setrlimit
setsockopt shutdown sigaltstack signalfd signalfd4 splice stat statfs statx symlink symlinkat sync_file_range sysinfo
tee time timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime
timerfd_settime times truncate umask uname unlink unlinkat utime utimensat utimes vfork wait4 waitid write writev
""".split()  # noqa: SIM905
#: Allowed where a pid namespace ends what they start and hides what they could reach.
OWN_PIDS = ["kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"]
OWN_WORLD = ["setsid", "connect", "bind"]
#: What `fcntl` may do. Missing are the commands by which two sessions could see each other on a file that both read:
#: F_GETLK, the locks of open file descriptions (/proc/locks shows them to everybody), leases, and notes on directories.
#: Record locks are left, for databases in the scratch; on what is read-only they can only be shared, and tell nothing.
FCNTL = {
    "F_DUPFD": 0,
    "F_GETFD": 1,
    "F_SETFD": 2,
    "F_GETFL": 3,
    "F_SETFL": 4,
    "F_SETLK": 6,
    "F_SETLKW": 7,
    "F_SETOWN": 8,
    "F_GETOWN": 9,
    "F_DUPFD_QUERY": 1027,
    "F_DUPFD_CLOEXEC": 1030,
    "F_SETPIPE_SZ": 1031,
    "F_GETPIPE_SZ": 1032,
}
#: What `prctl` may do. PR_SET_DUMPABLE is missing: a process that hides its /proc from the grader could not be counted.
PRCTL = {
    "PR_SET_PDEATHSIG": 1,
    "PR_GET_PDEATHSIG": 2,
    "PR_GET_DUMPABLE": 3,
    "PR_SET_NAME": 15,
    "PR_GET_NAME": 16,
    "PR_GET_SECCOMP": 21,
    "PR_SET_SECCOMP": 22,
    "PR_CAPBSET_READ": 23,
    "PR_SET_TIMERSLACK": 29,
    "PR_SET_CHILD_SUBREAPER": 36,
    "PR_GET_CHILD_SUBREAPER": 37,
    "PR_SET_NO_NEW_PRIVS": 38,
    "PR_GET_NO_NEW_PRIVS": 39,
    "PR_GET_TID_ADDRESS": 40,
    "PR_SET_THP_DISABLE": 41,
    "PR_GET_THP_DISABLE": 42,
    "PR_SET_VMA": 0x53564D41,
}

_NEW_NAMESPACES = 0x7E020080  # every CLONE_NEW flag
_AF_UNIX, _SOCK_STREAM, _TYPE_MASK = 1, 1, 0xF
_MAP_SHARED, _MAP_ANONYMOUS = 0x01, 0x20


def compile_filter(*, namespaces: bool, signals_scoped: bool) -> bytes:
    """The filter as a program for the kernel.

    namespaces : whether the session has its own processes, files and network; without, `connect` is refused, because a
        socket in the file system, such as a container engine's, could be reached by its path, and `bind`, because the
        session beside it would find the name taken.
    signals_scoped : whether signals to others are stopped elsewhere; without, they are refused here.
    """
    rules = Filter(refuse(errno.EPERM))
    names = ALLOWED + (OWN_WORLD if namespaces else []) + (OWN_PIDS if signals_scoped else [])
    for name in names:
        rules.add(ALLOW, name)
    rules.add(ALLOW, "clone", Comparison(0, MASKED_EQUAL, _NEW_NAMESPACES, 0))
    for command in FCNTL.values():
        rules.add(ALLOW, "fcntl", Comparison(1, EQUAL, command))
    # memory that is shared and has no file is in no process's account: what is mapped of it says little of what is held
    for kind in (0, _MAP_SHARED, _MAP_ANONYMOUS):
        rules.add(ALLOW, "mmap", Comparison(3, MASKED_EQUAL, _MAP_SHARED | _MAP_ANONYMOUS, kind))
    for option in PRCTL.values():
        rules.add(ALLOW, "prctl", Comparison(0, MASKED_EQUAL, 0xFFFFFFFF, option))
    for name in ("socket", "socketpair"):
        stream = [] if namespaces else [Comparison(1, MASKED_EQUAL, _TYPE_MASK, _SOCK_STREAM)]
        rules.add(ALLOW, name, Comparison(0, EQUAL, _AF_UNIX), *stream)
    for name in ("clone3", "memfd_create", "io_uring_setup", "flock"):  # callers have an older way and try it on ENOSYS
        rules.add(refuse(errno.ENOSYS), name)
    program = rules.program()
    rules.release()
    return program
