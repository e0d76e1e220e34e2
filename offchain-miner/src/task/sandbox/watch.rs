//! The memory of a task's processes.

use std::{collections::BTreeMap, fs};

/// Bytes of resident memory of a process and all its descendants. Pages that processes share count for each. A process
/// that is gone, or can't be read, counts as nothing.
pub(super) fn resident(root: u32) -> u64 {
	let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
	for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
		let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
		if let Some(parent) = parent(pid) {
			children.entry(parent).or_default().push(pid);
		}
	}
	let (mut open, mut total) = (vec![root], 0u64);
	// Each process is in one list only, so that this ends even if numbers were given anew meanwhile.
	while let Some(pid) = open.pop() {
		total = total.saturating_add(own(pid));
		open.extend(children.remove(&pid).unwrap_or_default());
	}
	total
}

fn parent(pid: u32) -> Option<u32> {
	let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
	// The name, in brackets, may have spaces and brackets; then the state and the parent.
	text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn own(pid: u32) -> u64 {
	let kilobytes = || -> Option<u64> {
		let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
		text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
	};
	kilobytes().unwrap_or_default().saturating_mul(1_024)
}

#[cfg(test)]
mod tests {
	use std::process::{Command, Stdio};

	use super::*;

	#[test]
	fn resident_should_count_children_when_there_are_some() {
		let me = std::process::id();
		let mut child = Command::new("/bin/cat").stdin(Stdio::piped()).spawn().unwrap();
		let (alone, all) = (own(child.id()), resident(me));
		assert!(alone > 0 && all > alone, "{alone} {all}");
		assert_eq!(parent(child.id()), Some(me));
		drop(child.stdin.take());
		child.wait().unwrap();
		assert_eq!(resident(child.id()), 0);
	}
}
