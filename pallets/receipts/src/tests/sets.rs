//! Where the sets of validators change.

use crate::{mock::*, SetEnds};

fn ends() -> Vec<(u64, u32)> {
	let mut ends: Vec<_> = SetEnds::<Test>::iter().collect();
	ends.sort_unstable();
	ends
}

#[test]
fn last_block_of_each_set_should_be_noted_when_the_set_changes() {
	run(|| {
		next_block();
		AuthoritySet::set(1);
		next_block();
		next_block();
		AuthoritySet::set(2);
		next_block();
		assert_eq!(ends(), [(0, 2), (1, 4)]);
	});
}

#[test]
fn nothing_should_be_noted_when_the_set_stays() {
	run(|| {
		(0..5).for_each(|_| {
			next_block();
		});
		assert_eq!(ends(), []);
	});
}
