use super::*;

#[test]
fn record_should_hold_the_last_bytes_when_it_is_opened_again() {
	let folder = tempfile::tempdir().unwrap();
	let (record, before) = Record::open(folder.path(), "channel-7").unwrap();
	assert_eq!(before, None);
	record.put(b"one").unwrap();
	record.put(b"2").unwrap();
	drop(record);
	let (record, held) = Record::open(folder.path(), "channel-7").unwrap();
	assert_eq!(held.as_deref(), Some(&b"2"[..]));
	record.remove().unwrap();
	drop(record);
	assert_eq!(Record::open(folder.path(), "channel-7").unwrap().1, None);
}

#[test]
fn record_should_be_refused_when_it_is_in_use() {
	let folder = tempfile::tempdir().unwrap();
	let held = Record::open(folder.path(), "channel-7").unwrap();
	assert!(matches!(Record::open(folder.path(), "channel-7"), Err(StoreError::InUse { .. })));
	drop(held);
	assert!(Record::open(folder.path(), "channel-7").is_ok());
}

#[test]
fn record_should_hold_the_old_bytes_when_the_new_ones_were_only_half_written() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("channel-7");
	let (record, _) = Record::open(folder.path(), "channel-7").unwrap();
	record.put(b"first").unwrap();
	record.put(b"second").unwrap();
	drop(record);
	let whole = fs::read(&path).unwrap();
	let (place, _, _) = newest(&whole).unwrap();
	for (index, byte) in whole.iter().enumerate().skip(place * PLACE).take(HEAD + b"second".len()) {
		let mut torn = whole.clone();
		torn[index] = !byte;
		fs::write(&path, torn).unwrap();
		assert_eq!(Record::open(folder.path(), "channel-7").unwrap().1.as_deref(), Some(&b"first"[..]), "{index}");
	}
}

#[test]
fn record_should_be_refused_when_it_is_none() {
	let folder = tempfile::tempdir().unwrap();
	fs::write(folder.path().join("channel-7"), b"something else").unwrap();
	assert!(matches!(Record::open(folder.path(), "channel-7"), Err(StoreError::Corrupt { .. })));
	assert!(matches!(read(&folder.path().join("channel-7")), Err(StoreError::Corrupt { .. })));
}

#[test]
fn record_should_refuse_what_does_not_fit_and_hold_what_it_held() {
	let folder = tempfile::tempdir().unwrap();
	let (record, _) = Record::open(folder.path(), "channel-7").unwrap();
	record.put(&[7; PLACE - HEAD]).unwrap();
	assert!(matches!(record.put(&[8; PLACE - HEAD + 1]), Err(StoreError::Io { .. })));
	drop(record);
	assert_eq!(Record::open(folder.path(), "channel-7").unwrap().1.as_deref(), Some(&[7; PLACE - HEAD][..]));
}

#[tokio::test]
async fn what_was_put_should_be_seen_at_once_and_in_order_when_the_disk_comes_later() {
	let folder = tempfile::tempdir().unwrap();
	let (record, _) = Record::open(folder.path(), "channel-7").unwrap();
	let mut behind = Behind::new(record);
	for content in 1..=9u8 {
		behind.put(&[content]).unwrap();
		assert_eq!(read(&folder.path().join("channel-7")).unwrap(), Some(vec![content]));
	}
	behind.settle().await.unwrap();
}

#[tokio::test]
async fn what_was_settled_should_outlive_whatever_becomes_of_what_was_put_after_it() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("channel-7");
	let mut behind = Behind::new(Record::open(folder.path(), "channel-7").unwrap().0);
	let mut number = 0u8;
	for more in [1, 2, 3, 9] {
		behind.put(&[number]).unwrap();
		behind.settle().await.unwrap();
		let settled = number;
		for _ in 0..more {
			number += 1;
			behind.put(&[number]).unwrap();
		}
		// A power cut that tears all that is not known to be on disk.
		let (mut bytes, safe) = (fs::read(&path).unwrap(), behind.record.pages.state().places.safe);
		for place in (0..PLACES).filter(|place| *place != safe) {
			bytes[place * PLACE + HEAD] ^= 1;
		}
		assert!(newest(&bytes).unwrap().2[0] >= settled, "{more}");
		number += 1;
	}
}

#[tokio::test]
async fn what_was_put_should_reach_the_disk_by_itself() {
	let folder = tempfile::tempdir().unwrap();
	let mut behind = Behind::new(Record::open(folder.path(), "channel-7").unwrap().0);
	for content in 0..3u8 {
		behind.put(&[content]).unwrap();
	}
	assert!(!behind.record.pages.state().places.is_safe());
	behind.flush.take().unwrap().await.unwrap();
	assert!(behind.record.pages.state().places.is_safe());
	behind.put(&[3]).unwrap();
	assert!(behind.flush.is_some(), "what comes later is seen to as well");
	behind.settle().await.unwrap();
	assert!(behind.record.pages.state().places.is_safe());
}

#[test]
fn record_of_two_places_should_be_read_and_grow() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("channel-7");
	let mut bytes = place(6, b"six").unwrap();
	bytes.resize(PLACE, 0);
	bytes.extend(place(5, b"five").unwrap());
	bytes.resize(2 * PLACE, 0);
	fs::write(&path, bytes).unwrap();
	let (record, held) = Record::open(folder.path(), "channel-7").unwrap();
	assert_eq!(held.as_deref(), Some(&b"six"[..]));
	for content in [b"7", b"8", b"9"] {
		record.put(content).unwrap();
		assert_eq!(read(&path).unwrap().as_deref(), Some(&content[..]));
	}
}

proptest::proptest! {
	#[test]
	fn place_that_is_written_to_should_be_one_that_nothing_hangs_on(steps in proptest::collection::vec(0..3u8, 0..60)) {
		let mut places = Places::default();
		for step in steps {
			match step {
				0 => {
					let free = places.free();
					assert!(free != places.latest && free != places.safe && Some(free) != places.leaving);
					(places.number, places.latest) = (places.number + 1, free);
				}
				1 => places.leaving = places.leaving.or(Some(places.latest)),
				_ => if let Some(left) = places.leaving.take() {
					places.safe = left;
				},
			}
		}
	}
}
