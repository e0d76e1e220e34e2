//! The disk of the journal is full, or takes nothing.

use std::{fs::File, io::Write, path::Path, process::Command};

use millrace_tests::{miner::Engine, say, Miner, Say, SmallDisk, World};

use super::{failed_unpaid, fake, named, settled_once, submitted, SHORT};

/// A miner on a disk of its own, with the smallest free space that it works with, in megabytes.
fn start_on(disk: &SmallDisk, world: &World, engine: &Engine, least: &str) -> Miner {
	let args = ["--min-free-disk-mb", least];
	Miner::start_under(disk.wrapper(), &world.node.url(), "Bob", disk.path(), engine, &args)
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_should_refuse_to_start_when_its_disk_is_full() {
	let Some(disk) = SmallDisk::of(16) else { return };
	let world = World::empty().await;
	let mut miner = start_on(&disk, &world, &Engine::Llama, "256");
	assert_eq!(miner.ended(), Some(1));
	miner.process().wait_for("why", |line| line.contains("limits.min_free_disk_mb is 256"));
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_should_refuse_to_start_when_its_disk_is_read_only() {
	let Some(disk) = SmallDisk::read_only() else { return };
	let world = World::empty().await;
	let mut miner = start_on(&disk, &world, &Engine::Llama, "0");
	assert_eq!(miner.ended(), Some(1));
	miner.process().wait_for("why", |line| line.contains("Read-only file system"));
}

#[tokio::test(flavor = "multi_thread")]
async fn work_should_be_denied_until_there_is_room_when_the_disk_is_nearly_full() {
	let Some(disk) = SmallDisk::of(32) else { return };
	let world = World::with_offer(1).await;
	let miner = start_on(&disk, &world, &Engine::Llama, "8");
	miner.wait_for("ready");
	disk.fill(miner.process().id(), 5);
	miner.wait_for("disk_full");
	let (job, block, before) = submitted(&world, named(&world, SHORT, 32)).await;
	failed_unpaid(&world, job, block, before).await;
	assert!(miner.wait_for_job(job, "failed").contains("code=Denied"));
	disk.clear(miner.process().id());
	miner.wait_for("disk_free");
	let (job, block, before) = submitted(&world, named(&world, SHORT, 32)).await;
	settled_once(&world, job, block, before.owner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_should_wait_and_be_paid_once_when_the_disk_fills_up_under_it() {
	let Some(disk) = SmallDisk::of(16) else { return };
	let world = World::with_offer(1).await;
	let engine = fake(&world, Say::Nothing).await;
	let miner = start_on(&disk, &world, &Engine::Ollama(engine.url()), "0");
	miner.wait_for("ready");
	let (job, block, before) = submitted(&world, named(&world, SHORT, 300)).await;
	engine.asked(1).await;
	disk.fill(miner.process().id(), 0);
	// Too much for the room that the journal's file has already.
	engine.say(Say::Answer(vec!["x".repeat(200); 300]));
	miner.wait_for("journal_waits");
	assert!(!miner.said(job, "submitted"), "nothing is sent that is not written down");
	disk.clear(miner.process().id());
	miner.wait_for("journal_back");
	settled_once(&world, job, block, before.owner).await;
	assert_eq!(engine.times(), 1);
}

/// A file that takes no writes, not even through what is open already. Ends when dropped.
struct Frozen<'a>(&'a Path);

impl<'a> Frozen<'a> {
	/// `None` where there is no such thing: then it says so.
	fn new(path: &'a Path) -> Option<Self> {
		if chattr("+i", path) {
			return Some(Self(path));
		}
		say("SKIPPED: no file can be made immutable here; it takes root and ext4, XFS, Btrfs or a new tmpfs");
		None
	}
}

impl Drop for Frozen<'_> {
	fn drop(&mut self) {
		chattr("-i", self.0);
	}
}

fn chattr(flag: &str, path: &Path) -> bool {
	Command::new("chattr").arg(flag).arg(path).output().is_ok_and(|output| output.status.success())
}

/// Whether an open file takes no writes either once it is frozen.
fn freezes(folder: &Path) -> bool {
	let path = folder.join("probe");
	let mut file = File::create(&path).unwrap();
	let Some(_frozen) = Frozen::new(&path) else { return false };
	if file.write_all(b"x").is_err() {
		return true;
	}
	say("SKIPPED: open files take writes here though they are immutable");
	false
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_should_wait_and_be_paid_once_when_the_journal_becomes_read_only() {
	let world = World::with_offer(1).await;
	if !freezes(world.work.path()) {
		return;
	}
	let engine = fake(&world, Say::Nothing).await;
	let miner = world.miner(&Engine::Ollama(engine.url()));
	let (job, block, before) = submitted(&world, named(&world, SHORT, 32)).await;
	engine.asked(1).await;
	let journal = world.work.path().join("miner.redb");
	let frozen = Frozen::new(&journal).unwrap();
	engine.say(Say::answer("42"));
	miner.wait_for("journal_waits");
	assert!(!miner.said(job, "submitted"), "nothing is sent that is not written down");
	drop(frozen);
	miner.wait_for("journal_back");
	settled_once(&world, job, block, before.owner).await;
	assert_eq!(engine.times(), 1);
}
