use millrace_primitives::FailCode;

use super::*;
use crate::task::Tail;

const ASKED: Asked = (Digest([1; 32]), Digest([2; 32]));
/// sha256 of "abc".
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

struct World {
	dir: tempfile::TempDir,
	settings: TaskSettings,
}

impl World {
	fn new() -> Self {
		Self { dir: tempfile::tempdir().unwrap(), settings: TaskSettings { quota_mb: 1, ..TaskSettings::default() } }
	}

	fn open(&self) -> Store {
		Store::open(self.dir.path().join("tasks"), &self.settings, None).unwrap()
	}
}

/// A finished task whose output `o` has these bytes.
fn finish(store: &Store, ticket: Ticket, bytes: &[u8]) -> Manifest {
	let path = store.begin(ticket, 1_000).unwrap();
	fs::write(path.join("input/secret"), "x").unwrap();
	let output = path.join("output/o");
	fs::write(&output, bytes).unwrap();
	let sha256 = outputs::digest_of(&mut File::open(&output).unwrap()).unwrap();
	let made = Made { path: "o".into(), sha256, bytes: bytes.len() as u64, media_type: "a/b".into() };
	let manifest = Manifest {
		version: 1,
		entry: "e".into(),
		exit_code: Some(0),
		signal: None,
		outputs: vec![made],
		missing: Vec::new(),
		stdout: Tail::default(),
		stderr: Tail::default(),
	};
	store.finish(ticket, ASKED, &manifest, Duration::from_millis(7)).unwrap();
	manifest
}

fn names(world: &World) -> Vec<String> {
	let found = fs::read_dir(world.dir.path().join("tasks")).unwrap();
	let mut names: Vec<_> = found.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
	names.sort();
	names
}

#[test]
fn finished_task_should_be_known_when_the_miner_starts_again() {
	let world = World::new();
	let manifest = finish(&world.open(), (3, 1), b"abc");
	let store = world.open();
	assert_eq!(store.finished((3, 1), ASKED), Some((manifest, 7)));
	assert_eq!(store.finished((3, 2), ASKED), None);
	assert_eq!(store.finished((3, 1), (ASKED.0, Digest([9; 32]))), None);
	let artifact = store.artifact(ABC.parse().unwrap()).unwrap();
	assert_eq!((fs::read(&artifact.path).unwrap(), artifact.made.bytes), (b"abc".to_vec(), 3));
	assert!(artifact.path.starts_with(fs::canonicalize(world.dir.path()).unwrap()));
	// What it read and worked with is gone.
	assert!(!world.dir.path().join("tasks/3-1/input").exists() && !world.dir.path().join("tasks/3-1/work").exists());
}

#[test]
fn workspace_should_be_removed_when_the_miner_died_while_it_was_in_use() {
	let world = World::new();
	let store = world.open();
	finish(&store, (1, 1), b"abc");
	let path = store.begin((2, 1), 1_000).unwrap();
	fs::write(path.join("work/half"), "x").unwrap();
	// As after `kill -9`: nothing of the old store runs any more.
	std::mem::forget(store);
	fs::create_dir(world.dir.path().join("tasks/of-the-owner")).unwrap();
	let store = world.open();
	assert_eq!(names(&world), ["1-1", "of-the-owner"]);
	assert!(store.begin((2, 1), 1_000).is_ok());
}

#[test]
fn artifact_should_be_gone_when_its_file_was_changed_after_hashing() {
	let world = World::new();
	let store = world.open();
	finish(&store, (1, 1), b"abc");
	let path = store.artifact(ABC.parse().unwrap()).unwrap().path;
	fs::write(&path, "abd").unwrap();
	assert!(store.artifact(ABC.parse().unwrap()).is_none());
	assert_eq!(store.finished((1, 1), ASKED), None);
	// Touched, but the same.
	fs::write(&path, "abc").unwrap();
	assert!(store.artifact(ABC.parse().unwrap()).is_some());
	fs::remove_file(&path).unwrap();
	assert!(store.artifact(ABC.parse().unwrap()).is_none());
}

#[test]
fn workspaces_should_go_when_they_were_kept_long_enough() {
	let world = World::new();
	let store = world.open();
	finish(&store, (1, 1), b"abc");
	store.begin((2, 1), 1_000).unwrap();
	store.fail((2, 1), ASKED, "it failed").unwrap();
	let in_hours = |hours: u64| store.prune(SystemTime::now() + Duration::from_secs(3_600 * hours));
	in_hours(23);
	assert_eq!(names(&world), ["1-1", "2-1"]);
	in_hours(25);
	assert_eq!(names(&world), ["2-1"]);
	assert!(store.artifact(ABC.parse().unwrap()).is_none());
	in_hours(24 * 7 - 1);
	assert_eq!(names(&world), ["2-1"]);
	in_hours(24 * 7 + 1);
	assert_eq!(names(&world), Vec::<String>::new());
}

#[test]
fn oldest_workspace_should_go_when_the_quota_is_full() {
	let world = World::new();
	let store = world.open();
	finish(&store, (1, 1), &[1; 400_000]);
	finish(&store, (2, 1), &[2; 400_000]);
	store.lock().ended.get_mut(&(1, 1)).unwrap().ended_at -= 10;
	store.begin((3, 1), 300_000).unwrap();
	assert_eq!(names(&world), ["2-1", "3-1"]);
}

#[test]
fn task_should_be_denied_when_running_ones_fill_the_quota() {
	let world = World::new();
	let store = world.open();
	store.begin((1, 1), 600_000).unwrap();
	assert_eq!(store.begin((2, 1), 600_000).unwrap_err().code, FailCode::Denied);
	assert_eq!(store.begin((2, 1), 1_000_001).unwrap_err().code, FailCode::Denied);
	store.abandon((1, 1)).unwrap();
	store.begin((2, 1), 600_000).unwrap();
	assert_eq!(names(&world), ["2-1"]);
}

#[test]
fn task_should_be_refused_when_the_same_one_is_running() {
	let world = World::new();
	let store = world.open();
	store.begin((1, 1), 1_000).unwrap();
	assert_eq!(store.begin((1, 1), 1_000).unwrap_err().code, FailCode::EngineError);
}

#[test]
fn store_should_not_open_when_another_user_can_not_get_there() {
	let world = World::new();
	let nobody = Identity { user: 65_534, group: 65_534 };
	fs::set_permissions(world.dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
	let opened = Store::open(world.dir.path().join("tasks"), &world.settings, Some(nobody));
	assert!(opened.err().unwrap().to_string().contains("chmod o+x"));
}
