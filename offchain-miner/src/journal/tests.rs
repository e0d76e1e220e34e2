//! The journal on its own.

use super::*;
use crate::core::fixtures::{answer, assignment};
use millrace_primitives::FailCode;
use std::sync::Arc;

fn genesis() -> H256 {
	H256::repeat_byte(1)
}

fn finished(job: u64) -> Row {
	Row { assignment: assignment(job), state: RowState::Finished(Arc::new(answer(job))) }
}

#[test]
fn open_should_be_refused_when_another_journal_holds_the_file() {
	let dir = tempfile::tempdir().unwrap();
	let _held = Journal::open(dir.path(), genesis(), 60).unwrap();
	assert!(matches!(Journal::open(dir.path(), genesis(), 60), Err(JournalError::InUse(_))));
}

#[test]
fn open_should_be_refused_when_the_genesis_differs() {
	let dir = tempfile::tempdir().unwrap();
	drop(Journal::open(dir.path(), genesis(), 60).unwrap());
	let other = Journal::open(dir.path(), H256::repeat_byte(2), 60);
	assert!(matches!(other, Err(JournalError::OtherChain { .. })));
}

#[test]
fn answers_should_be_there_when_the_file_is_copied_without_closing_it() {
	let dir = tempfile::tempdir().unwrap();
	let copy = tempfile::tempdir().unwrap();
	let journal = Journal::open(dir.path(), genesis(), 60).unwrap();
	journal.apply(&[Change::Put(finished(7))]).unwrap();
	// What a killed process leaves: the bytes on disk, nothing flushed by a destructor.
	fs::copy(dir.path().join("miner.redb"), copy.path().join("miner.redb")).unwrap();
	let reopened = Journal::open(copy.path(), genesis(), 60).unwrap();
	assert_eq!(reopened.open_rows().unwrap(), vec![finished(7)]);
	drop(journal);
}

#[test]
fn later_rows_should_replace_earlier_ones_when_applied_together() {
	let dir = tempfile::tempdir().unwrap();
	let journal = Journal::open(dir.path(), genesis(), 60).unwrap();
	let running = Row { assignment: assignment(7), state: RowState::Running };
	let failing = Row { assignment: assignment(7), state: RowState::Failing { code: FailCode::Drain, signed: false } };
	journal.apply(&[Change::Put(running), Change::Put(failing.clone())]).unwrap();
	assert_eq!(journal.open_rows().unwrap(), vec![failing]);
}

#[test]
fn answered_jobs_should_wait_for_their_receipts_when_they_are_over() {
	let dir = tempfile::tempdir().unwrap();
	let journal = Journal::open(dir.path(), genesis(), 0).unwrap().with_receipts(true);
	let failing = Row { assignment: assignment(3), state: RowState::Failing { code: FailCode::Drain, signed: false } };
	journal.apply(&[Change::Put(finished(1)), Change::Put(finished(2)), Change::Put(failing)]).unwrap();
	assert_eq!(journal.without_receipt().unwrap(), Vec::<u64>::new());
	journal.apply(&[1, 2, 3].map(|job| Change::Close(assignment(job).ticket))).unwrap();
	assert_eq!(journal.without_receipt().unwrap(), [1, 2]);
	journal.has_receipt(1).unwrap();
	drop(journal);
	let reopened = Journal::open(dir.path(), genesis(), 0).unwrap();
	assert_eq!(reopened.without_receipt().unwrap(), [2]);
}

#[test]
fn answered_jobs_should_not_wait_when_receipts_are_switched_off() {
	let dir = tempfile::tempdir().unwrap();
	let journal = Journal::open(dir.path(), genesis(), 0).unwrap();
	journal.apply(&[Change::Put(finished(1)), Change::Close(assignment(1).ticket)]).unwrap();
	assert_eq!(journal.without_receipt().unwrap(), Vec::<u64>::new());
}

#[test]
fn closed_rows_should_not_be_open_when_read_back() {
	let dir = tempfile::tempdir().unwrap();
	let journal = Journal::open(dir.path(), genesis(), 60).unwrap();
	journal.apply(&[Change::Put(finished(1)), Change::Put(finished(2))]).unwrap();
	journal.apply(&[Change::Close(finished(1).assignment.ticket)]).unwrap();
	assert_eq!(journal.open_rows().unwrap(), vec![finished(2)]);
	assert_eq!(journal.prune().unwrap(), 0);
}

