use millrace_client::Signed;
use millrace_primitives::{Usage, H256};

use super::*;

fn store() -> (tempfile::TempDir, Store) {
	let folder = tempfile::tempdir().unwrap();
	let store = Store::open(&folder.path().join("gateway.db")).unwrap();
	(folder, store)
}

fn key(store: &Store, new: NewKey) -> ApiKey {
	let (_, secret) = store.new_key(&new).unwrap();
	store.find_key(&secret).unwrap().unwrap()
}

fn job<'a>(key: Option<&'a ApiKey>, idempotency: Option<(&'a str, [u8; 32])>) -> NewJob<'a> {
	NewJob { key, idempotency, model: "tiny", workload: "chat", max_fee: 60 }
}

fn begun(store: &Store, new: &NewJob<'_>) -> i64 {
	match store.begin_job(new).unwrap() {
		Stored::New(seq) => seq,
		other => panic!("{other:?}"),
	}
}

fn signed() -> Signed {
	Signed { hash: H256::repeat_byte(3), bytes: vec![1, 2], nonce: 7, after: 10, until: 200 }
}

fn settled(fee: Balance) -> Ended {
	let usage = Usage { input_tokens: 5, output_tokens: 6, gpu_ms: 7 };
	Ended { outcome: "settled".into(), reason: None, usage, fee }
}

#[test]
fn key_should_be_let_in_until_it_is_revoked() {
	let (_folder, store) = store();
	assert!(!store.has_keys().unwrap());
	let new = NewKey { models: Some(vec!["tiny".into()]), scopes: Some(vec![Scope::Chat]), ..NewKey::default() };
	let (id, secret) = store.new_key(&new).unwrap();
	assert!(secret.starts_with("sk-millrace-"));
	let found = store.find_key(&secret).unwrap().unwrap();
	assert_eq!((&found.id, found.models, found.scopes), (&id, new.models, new.scopes));
	assert_eq!(store.find_key("sk-millrace-wrong").unwrap(), None);
	assert!(store.revoke_key(&id).unwrap());
	assert!(!store.revoke_key(&id).unwrap());
	assert_eq!(store.find_key(&secret).unwrap(), None);
	assert!(store.has_keys().unwrap(), "a revoked key must not open the door to everybody");
}

#[test]
fn file_should_hold_no_secret_and_be_readable_to_nobody_else() {
	use std::os::unix::fs::PermissionsExt;
	let (folder, store) = store();
	let (_, secret) = store.new_key(&NewKey::default()).unwrap();
	drop(store);
	for entry in std::fs::read_dir(folder.path()).unwrap() {
		let path = entry.unwrap().path();
		let bytes = std::fs::read(&path).unwrap();
		assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()));
		assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
	}
}

#[test]
fn job_should_be_stored_once_when_it_is_asked_again_by_its_name() {
	let (_folder, store) = store();
	let new = job(None, Some(("mine", [1; 32])));
	let seq = begun(&store, &new);
	let Stored::Known(row) = store.begin_job(&new).unwrap() else { panic!("stored twice") };
	assert_eq!(row.seq, seq);
	assert_eq!(store.begin_job(&job(None, Some(("mine", [2; 32])))).unwrap(), Stored::Other);
	let other = key(&store, NewKey::default());
	assert!(matches!(store.begin_job(&job(Some(&other), Some(("mine", [2; 32])))).unwrap(), Stored::New(_)));
}

#[test]
fn job_should_be_stored_anew_when_the_first_one_never_was() {
	let (_folder, store) = store();
	let new = job(None, Some(("mine", [1; 32])));
	let seq = begun(&store, &new);
	let lost = Ended { outcome: "lost".into(), ..settled(0) };
	store.end_job(seq, &lost).unwrap();
	assert_ne!(begun(&store, &new), seq);
}

#[test]
fn job_should_come_back_with_its_transaction_when_the_process_died() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("gateway.db");
	let store = Store::open(&path).unwrap();
	let (first, second) = (begun(&store, &job(None, None)), begun(&store, &job(None, None)));
	store.note_signed(first, &signed()).unwrap();
	drop(store);
	let store = Store::open(&path).unwrap();
	let open = store.open_jobs().unwrap();
	assert_eq!(open.iter().map(|posting| posting.row.seq).collect::<Vec<_>>(), [first, second]);
	assert_eq!((&open[0].signed, &open[1].signed), (&Some(signed()), &None));
	store.note_posted(first, 9, 11).unwrap();
	assert_eq!(store.job_by_seq(first).unwrap().unwrap().posted, Some((9, 11)));
}

