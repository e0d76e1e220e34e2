//! What a task can't reach.

use std::net::TcpListener;

use super::*;

/// A script that tries each line, and prints the number of those that were done.
fn tries(lines: &[&str]) -> String {
	let mut script = "import ctypes, glob, os, socket, subprocess, sys\ndone = []\n".to_owned();
	for line in lines {
		script.push_str(&format!(
			"try:\n\t{line}\n\tdone.append({line:?})\nexcept (OSError, ValueError) as error: pass\n"
		));
	}
	script + "print(done)"
}

/// Which of the lines were done.
async fn done(lines: &[&str], keys: &str) -> String {
	let bench = Bench::python(&tries(lines), keys);
	fs::write(bench.dir.join("secret"), "secret").unwrap();
	let manifest = bench.run(json!({"inputs": [{"name": "i", "text": "x"}]})).await.unwrap();
	printed(&manifest).to_owned()
}

#[tokio::test]
async fn files_outside_should_be_refused_when_a_task_reads_or_writes_them() {
	let lines = [
		"open('/etc/passwd')",
		"open('/etc/shadow')",
		"open('/proc/1/environ')",
		"open('/proc/self/status')",
		"open('/sys/kernel/notes', 'rb')",
		"os.listdir('/')",
		"os.listdir('/home')",
		"os.listdir('/root')",
		"os.listdir('..')",
		"os.listdir('.')",
		"open('../../../secret')",
		"open('task.json')",
		"open('logs/stdout')",
		"open('input/../../../../secret')",
		"os.symlink('/etc/passwd', 'work/link'); open('work/link')",
		"os.link('/etc/passwd', 'work/hard')",
		"open('/tmp/escaped', 'w')",
		"open('/dev/shm/escaped', 'w')",
		"open('escaped', 'w')",
		"open('input/i', 'w')",
		"open('input/new', 'w')",
		"open('script.py', 'w')",
		"os.rename('input/i', 'work/i')",
	];
	assert_eq!(done(&lines, "").await, "[]");
}

#[tokio::test]
async fn files_of_its_own_should_be_there_when_a_task_uses_them() {
	let lines = [
		"assert open('input/i').read() == 'x'",
		"open('work/a', 'w').write('1'); os.rename('work/a', 'output/a')",
		"os.mkdir('work/d')",
		"open('/dev/null', 'w')",
		"open('/dev/urandom', 'rb').read(1)",
	];
	assert_eq!(done(&lines, "").await.matches("\", \"").count() + 1, lines.len());
}

#[tokio::test]
async fn file_should_be_readable_when_the_owner_allows_it() {
	let lines = ["open('/etc/passwd')", "open('/etc/group')"];
	assert_eq!(done(&lines, "read = ['/etc/passwd']").await, "[\"open('/etc/passwd')\"]");
}

#[tokio::test]
async fn other_programs_should_be_refused_when_a_task_starts_them() {
	let lines = [
		"subprocess.run(['/bin/sh', '-c', 'true'])",
		"subprocess.run('true', shell=True)",
		"subprocess.run(['/usr/bin/wc'])",
		"os.execv('/bin/bash', ['bash'])",
		"open('work/x', 'w').write('#!/bin/sh\\n'); os.chmod('work/x', 0o755); os.execv('work/x', ['x'])",
	];
	assert_eq!(done(&lines, "").await, "[]");
	let lines = ["subprocess.run(['/usr/bin/wc'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)"];
	assert!(done(&lines, "execute = ['/usr/bin/wc']").await.contains("/usr/bin/wc"));
}

#[tokio::test]
async fn network_should_be_refused_when_the_entry_does_not_allow_it() {
	let server = TcpListener::bind("127.0.0.1:0").unwrap();
	server.set_nonblocking(true).unwrap();
	let address = server.local_addr().unwrap();
	let connect = format!("socket.create_connection(('127.0.0.1', {}), 5)", address.port());
	let lines = [
		connect.as_str(),
		"socket.create_connection(('8.8.8.8', 53), 2)",
		"socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
		"socket.socket(socket.AF_UNIX)",
		"socket.getaddrinfo('example.org', 80)",
	];
	assert_eq!(done(&lines, "").await, "[]");
	assert!(server.accept().is_err());
	assert!(done(&lines[..1], "network = true").await.contains("create_connection"));
	assert!(server.accept().is_ok());
}

#[tokio::test]
async fn sockets_of_this_machine_should_be_refused_when_the_network_is_allowed() {
	let lines = ["socket.socket(socket.AF_UNIX)", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"];
	assert_eq!(done(&lines, "network = true").await, "[]");
}

#[tokio::test]
async fn calls_should_be_refused_when_they_reach_past_the_sandbox() {
	// A call that is done gives 0 or more; the script's line fails then as division by nothing would not.
	let call = |number: &str| format!("assert ctypes.CDLL(None).syscall({number}) == -1");
	// ptrace, unshare of users, mount, io_uring_setup, bpf, on x86-64.
	let calls = ["101, 0, 0, 0, 0", "272, 0x10000000", "165, 0, 0, 0, 0, 0", "425, 1, 0", "321, 0, 0, 0"].map(call);
	let lines: Vec<&str> = calls.iter().map(String::as_str).collect();
	if cfg!(target_arch = "x86_64") {
		assert_eq!(done(&lines, "").await.matches("assert").count(), lines.len());
	}
	let lines = ["os.setuid(0) if os.getuid() else os.listdir('/none')", "os.nice(-5)", "os.setpriority(0, 0, -20)"];
	assert_eq!(done(&lines, "").await, "[]");
}

#[tokio::test]
async fn modes_and_times_should_stay_when_a_task_changes_them_by_path() {
	let script = "import os\n\
		os.close(os.open('work/x', os.O_CREAT | os.O_WRONLY, 0o600))\n\
		before = os.stat('work/x')\n\
		os.chmod('work/x', 0o777)\n\
		os.utime('work/x', (1, 1))\n\
		after = os.stat('work/x')\n\
		print(before.st_mode == after.st_mode, before.st_mtime_ns == after.st_mtime_ns)";
	assert_eq!(printed(&Bench::python(script, "").plain().await.unwrap()), "True True");
}

#[tokio::test]
async fn others_should_live_when_a_task_kills_all_that_it_can() {
	let script = "import os, signal\n\
		print(os.getpid())\n\
		try: os.kill(-1, signal.SIGKILL)\n\
		except ProcessLookupError: print('nobody')\n\
		os.kill(1, signal.SIGKILL)\n\
		print('alive')";
	let manifest = Bench::python(script, "").plain().await.unwrap();
	// Its numbers begin anew: it is the second process of its world, and the first, which keeps it, can't be killed.
	assert_eq!(printed(&manifest), "2\nnobody\nalive");
	let manifest = Bench::python("import os, signal; os.killpg(0, signal.SIGTERM)", "").plain().await.unwrap();
	assert_eq!(manifest.signal, Some(15));
}