#[test]
fn closed_rows_should_be_removed_when_their_time_is_over() {
	let dir = tempfile::tempdir().unwrap();
	let ticket = finished(1).assignment.ticket;
	{
		let journal = Journal::open(dir.path(), genesis(), 60).unwrap();
		journal.apply(&[Change::Put(finished(1)), Change::Close(ticket)]).unwrap();
	}
	// Opened with no time to keep, everything closed is due.
	let journal = Journal::open(dir.path(), genesis(), 0).unwrap();
	assert_eq!(journal.prune().unwrap(), 1);
	assert_eq!(journal.prune().unwrap(), 0);
}

#[test]
fn signed_rows_should_be_found_when_they_are_closed() {
	let dir = tempfile::tempdir().unwrap();
	let journal = Journal::open(dir.path(), genesis(), 60).unwrap();
	let given_up =
		|job, signed| Row { assignment: assignment(job), state: RowState::Failing { code: FailCode::Denied, signed } };
	let running = Row { assignment: assignment(4), state: RowState::Running };
	let rows = [finished(1), given_up(2, true), given_up(3, false), running];
	journal.apply(&rows.each_ref().map(|row| Change::Put(row.clone()))).unwrap();
	let tickets = [1, 2, 3, 4, 5].map(|job| assignment(job).ticket);
	assert_eq!(journal.signed(&tickets).unwrap(), rows[..2]);
	journal.apply(&tickets.map(Change::Close)).unwrap();
	assert_eq!(journal.signed(&tickets).unwrap(), rows[..2]);
	assert!(journal.open_rows().unwrap().is_empty());
}

/// A journal with one closed row, whose clock then jumps by so many seconds; and how many rows it removes after.
fn removed_after(jump: i64) -> usize {
	const NOON: u64 = 1_800_000_000;
	let dir = tempfile::tempdir().unwrap();
	let mut journal = Journal::open(dir.path(), genesis(), 60).unwrap();
	journal.now = || NOON;
	journal.apply(&[Change::Put(finished(1)), Change::Close(finished(1).assignment.ticket)]).unwrap();
	journal.now = match jump {
		-86_400 => || NOON - 86_400,
		-59 => || NOON - 59,
		59 => || NOON + 59,
		86_400 => || NOON + 86_400,
		_ => panic!("no such jump"),
	};
	journal.prune().unwrap()
}

#[test]
fn closed_rows_should_stay_when_the_clock_jumps_by_less_than_they_are_kept() {
	assert_eq!((removed_after(-59), removed_after(59)), (0, 0));
}

#[test]
fn closed_rows_should_not_stay_for_ever_when_the_clock_was_a_day_ahead() {
	assert_eq!((removed_after(-86_400), removed_after(86_400)), (1, 1));
}

#[test]
fn answers_should_be_there_when_the_journal_opens_its_file_anew_after_an_error() {
	let dir = tempfile::tempdir().unwrap();
	let journal = Journal::open(dir.path(), genesis(), 60).unwrap();
	journal.apply(&[Change::Put(finished(7))]).unwrap();
	let full = || JournalError::Io(std::io::ErrorKind::StorageFull.into());
	assert!(journal.with(|_| Err::<(), _>(full())).is_err_and(|error| error.is_of_the_disk()));
	assert!(journal.database.lock().unwrap().is_none());
	assert_eq!(journal.open_rows().unwrap(), vec![finished(7)]);
	journal.apply(&[Change::Put(finished(8))]).unwrap();
	assert_eq!(journal.open_rows().unwrap().len(), 2);
}

#[test]
fn journal_should_be_lost_when_another_process_took_it_after_an_error() {
	let dir = tempfile::tempdir().unwrap();
	let journal = Journal::open(dir.path(), genesis(), 60).unwrap();
	let full = JournalError::Io(std::io::ErrorKind::StorageFull.into());
	assert!(journal.with(|_| Err::<(), _>(full)).is_err());
	let _other = Journal::open(dir.path(), genesis(), 60).unwrap();
	let error = journal.open_rows().unwrap_err();
	assert!(matches!(error, JournalError::InUse(_)) && !error.is_of_the_disk(), "{error}");
}