#[test]
fn budget_should_hold_what_is_paid_and_what_is_under_way() {
	let (_folder, store) = store();
	let poor = key(&store, NewKey { budget: Some(100), ..NewKey::default() });
	let new = job(Some(&poor), None);
	let seq = begun(&store, &new);
	let over = |spent, reserved| Stored::OverBudget(OverBudget { budget: 100, spent, reserved, needed: 60 });
	assert_eq!(store.begin_job(&new).unwrap(), over(0, 60));
	store.end_job(seq, &settled(30)).unwrap();
	// The end is told twice when the process dies between its two notes.
	store.end_job(seq, &settled(30)).unwrap();
	let seq = begun(&store, &new);
	store.end_job(seq, &settled(20)).unwrap();
	assert_eq!(store.begin_job(&new).unwrap(), over(50, 0));
	assert_eq!(store.list_keys().unwrap()[0].spent, 50);
	let rich = key(&store, NewKey::default());
	begun(&store, &job(Some(&rich), None));
}

#[test]
fn budget_should_hold_for_answers_and_jobs_together() {
	let (_folder, store) = store();
	let poor = key(&store, NewKey { budget: Some(200), ..NewKey::default() });
	let mut answers = store.reserve(Some(&poor), 60, 2).unwrap().unwrap();
	let over = |spent, reserved, needed| OverBudget { budget: 200, spent, reserved, needed };
	assert_eq!(store.reserve(Some(&poor), 60, 2).unwrap().unwrap_err(), over(0, 120, 120));
	let seq = begun(&store, &job(Some(&poor), None));
	assert_eq!(store.begin_job(&job(Some(&poor), None)).unwrap(), Stored::OverBudget(over(0, 180, 60)));
	store.begin_answer(7, &poor.id, 1_000, 60).unwrap();
	store.end_answer(7, &poor.id, 1_025).unwrap();
	drop(answers.pop());
	store.end_job(seq, &settled(40)).unwrap();
	assert_eq!(store.reserve(Some(&poor), 60, 2).unwrap().unwrap_err(), over(65, 60, 120));
	drop(answers);
	assert_eq!(store.reserve(Some(&poor), 136, 1).unwrap().unwrap_err(), over(65, 0, 136));
	assert_eq!(store.reserve(Some(&poor), 135, 1).unwrap().unwrap().len(), 1);
	assert_eq!(store.list_keys().unwrap()[0].spent, 65);
}

#[test]
fn answers_of_keys_without_a_budget_should_be_charged_and_those_of_nobody_cost_no_record() {
	let (_folder, store) = store();
	let rich = key(&store, NewKey::default());
	assert_eq!(store.reserve(Some(&rich), Balance::MAX, 3).unwrap().unwrap().len(), 3);
	for (channel, total) in [(1, 7), (2, 8)] {
		store.begin_answer(channel, &rich.id, 0, 9).unwrap();
		store.end_answer(channel, &rich.id, total).unwrap();
	}
	assert_eq!(store.list_keys().unwrap()[0].spent, 15);
	store.begin_answer(1, "", 7, 9).unwrap();
	assert!(store.open_answers().unwrap().is_empty());
	store.end_answer(1, "", 16).unwrap();
	let rows =
		store.with(|connection| connection.query_row("SELECT COUNT(*) FROM spent", [], |row| row.get::<_, i64>(0)));
	assert_eq!(rows.unwrap(), 1);
}

#[test]
fn answer_should_be_charged_by_what_was_signed_for_when_its_process_did_not_see_its_end() {
	let (folder, store) = store();
	let (first, second) = (key(&store, NewKey::default()), key(&store, NewKey::default()));
	store.begin_answer(3, &first.id, 100, 60).unwrap();
	store.begin_answer(4, &second.id, 0, 60).unwrap();
	drop(store);
	let store = Store::open(&folder.path().join("gateway.db")).unwrap();
	assert_eq!(store.open_answers().unwrap(), [3, 4]);
	store.recover_answer(3, 142).unwrap();
	store.recover_answer(3, 150).unwrap();
	store.recover_answer(4, 0).unwrap();
	assert!(store.open_answers().unwrap().is_empty());
	let spent: Vec<_> = store.list_keys().unwrap().iter().map(|row| row.spent).collect();
	assert_eq!(spent, [42, 0]);
}

#[test]
fn answer_should_be_charged_no_more_than_it_reserved_when_others_may_have_used_its_channel_since() {
	let (_folder, store) = store();
	let key = key(&store, NewKey::default());
	let spent = || store.list_keys().unwrap()[0].spent;
	store.begin_answer(3, &key.id, 100, 60).unwrap();
	// The end of the first one could not be written.
	store.begin_answer(3, &key.id, 1_000, 60).unwrap();
	assert_eq!(spent(), 60);
	store.recover_answer(3, 5_000).unwrap();
	assert_eq!(spent(), 120);
	// Time is paid by the checkpoint: the last one can be beyond what was reserved.
	store.begin_answer(3, &key.id, 5_000, 60).unwrap();
	store.end_answer(3, &key.id, 5_061).unwrap();
	assert_eq!(spent(), 181);
}

