//go:build linux

package deploy

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"edgeframe/internal/testenv"
)

// confinedVar is set in the process that confines itself and then becomes the program of its arguments. Its value
// has the numbers of the system calls that the program may make.
const confinedVar = "EDGEFRAME_DEPLOY_TEST_CALLS"

// rootVar has the root directory of that process, empty for the one that it has.
const rootVar = "EDGEFRAME_DEPLOY_TEST_ROOT"

// nobody is the user and the group of the image.
const nobody = 65532

func TestMain(m *testing.M) {
	calls, confined := os.LookupEnv(confinedVar)
	if !confined {
		os.Exit(m.Run())
	}
	err := becomeConfined(strings.Fields(calls), os.Args[1:])
	fmt.Fprintln(os.Stderr, "confine:", err)
	os.Exit(1)
}

// becomeConfined takes away the root directory, the user, all capabilities, new privileges, memory that is written and executed, and the other
// system calls, as the unit does, and then starts the program. A filter is one of the thread that sets it.
func becomeConfined(calls, args []string) error {
	runtime.LockOSThread()
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the call
	}
	for _, call := range calls {
		number, err := strconv.ParseUint(call, 10, 32)
		if err != nil {
			return err
		}
		program = append(program,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(number), Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	}
	program = append(program, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)})
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}

	if root := os.Getenv(rootVar); root != "" {
		if err := cmp.Or(syscall.Chroot(root), syscall.Chdir("/"), syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	// Kernels before 6.3 do not know it.
	if err := unix.Prctl(unix.PR_SET_MDWE, unix.PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&filter)), 0, 0); err != nil {
		return err
	}
	environ := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "EDGEFRAME_DEPLOY_TEST_") })
	return syscall.Exec(args[0], args, environ)
}

// TestAConfinedProgramIsConfined checks the confinement itself: a call that is not in the list fails.
func TestAConfinedProgramIsConfined(t *testing.T) {
	calls := numbers(t, systemCalls(t, "@system-service"))
	for _, test := range []struct {
		without string
		want    bool
	}{{"", true}, {"uname", false}} {
		allowed := slices.Clone(calls)
		if test.without != "" {
			allowed = slices.DeleteFunc(allowed, func(n string) bool { return n == numbers(t, []string{test.without})[0] })
		}
		cmd := exec.Command(os.Args[0], "/bin/uname")
		cmd.Env = []string{confinedVar + "=" + strings.Join(allowed, " ")}
		out, err := cmd.CombinedOutput()
		if (err == nil) != test.want {
			t.Errorf("without %q: %v %s", test.without, err, out)
		}
	}
}

// TestTheUnitServesUnderItsOwnRestrictions runs the program in an empty root that is not its own, but for the
// directory of the store, as another user, without capabilities, and with no other system calls than the unit
// allows.
func TestTheUnitServesUnderItsOwnRestrictions(t *testing.T) {
	unit := readUnit(t)
	var calls []string
	for _, filter := range unit["SystemCallFilter"] {
		denied := strings.HasPrefix(filter, "~")
		for _, name := range strings.Fields(strings.TrimPrefix(filter, "~")) {
			group := systemCalls(t, name)
			if !denied {
				calls = append(calls, group...)
			} else {
				calls = slices.DeleteFunc(calls, func(call string) bool { return slices.Contains(group, call) })
			}
		}
	}
	if len(calls) < 200 || !slices.Contains(calls, "openat") || slices.Contains(calls, "mount") || slices.Contains(calls, "chroot") {
		t.Fatalf("the unit allows %v", calls)
	}
	program, state := unit["ExecStart"][0], "/var/lib/"+unit["StateDirectory"][0]
	root := emptyRoot(t, program, state)
	cmd := exec.Command(os.Args[0], program)
	serves(t, cmd, confinedVar+"="+strings.Join(numbers(t, calls), " "), rootVar+"="+root, "STORAGE_DIR="+state)
}

// serves starts the program and uses it. It must be the user nobody, without capabilities.
func serves(t *testing.T, cmd *exec.Cmd, env ...string) {
	t.Helper()
	s := testenv.StartCommand(t, cmd, env...)
	useSession(t, s.URL)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"Uid:\t65532\t65532\t65532\t65532", "CapEff:\t0000000000000000"} {
		if !strings.Contains(string(status), line) {
			t.Errorf("the process does not have %q:\n%s", line, status)
		}
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, s.Logs())
	}
}

// systemCalls returns the names of the system calls of a group of systemd, such as @system-service.
func systemCalls(t *testing.T, name string) (calls []string) {
	t.Helper()
	if !strings.HasPrefix(name, "@") {
		return []string{name}
	}
	out, err := exec.Command("systemd-analyze", "syscall-filter", "--no-pager", name).Output()
	if err != nil {
		t.Fatalf("%s: %v; make test installs systemd-analyze", name, err)
	}
	for line := range strings.Lines(string(out)) {
		if entry := strings.TrimSpace(line); strings.HasPrefix(line, " ") && !strings.HasPrefix(entry, "#") && entry != "" {
			calls = append(calls, systemCalls(t, entry)...)
		}
	}
	return calls
}

// numbers returns the numbers of system calls on this machine. Calls of other machines have none.
func numbers(t *testing.T, calls []string) (numbers []string) {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/sys").Output()
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "unix", "zsysnum_linux_"+runtime.GOARCH+".go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile(`(?m)^\s*SYS_(\w+)\s*=\s*(\d+)$`).FindAllStringSubmatch(string(table), -1) {
		if slices.Contains(calls, strings.ToLower(match[1])) {
			numbers = append(numbers, match[2])
		}
	}
	return numbers
}
