//! What the kernel is told to forbid: landlock for files, and calls that no task needs.

use std::{collections::BTreeMap, env::consts::ARCH, path::PathBuf};

use anyhow::{ensure, Context};
use landlock::{
	path_beneath_rules, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr,
	RulesetCreatedAttr, RulesetStatus, Scope, ABI,
};
use seccompiler::{
	apply_filter, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
	SeccompRule,
};

use super::Spec;
use crate::task::workspace::{INPUT, OUTPUT, WORK};

/// The script of a Python task, in its workspace.
pub(in crate::task) const SCRIPT: &str = "script.py";

/// The newest rights that are asked for; older kernels know fewer.
const NEWEST: ABI = ABI::V6;

/// `fchmodat2`, which has this number on every architecture.
const FCHMODAT2: libc::c_long = 452;

/// Programs and libraries of the system.
const SYSTEM: [&str; 6] = ["/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/ld.so.conf.d"];

/// What names and certificates need.
const NETWORK: [&str; 6] =
	["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/ssl"];

/// What the kernel starts a program with.
const LOADERS: [&str; 4] = [
	"/lib64/ld-linux-x86-64.so.2",
	"/lib/ld-linux-aarch64.so.1",
	"/lib/ld-musl-x86_64.so.1",
	"/lib/ld-musl-aarch64.so.1",
];

/// Files of this process and its children: the system's libraries, and the workspace; of these only the program itself
/// and what the owner names can be started, so no shell.
pub(super) fn restrict(spec: &Spec) -> anyhow::Result<()> {
	let read = AccessFs::ReadFile | AccessFs::ReadDir;
	let execute = AccessFs::Execute | AccessFs::ReadFile | AccessFs::ReadDir;
	let special: BitFlags<AccessFs> =
		AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::MakeSock | AccessFs::IoctlDev;
	let write = AccessFs::from_all(NEWEST) & !special;
	let network: &[&str] = if spec.network { &NETWORK } else { &[] };
	let program = spec.command.first().map(PathBuf::from);

	let mut rules = Ruleset::default()
		// The oldest kernel that has it at all, and with it what can't be done without.
		.set_compatibility(CompatLevel::HardRequirement)
		.handle_access(AccessFs::from_all(ABI::V1))
		.context("the kernel has no landlock")?
		.set_compatibility(CompatLevel::BestEffort)
		.handle_access(AccessFs::from_all(NEWEST))?
		.scope(Scope::from_all(NEWEST))?;
	if !spec.network {
		rules = rules.handle_access(AccessNet::from_all(NEWEST))?;
	}
	let status = rules
		.create()?
		.add_rules(path_beneath_rules(SYSTEM.iter().chain(network), read))?
		.add_rules(path_beneath_rules(["/dev/random", "/dev/urandom", "/dev/zero"], AccessFs::ReadFile))?
		.add_rules(path_beneath_rules(["/dev/null", "/dev/full"], AccessFs::ReadFile | AccessFs::WriteFile))?
		.add_rules(path_beneath_rules([INPUT, SCRIPT], read))?
		.add_rules(path_beneath_rules(&spec.read, read))?
		.add_rules(path_beneath_rules([WORK, OUTPUT], write))?
		.add_rules(path_beneath_rules(LOADERS, execute))?
		.add_rules(path_beneath_rules(program.iter().chain(&spec.execute), execute))?
		.restrict_self()?;
	ensure!(status.ruleset != RulesetStatus::NotEnforced && status.no_new_privs, "landlock is not enforced");
	Ok(())
}

/// Calls that reach past files and namespaces fail from here on.
pub(super) fn forbid_calls(network: bool) -> anyhow::Result<()> {
	let mut rules: BTreeMap<i64, Vec<SeccompRule>> = [
		libc::SYS_add_key,
		libc::SYS_bpf,
		libc::SYS_io_uring_enter,
		libc::SYS_io_uring_register,
		libc::SYS_io_uring_setup,
		libc::SYS_keyctl,
		libc::SYS_mount,
		libc::SYS_perf_event_open,
		libc::SYS_pidfd_getfd,
		libc::SYS_process_vm_readv,
		libc::SYS_process_vm_writev,
		libc::SYS_ptrace,
		libc::SYS_request_key,
		libc::SYS_setns,
		libc::SYS_unshare,
		libc::SYS_userfaultfd,
	]
	.into_iter()
	.map(|call| (call, Vec::new()))
	.collect();
	// Sockets in the file system are in no namespace: a server of this machine could be asked for a favour.
	let internet = |family: libc::c_int| {
		let family = u64::from(family.unsigned_abs());
		SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, family)
	};
	let sockets = match network {
		true => vec![SeccompRule::new(vec![internet(libc::AF_INET)?, internet(libc::AF_INET6)?])?],
		false => Vec::new(),
	};
	rules.insert(libc::SYS_socket, sockets);
	refuse(rules, libc::EPERM)?;
	// Landlock does not know of modes, owners and times, and where the miner is no root its own files are the task's too.
	// Programs change those of their own files all the time, so that this is not told as an error.
	let mut by_path: BTreeMap<i64, Vec<SeccompRule>> = [
		libc::SYS_fchmodat,
		FCHMODAT2,
		libc::SYS_fchownat,
		libc::SYS_lremovexattr,
		libc::SYS_lsetxattr,
		libc::SYS_removexattr,
		libc::SYS_setxattr,
		#[cfg(target_arch = "x86_64")]
		libc::SYS_chmod,
		#[cfg(target_arch = "x86_64")]
		libc::SYS_chown,
		#[cfg(target_arch = "x86_64")]
		libc::SYS_lchown,
		#[cfg(target_arch = "x86_64")]
		libc::SYS_utime,
		#[cfg(target_arch = "x86_64")]
		libc::SYS_utimes,
		#[cfg(target_arch = "x86_64")]
		libc::SYS_futimesat,
	]
	.into_iter()
	.map(|call| (call, Vec::new()))
	.collect();
	// Without a path it is about an open file.
	let path = SeccompCondition::new(1, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?;
	by_path.insert(libc::SYS_utimensat, vec![SeccompRule::new(vec![path])?]);
	refuse(by_path, 0)
}

/// Calls that meet a rule return this error from here on, and do nothing.
fn refuse(rules: BTreeMap<i64, Vec<SeccompRule>>, error: libc::c_int) -> anyhow::Result<()> {
	let refused = SeccompAction::Errno(error.unsigned_abs());
	let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, ARCH.try_into()?)?;
	let program: BpfProgram = filter.try_into()?;
	apply_filter(&program)?;
	Ok(())
}
