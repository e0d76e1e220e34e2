use super::*;
use millrace_primitives::Checkpoint;

fn report(id: u64, first: Checkpoint, second: Checkpoint) -> DispatchResult {
	Channels::report_equivocation(signed("bob"), id, Box::new(first), Box::new(second))
		.map(|_| ())
		.map_err(|error| error.error)
}

fn two(id: u64) -> (Checkpoint, Checkpoint) {
	(sign("operator", checkpoint(id, b"42")), sign("operator", checkpoint(id, b"43")))
}

fn bonded() -> Balance {
	pallet_miners::Miners::<Test>::get(account("miner")).map_or(0, |miner| miner.bonded)
}

#[test]
fn report_should_slash_the_deposit_and_be_free() {
	run(|| {
		let id = open();
		let (first, second) = two(id);
		let post = Channels::report_equivocation(signed("bob"), id, Box::new(first), Box::new(second)).unwrap();
		assert_eq!(post.pays_fee, Pays::No);
		assert_eq!(bonded(), STAKE - DEPOSIT);
		System::assert_last_event(Event::Equivocated { channel: id, miner: account("miner"), slashed: DEPOSIT }.into());
	});
}

#[test]
fn report_should_slash_the_least_penalty_when_the_deposit_is_small() {
	run(|| {
		assert_ok!(Channels::open(signed("alice"), account("miner"), MODEL, account("session"), MILLI_MILL, None));
		let (first, second) = two(0);
		assert_ok!(report(0, first, second));
		assert_eq!(bonded(), STAKE - SLASH);
	});
}

#[test]
fn report_should_count_once_for_each_channel() {
	run(|| {
		let (id, other) = (open(), open());
		let (first, second) = two(id);
		assert_ok!(report(id, first.clone(), second.clone()));
		assert_noop!(report(id, first.clone(), second.clone()), Error::<Test>::AlreadyEquivocated);
		assert_noop!(report(id, second, first), Error::<Test>::AlreadyEquivocated);
		let (first, second) = two(other);
		assert_ok!(report(other, first, second));
		assert_eq!(bonded(), STAKE - 2 * DEPOSIT);
	});
}

#[test]
fn report_should_reach_stake_that_unbonds_and_channels_that_are_settled() {
	run(|| {
		let id = open();
		assert_ok!(Channels::close(signed("miner"), id, Some(voucher(id, MILL))));
		assert_ok!(Miners::deregister(signed("miner")));
		next_blocks(DISPUTE - 1);
		let (first, second) = two(id);
		assert_ok!(report(id, first, second));
		let left = pallet_miners::Miners::<Test>::get(account("miner")).unwrap();
		assert_eq!(left.unbonding.iter().map(|part| part.amount).sum::<Balance>(), STAKE - DEPOSIT);
	});
}

#[test]
fn report_should_fail_when_the_channel_is_forgotten() {
	run(|| {
		let id = open();
		assert_ok!(Channels::close(signed("miner"), id, None));
		next_blocks(DISPUTE);
		let (first, second) = two(id);
		assert_noop!(report(id, first, second), Error::<Test>::UnknownChannel);
	});
}

#[test]
fn report_should_fail_when_both_are_the_same_or_of_different_numbers() {
	run(|| {
		let id = open();
		let (first, second) = two(id);
		assert_noop!(report(id, first.clone(), first.clone()), Error::<Test>::NoEquivocation);
		for (seq, index) in [(2, 0), (1, 1)] {
			let mut payload = second.payload.clone();
			(payload.seq, payload.index) = (seq, index);
			assert_noop!(report(id, first.clone(), sign("operator", payload)), Error::<Test>::NoEquivocation);
		}
	});
}

#[test]
fn report_should_fail_when_one_is_not_the_operators() {
	run(|| {
		let id = open();
		let (first, second) = two(id);
		for signer in ["miner", "session", "alice"] {
			let forged = sign(signer, second.payload.clone());
			assert_noop!(report(id, first.clone(), forged.clone()), Error::<Test>::BadCheckpoint);
			assert_noop!(report(id, forged, first.clone()), Error::<Test>::BadCheckpoint);
		}
		let changed = Checkpoint { payload: second.payload.clone(), signature: first.signature };
		assert_noop!(report(id, first, changed), Error::<Test>::BadCheckpoint);
	});
}

#[test]
fn report_should_fail_when_one_is_of_another_channel_or_chain() {
	run(|| {
		let (id, other) = (open(), open());
		let (first, _) = two(id);
		let (_, second) = two(other);
		assert_noop!(report(id, first.clone(), second), Error::<Test>::WrongChannel);
		let mut foreign = first.payload.clone();
		foreign.genesis = H256::repeat_byte(7);
		assert_noop!(report(id, first, sign("operator", foreign)), Error::<Test>::WrongChannel);
	});
}
