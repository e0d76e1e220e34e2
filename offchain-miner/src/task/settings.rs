//! The section `[task]` of the configuration.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What the owner lets tasks do on this machine as a whole; each command has its own bounds in the allow-list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskSettings {
	/// Whether tasks are run at all.
	pub enabled: bool,
	/// Folder with a file for each command that may be run.
	pub allowlist_dir: PathBuf,
	/// Hosts that inputs may be fetched from: a name, with `:PORT` if it is not the scheme's own.
	pub hosts: Vec<String>,
	/// Megabytes (10^6 bytes) that all workspaces together may take.
	pub quota_mb: u64,
	/// Hours for which the workspaces of finished tasks, with their outputs, are kept.
	pub keep_finished_hours: u32,
	/// Hours for which the workspaces of failed tasks are kept.
	pub keep_failed_hours: u32,
}

impl Default for TaskSettings {
	fn default() -> Self {
		Self {
			enabled: false,
			allowlist_dir: "allowlist.d".into(),
			hosts: Vec::new(),
			quota_mb: 10_000,
			keep_finished_hours: 24,
			keep_failed_hours: 168,
		}
	}
}

impl TaskSettings {
	/// What is wrong with the values.
	pub(crate) fn check(&self) -> Result<(), String> {
		for host in &self.hosts {
			let parsed = url::Url::parse(&format!("https://{host}/"));
			let plain = !host.contains(['/', '@', '?', '#', '*']) && host.to_lowercase() == *host;
			if !plain || !parsed.is_ok_and(|url| matches!(url.host(), Some(url::Host::Domain(_)))) {
				return Err(format!(
					"task.hosts has {host:?}; expected the name of a host in lower case, such as \"data.example.org\" or \
					 \"data.example.org:8443\""
				));
			}
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn hosts_should_be_refused_when_they_are_no_plain_names() {
		for host in
			["https://x.org", "x.org/path", "*.x.org", "user@x.org", "X.org", "", "127.0.0.1", "[::1]", "2130706433"]
		{
			let settings = TaskSettings { hosts: vec![host.into()], ..TaskSettings::default() };
			assert!(settings.check().unwrap_err().contains("task.hosts"), "{host}");
		}
		let hosts = vec!["data.example.org".into(), "data.example.org:8443".into()];
		assert_eq!(TaskSettings { hosts, ..TaskSettings::default() }.check(), Ok(()));
	}
}
