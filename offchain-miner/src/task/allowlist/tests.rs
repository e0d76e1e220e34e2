use std::fs::Permissions;

use millrace_primitives::FailCode;

use super::*;

const WC: &str = "kind = \"command\"\ndefinition = \"DIGEST\"\npath = \"/usr/bin/wc\"\nrun_secs = 5\nmemory_mb = 100\n\
	output_mb = 1\ndisk_mb = 10\n";

fn text() -> String {
	WC.replace("DIGEST", &"ab".repeat(32))
}

fn parse(text: &str) -> Result<Entry, String> {
	Entry::parse(Path::new("/etc/allowlist.d/wc.toml"), text).map_err(|error| error.to_string())
}

fn with_pattern(pattern: &str, more: &str) -> Entry {
	parse(&format!("{}[[arguments]]\npattern = '{pattern}'\n{more}", text())).unwrap()
}

fn code_of(entry: &Entry, arguments: &[&str]) -> Option<FailCode> {
	let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
	entry.accept(&arguments).err().map(|error| error.code)
}

#[test]
fn entry_should_have_its_defaults_when_it_names_only_what_it_must() {
	let entry = parse(&text()).unwrap();
	assert_eq!((entry.name.as_str(), entry.kind, entry.network), ("wc", Kind::Command, false));
	assert_eq!((entry.processes.get(), entry.open_files.get(), entry.nice.get()), (16, 256, 10));
	assert_eq!(entry.address_space(), 1_000 * MEGABYTE);
	assert_eq!(entry.definition, Digest([0xab; 32]));
}

#[test]
fn entry_should_be_refused_with_file_and_line_when_a_value_is_wrong() {
	for (from, to, place, expected) in [
		("/usr/bin/wc", "wc", "3:8", "absolute path"),
		("/usr/bin/wc", "/usr/bin/../bin/wc", "3:8", "absolute path"),
		("/usr/bin/wc", "/usr/bin/no-such-program", "3:1", "No such file"),
		("/usr/bin/wc", "/usr/bin", "3:1", "is no program"),
		("/usr/bin/wc", "/bin/sh", "3:1", "runs whatever it is told"),
		("/usr/bin/wc", "/usr/bin/env", "3:1", "runs whatever it is told"),
		("run_secs = 5", "run_secs = 0", "4:12", "from 1 to 86400"),
		("memory_mb = 100", "memory_mb = \"100\"", "5:13", "expected i64"),
		("output_mb = 1", "output_mb = 11", "6:1", "more than disk_mb"),
		("disk_mb = 10", "disk_mb = 10\nshell = true", "8:1", "unknown field `shell`"),
		("disk_mb = 10", "disk_mb = 10\nread = [\"/no/such/folder\"]", "8:1", "No such file"),
		("disk_mb = 10", "disk_mb = 10\nscript = \"/usr/bin/wc\"", "8:1", "a command has no script"),
		("kind = \"command\"", "kind = \"python\"", "1:1", "needs the script's path"),
		("kind = \"command\"", "kind = \"python\"\nscript = \"/etc/hosts\"", "2:1", "needs its `sha256`"),
		("disk_mb = 10", "disk_mb = 10\n[[arguments]]\npattern = 'a)|(b'", "9:11", "no regular expression"),
		("disk_mb = 10", "disk_mb = 10\n[[arguments]]\npattern = '(\\w{100}){1000}'", "9:11", "no regular expression"),
	] {
		let error = parse(&text().replace(from, to)).unwrap_err();
		assert!(error.starts_with(&format!("/etc/allowlist.d/wc.toml:{place}: ")), "{to}: {error}");
		assert!(error.contains(expected), "{to}: {error}");
	}
}

#[test]
fn entry_should_be_refused_when_everybody_can_change_its_program() {
	let dir = tempfile::tempdir().unwrap();
	let path = dir.path().join("program");
	fs::write(&path, "").unwrap();
	fs::set_permissions(&path, Permissions::from_mode(0o757)).unwrap();
	let text = text().replace("/usr/bin/wc", path.to_str().unwrap());
	assert!(parse(&text).unwrap_err().contains("chmod o-w"));
	fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
	assert!(parse(&text).is_ok());
}

#[test]
fn entry_should_be_refused_when_it_links_to_a_shell() {
	let dir = tempfile::tempdir().unwrap();
	let path = dir.path().join("innocent");
	std::os::unix::fs::symlink("/bin/sh", &path).unwrap();
	let error = parse(&text().replace("/usr/bin/wc", path.to_str().unwrap())).unwrap_err();
	assert!(error.contains("runs whatever it is told"), "{error}");
}

#[test]
fn argument_should_be_refused_when_it_is_beyond_its_pattern() {
	let entry = with_pattern("input/[a-z]+|x", "");
	assert_eq!(code_of(&entry, &["input/abc"]), None);
	assert_eq!(code_of(&entry, &["x"]), None);
	for given in
		["input/abc.txt", "input/", "/etc/passwd", "input/../x", "ax", "xx", "input/abc\n", "", "input/a input/b"]
	{
		assert_eq!(code_of(&entry, &[given]), Some(FailCode::BadInput), "{given:?}");
	}
}

#[test]
fn argument_should_be_refused_when_it_could_be_an_option() {
	let entry = with_pattern(".*", "");
	assert_eq!(code_of(&entry, &["--files0-from=/etc/passwd"]), Some(FailCode::BadInput));
	assert_eq!(code_of(&entry, &["-"]), Some(FailCode::BadInput));
	let entry = with_pattern("-[lw]", "option = true");
	assert_eq!(code_of(&entry, &["-l"]), None);
	assert_eq!(code_of(&entry, &["-c"]), Some(FailCode::BadInput));
}

#[test]
fn argument_should_be_refused_when_it_is_too_long_or_has_control_characters() {
	let entry = with_pattern("(?s).*", "max_bytes = 4");
	assert_eq!(code_of(&entry, &["abcd"]), None);
	for given in ["abcde", "ééé", "a\0b", "a\nb", "\u{1b}[m"] {
		assert_eq!(code_of(&entry, &[given]), Some(FailCode::BadInput), "{given:?}");
	}
}

#[test]
fn arguments_should_be_refused_when_there_are_more_or_fewer() {
	let entry = with_pattern("a", "");
	assert_eq!(code_of(&entry, &[]), Some(FailCode::BadInput));
	assert_eq!(code_of(&entry, &["a", "a"]), Some(FailCode::BadInput));
}

#[test]
fn list_should_name_file_and_line_when_one_file_is_bad() {
	let dir = tempfile::tempdir().unwrap();
	fs::write(dir.path().join("good.toml"), text()).unwrap();
	fs::write(dir.path().join("README"), "not read").unwrap();
	let list = AllowList::read(dir.path()).unwrap();
	assert_eq!(list.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["good"]);
	let bad = dir.path().join("bad.toml");
	fs::write(&bad, text().replace("disk_mb", "disc_mb")).unwrap();
	let error = AllowList::read(dir.path()).unwrap_err().to_string();
	assert!(error.starts_with(&format!("{}:7:1: unknown field `disc_mb`", bad.display())), "{error}");
	fs::write(&bad, text()).unwrap();
	fs::set_permissions(&bad, Permissions::from_mode(0o666)).unwrap();
	assert!(AllowList::read(dir.path()).unwrap_err().to_string().contains("chmod o-w"));
}
