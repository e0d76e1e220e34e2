//! The installer and the unit of systemd.

use std::{
	collections::BTreeMap,
	fs,
	os::unix::fs::PermissionsExt,
	path::{Path, PathBuf},
	process::{Command, Output},
};

use crate::{err, text};

/// What `systemd-analyze security` may give at the most, in tenths: 0 is a service that can do nothing, 100 one that can
/// do everything. Measured with systemd 252: 13 for the unit, 16 with the exceptions for NVIDIA's driver.
const EXPOSURE: [(&[&str], u32); 3] = [(&[], 15), (&["gpu.conf"], 18), (&["gpu.conf", "tasks.conf"], 25)];

fn scripts() -> PathBuf {
	millrace_tests::repository("scripts")
}

fn install(dest: &Path, args: &[&str]) -> Output {
	let mut command = Command::new(scripts().join("install-miner.sh"));
	command.args(["--dest", text(dest), "--binary", env!("CARGO_BIN_EXE_millrace-miner")]).args(args);
	// Whether this machine has a GPU must not matter.
	command.env("MILLRACE_NVIDIA", dest.join("no-driver")).env_remove("DESTDIR");
	let output = command.output().unwrap();
	assert!(output.status.success(), "{}", err(&output));
	output
}

/// Every path below `folder` with its mode and, for a file, its bytes and time of change.
fn tree(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>, Option<std::time::SystemTime>)> {
	let mut found = BTreeMap::new();
	let mut open = vec![folder.to_owned()];
	while let Some(next) = open.pop() {
		for entry in fs::read_dir(&next).unwrap() {
			let path = entry.unwrap().path();
			let meta = fs::symlink_metadata(&path).unwrap();
			let mode = meta.permissions().mode() & 0o7777;
			if meta.is_dir() {
				open.push(path.clone());
				found.insert(path, (mode, Vec::new(), None));
			} else {
				let (bytes, changed) = (fs::read(&path).unwrap(), meta.modified().unwrap());
				found.insert(path, (mode, bytes, Some(changed)));
			}
		}
	}
	found
}

#[test]
fn installer_should_change_nothing_when_it_is_run_again() {
	let dest = tempfile::tempdir().unwrap();
	install(dest.path(), &[]);
	let first = tree(dest.path());
	install(dest.path(), &[]);
	assert!(tree(dest.path()) == first, "the second run changed something");
	let mode = |path: &str| first[&dest.path().join(path)].0;
	assert_eq!(mode("etc/millrace/miner.toml"), 0o600);
	assert_eq!(mode("etc/millrace"), 0o700);
	assert_eq!(mode("var/lib/millrace"), 0o700);
	assert_eq!(mode("usr/local/bin/millrace-miner"), 0o755);
	assert_eq!(mode("etc/systemd/system/millrace-miner.service"), 0o644);
}