#[test]
fn jobs_should_be_stored_together_or_not_at_all_when_a_budget_reaches_for_some() {
	let (_folder, store) = store();
	let poor = key(&store, NewKey { budget: Some(150), ..NewKey::default() });
	let new = job(Some(&poor), None);
	let over = OverBudget { budget: 150, spent: 0, reserved: 0, needed: 180 };
	assert_eq!(store.begin_jobs(&new, 3).unwrap(), Err(over));
	assert_eq!(store.open_jobs().unwrap(), []);
	assert_eq!(store.begin_jobs(&new, 2).unwrap().unwrap().len(), 2);
	assert_eq!(store.open_jobs().unwrap().len(), 2);
}

#[test]
fn jobs_should_be_listed_latest_first_and_to_their_key_alone() {
	let (_folder, store) = store();
	let mine = key(&store, NewKey::default());
	let all: Vec<_> = (0..5).map(|_| begun(&store, &job(Some(&mine), None))).collect();
	begun(&store, &job(None, None));
	let listed = |before, limit| -> Vec<i64> {
		store.list_jobs(&mine.id, before, limit).unwrap().iter().map(|row| row.seq).collect()
	};
	assert_eq!(listed(None, 2), [all[4], all[3]]);
	assert_eq!(listed(Some(all[3]), 9), [all[2], all[1], all[0]]);
	let id = store.job_by_seq(all[0]).unwrap().unwrap().id;
	assert!(store.job(&mine.id, &id).unwrap().is_some());
	assert_eq!(store.job("", &id).unwrap(), None);
}

#[test]
fn ended_jobs_should_be_forgotten_and_open_ones_kept() {
	let (_folder, store) = store();
	let (ended, open) = (begun(&store, &job(None, None)), begun(&store, &job(None, None)));
	store.end_job(ended, &settled(1)).unwrap();
	assert_eq!(store.forget_jobs(60).unwrap(), 0);
	assert_eq!(store.forget_jobs(-60).unwrap(), 1);
	assert!(store.job_by_seq(open).unwrap().is_some());
}

#[test]
fn name_should_be_had_by_one_request_of_a_key_until_it_is_given_back_or_forgotten() {
	let (_folder, store) = store();
	let (one, other) = ([1; 32], [2; 32]);
	assert_eq!(store.claim("key_1", "a", one).unwrap(), Claim::New);
	assert_eq!(store.claim("key_1", "a", one).unwrap(), Claim::Same);
	assert_eq!(store.claim("key_1", "a", other).unwrap(), Claim::Other);
	assert_eq!(store.claim("key_2", "a", one).unwrap(), Claim::New);
	store.release("key_1", "a").unwrap();
	assert_eq!(store.claim("key_1", "a", other).unwrap(), Claim::New);
	assert_eq!(store.forget_requests(60).unwrap(), 0);
	assert_eq!(store.forget_requests(-1).unwrap(), 2);
	assert_eq!(store.claim("key_1", "a", one).unwrap(), Claim::New);
}

#[test]
fn file_of_the_first_version_should_keep_its_keys_and_jobs_and_learn_of_tokens() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("gateway.db");
	let old = Connection::open(&path).unwrap();
	old.execute_batch(FIRST).unwrap();
	old.execute_batch("INSERT INTO keys (id, hash, name, per_minute, created) VALUES ('key_1', x'00', 'old', 5, 1)")
		.unwrap();
	old.execute_batch(
		"INSERT INTO jobs (id, key, model, workload, max_fee, created, channel) VALUES
		 ('job_1', 'key_1', 'tiny', 'chat', 5, 1, NULL), ('job_2', 'key_1', 'tiny', 'chat', 5, 1, 3)",
	)
	.unwrap();
	old.pragma_update(None, "user_version", 1).unwrap();
	drop(old);
	for _ in 0..2 {
		let store = Store::open(&path).unwrap();
		let keys = store.list_keys().unwrap();
		assert_eq!((keys[0].name.as_str(), keys[0].key.per_minute), ("old", Some(5)));
		assert_eq!(keys[0].key.tokens_per_minute, None);
		assert_eq!(store.open_jobs().unwrap().len(), 1, "the answer in a channel is no job");
		store.claim("key_1", "a", [1; 32]).unwrap();
		let (_, secret) = store.new_key(&NewKey { tokens_per_minute: Some(9), ..NewKey::default() }).unwrap();
		assert_eq!(store.find_key(&secret).unwrap().unwrap().tokens_per_minute, Some(9));
	}
}

#[test]
fn file_should_be_refused_when_another_version_wrote_it() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("gateway.db");
	Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
	let error = format!("{:#}", Store::open(&path).err().unwrap());
	assert!(error.contains("99"), "{error}");
}

#[test]
fn month_should_change_at_midnight_of_its_first_day() {
	// `date -u -d 2026-11-22 +%s` and so on.
	assert_eq!(month(0), 0);
	assert_eq!(month(1_795_305_600), 56 * 12 + 10);
	assert_eq!((month(1_709_251_199), month(1_709_251_200)), (54 * 12 + 1, 54 * 12 + 2));
	assert_eq!((month(1_735_689_599), month(1_735_689_600)), (54 * 12 + 11, 55 * 12));
}
