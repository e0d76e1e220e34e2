//! Secrets in files.

use std::{fs, path::Path};

use anyhow::{ensure, Context};

/// Reads a secret that nobody but its owner can read.
pub(crate) fn read(path: &Path) -> anyhow::Result<String> {
	let shown = path.display();
	#[cfg(unix)]
	{
		use std::os::unix::fs::PermissionsExt;
		let mode = fs::metadata(path).with_context(|| format!("can't read {shown}"))?.permissions().mode();
		ensure!(mode & 0o077 == 0, "{shown} can be read by others (mode {:o}); run chmod 600 on it", mode & 0o777);
	}
	fs::read_to_string(path).with_context(|| format!("can't read {shown}"))
}