#[test]
fn installer_should_keep_the_configuration_and_mend_its_mode_when_it_is_run_again() {
	let dest = tempfile::tempdir().unwrap();
	install(dest.path(), &[]);
	let config = dest.path().join("etc/millrace/miner.toml");
	fs::write(&config, "slots = 7\n").unwrap();
	fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).unwrap();
	install(dest.path(), &[]);
	assert_eq!(fs::read_to_string(&config).unwrap(), "slots = 7\n");
	assert_eq!(fs::metadata(&config).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn installed_configuration_should_be_valid_when_it_is_read() {
	let dest = tempfile::tempdir().unwrap();
	install(dest.path(), &[]);
	let output =
		crate::miner(&["config", "--config", text(&dest.path().join("etc/millrace/miner.toml"))]).output().unwrap();
	assert!(output.status.success(), "{}", err(&output));
	let shown = crate::out(&output);
	assert!(shown.contains("work_dir = \"/var/lib/millrace\"") && shown.contains("operator.key"), "{shown}");
	assert!(shown.contains("http_bind = \"127.0.0.1:9920\""), "{shown}");
}

#[test]
fn uninstalling_should_keep_keys_receipts_and_vouchers_and_nothing_else() {
	let dest = tempfile::tempdir().unwrap();
	install(dest.path(), &[]);
	let keep = [
		"etc/millrace/operator.key",
		"var/lib/millrace/channels/ab/channel-1",
		"var/lib/millrace/old.key",
		"var/lib/millrace/receipts/ab/job-1.receipt",
	];
	let lose = ["var/lib/millrace/miner.redb", "var/lib/millrace/models/a.gguf", "var/lib/millrace/x/y"];
	for path in keep.iter().chain(&lose) {
		let path = dest.path().join(path);
		fs::create_dir_all(path.parent().unwrap()).unwrap();
		fs::write(path, "words").unwrap();
	}
	install(dest.path(), &["--uninstall"]);
	let left = tree(dest.path());
	let files: Vec<_> = left.iter().filter(|(_, (.., changed))| changed.is_some()).map(|(path, _)| path).collect();
	let expected: Vec<_> = keep.iter().map(|path| dest.path().join(path)).collect();
	assert_eq!(files, expected.iter().collect::<Vec<_>>());
	// Again, and with nothing left to do.
	install(dest.path(), &["--uninstall"]);
	assert!(tree(dest.path()) == left);
}

#[test]
fn installer_should_add_and_remove_the_gpu_exceptions_when_a_driver_comes_and_goes() {
	let dest = tempfile::tempdir().unwrap();
	let drop_in = dest.path().join("etc/systemd/system/millrace-miner.service.d/gpu.conf");
	fs::write(dest.path().join("no-driver"), "").unwrap();
	install(dest.path(), &[]);
	assert!(drop_in.exists());
	fs::remove_file(dest.path().join("no-driver")).unwrap();
	install(dest.path(), &[]);
	assert!(!drop_in.parent().unwrap().exists());
}

#[test]
fn installer_should_keep_the_exceptions_for_tasks_until_they_are_taken_away() {
	let dest = tempfile::tempdir().unwrap();
	let drop_in = dest.path().join("etc/systemd/system/millrace-miner.service.d/tasks.conf");
	install(dest.path(), &[]);
	assert!(!drop_in.exists());
	fs::write(dest.path().join("no-driver"), "").unwrap();
	install(dest.path(), &["--tasks"]);
	// A driver that goes takes its own exceptions only.
	fs::remove_file(dest.path().join("no-driver")).unwrap();
	install(dest.path(), &[]);
	assert!(drop_in.exists() && !drop_in.with_file_name("gpu.conf").exists());
	install(dest.path(), &["--no-tasks"]);
	assert!(!drop_in.parent().unwrap().exists());
}

/// `systemd-analyze`, or a loud word that it is not here.
fn analyze(args: &[&str]) -> Option<Output> {
	match Command::new("systemd-analyze").args(args).output() {
		Ok(output) => Some(output),
		Err(error) => {
			millrace_tests::say(&format!("SKIPPED: the unit was not looked at, systemd-analyze can't be run: {error}"));
			None
		}
	}
}

/// The unit as it is installed with these exceptions, but with a program that is on this machine.
fn unit(exceptions: &[&str]) -> (tempfile::TempDir, PathBuf) {
	let dir = tempfile::tempdir().unwrap();
	let unit = fs::read_to_string(scripts().join("systemd/millrace-miner.service")).unwrap();
	let program = "ExecStart=/usr/local/bin/millrace-miner ";
	assert!(unit.contains(program));
	let path = dir.path().join("millrace-miner.service");
	let here = format!("ExecStart={} ", env!("CARGO_BIN_EXE_millrace-miner"));
	fs::write(&path, unit.replace(program, &here)).unwrap();
	let folder = dir.path().join("millrace-miner.service.d");
	fs::create_dir(&folder).unwrap();
	for exception in exceptions {
		fs::copy(scripts().join("systemd").join(exception), folder.join(exception)).unwrap();
	}
	(dir, path)
}

#[test]
fn unit_should_be_understood_by_systemd_when_it_is_verified() {
	for (exceptions, _) in EXPOSURE {
		let (_dir, path) = unit(exceptions);
		let Some(output) = analyze(&["verify", text(&path)]) else { return };
		// Unknown keys are words on stderr, and no failure. One that systemd 254 brought is ignored before.
		let words = err(&output);
		let unknown: Vec<_> = words.lines().filter(|line| !line.contains("Unknown key 'DelegateSubgroup'")).collect();
		assert!(output.status.success() && unknown.is_empty(), "{unknown:?}");
	}
}

#[test]
fn unit_should_leave_little_exposed_when_systemd_rates_it() {
	for (exceptions, most) in EXPOSURE {
		let (_dir, path) = unit(exceptions);
		let threshold = format!("--threshold={most}");
		let Some(output) = analyze(&["security", "--offline=true", &threshold, text(&path)]) else { return };
		let rating = crate::out(&output);
		let line = rating.lines().find(|line| line.contains("Overall exposure level")).unwrap_or(&rating);
		assert!(output.status.success(), "at most {most} tenths: {line}\n{}", err(&output));
	}
}
