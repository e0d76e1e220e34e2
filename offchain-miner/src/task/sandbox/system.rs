//! System calls that no library of ours offers. Linux only, as all of the sandbox.
#![allow(unsafe_code)]

use std::{fs, io, process};

/// Leaves for namespaces of its own: of users, processes and inter-process communication, and of the network unless it
/// may be used. The next child is the first process of the new one. Users keep their numbers.
pub(super) fn leave(network: bool) -> io::Result<()> {
	let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
	let network = if network { 0 } else { libc::CLONE_NEWNET };
	let flags = libc::CLONE_NEWUSER | libc::CLONE_NEWPID | libc::CLONE_NEWIPC | network;
	// SAFETY: no memory is passed, and none of the flags unshares anything that Rust relies on.
	if unsafe { libc::unshare(flags) } != 0 {
		return Err(io::Error::last_os_error());
	}
	fs::write("/proc/self/setgroups", "deny")?;
	fs::write("/proc/self/uid_map", format!("{0} {0} 1", user.as_raw()))?;
	fs::write("/proc/self/gid_map", format!("{0} {0} 1", group.as_raw()))?;
	// Inside of them there are no more namespaces to be had. Where it can't be written that is one hurdle less.
	let _ = fs::write("/proc/sys/user/max_user_namespaces", "0");
	Ok(())
}

/// Lets other programs read and write first.
pub(super) fn step_back() -> io::Result<()> {
	const WHO_PROCESS: libc::c_int = 1;
	const LAST_OF_BEST_EFFORT: libc::c_int = (2 << 13) | 7;
	let who = libc::c_long::from(process::id());
	// SAFETY: the call takes three numbers and no memory.
	let done = unsafe {
		libc::syscall(
			libc::SYS_ioprio_set,
			libc::c_long::from(WHO_PROCESS),
			who,
			libc::c_long::from(LAST_OF_BEST_EFFORT),
		)
	};
	if done == 0 {
		return Ok(());
	}
	Err(io::Error::last_os_error())
}
