use clap::{CommandFactory, Parser};

use super::*;

fn flags(line: &str) -> Flags {
	match Cli::try_parse_from(line.split(' ')).unwrap().command {
		Command::Run(flags) => *flags,
		other => panic!("{other:?}"),
	}
}

#[test]
fn command_line_should_be_sound_when_clap_checks_it() {
	Cli::command().debug_assert();
}

#[test]
fn example_should_have_every_key_and_the_defaults() {
	let text = include_str!("../../gateway.example.toml");
	let live: Config = toml::from_str(text).unwrap();
	assert_eq!(Config { key_file: None, ..live }, Config::default());
	// With the optional keys, too, all are there: none of them is unknown.
	let all = text.replace("\n# requests_per_minute", "\nrequests_per_minute").replace("\n# dev", "\ndev");
	let all: toml::Table = toml::from_str(&all).unwrap();
	let flags = Cli::command();
	let run = flags.find_subcommand("run").unwrap();
	let named: Vec<_> = run
		.get_arguments()
		.map(|flag| flag.get_id().as_str())
		.filter(|name| !["help", "config", "version"].contains(name))
		.collect();
	for name in &named {
		assert!(all.contains_key(*name), "{name} is not in gateway.example.toml");
	}
	assert_eq!(named.len(), all.len());
}

#[test]
fn flag_should_win_over_the_file_and_paths_of_the_file_be_beside_it() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("gateway.toml");
	fs::write(&path, "database = \"a.db\"\nmax_fee = \"0.25\"\ntimeout = 9\ndev = \"Bob\"\n").unwrap();
	let line = format!("millrace-gateway run --config {} --timeout 7 --dev Charlie", path.display());
	let config = Config::load(&flags(&line)).unwrap();
	assert_eq!((config.timeout, config.dev.as_deref()), (7, Some("Charlie")));
	assert_eq!(config.max_fee, Amount(millrace_primitives::MILL / 4));
	assert_eq!(config.database, folder.path().join("a.db"));
}

#[test]
fn file_should_be_refused_with_its_line_when_a_key_is_wrong() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("gateway.toml");
	let refused = |text: &str| {
		fs::write(&path, text).unwrap();
		let line = format!("millrace-gateway run --config {}", path.display());
		format!("{:#}", Config::load(&flags(&line)).unwrap_err())
	};
	for (text, word) in [
		("\nbnid = \"127.0.0.1:1\"\n", "line 2"),
		("max_fee = \"much\"\n", "MILL"),
		("urls = []\n", "urls"),
		("max_answers = 0\n", "max_answers"),
		("requests_per_minute = 0\n", "requests_per_minute"),
		("log = \"a=b=c\"\n", "filter"),
		("dev = \"Bob\"\nkey_file = \"x\"\n", "both"),
	] {
		let error = refused(text);
		assert!(error.contains(word), "{text:?}: {error}");
	}
}

#[cfg(unix)]
#[test]
fn payer_should_be_refused_when_others_can_read_the_file() {
	use std::os::unix::fs::PermissionsExt;
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("key");
	fs::write(&path, "//Alice\n").unwrap();
	fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
	assert!(payer(&path).err().unwrap().to_string().contains("chmod 600"));
	fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
	assert_eq!(payer(&path).unwrap().account_id(), Signer::from_uri("//Alice").unwrap().account_id());
}
