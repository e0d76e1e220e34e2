use super::*;

#[test]
fn offer_should_put_the_miner_on_the_ready_list_and_announce_it() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 7, RATE, 2));
		assert_eq!(ReadyLists::<Test>::get(7).slots, 2);
		assert_eq!(Announced::get(), vec![7]);
		let offer = Offer { rate: RATE, slots: 2, used: 0, reputation: 0, rated_at: 1 };
		assert_eq!(Offers::<Test>::get(7, 1), Some(offer));
	});
}

#[test]
fn offer_should_fail_when_the_stake_is_too_low_for_the_slots() {
	run(|| {
		registered(1);
		assert_noop!(Miners::offer(owner(1), 0, RATE, 5), Error::<Test>::StakeTooLowForSlots);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 3));
		// All models together count.
		assert_noop!(Miners::offer(owner(1), 1, RATE, 2), Error::<Test>::StakeTooLowForSlots);
		assert_ok!(Miners::offer(owner(1), 1, RATE, 1));
		assert_noop!(Miners::offer(owner(1), 2, RATE, MAX_SLOTS), Error::<Test>::StakeTooLowForSlots);
		assert_noop!(Miners::offer(owner(1), 2, RATE, MAX_SLOTS + 1), Error::<Test>::TooManySlots);
	});
}

#[test]
fn offer_should_fail_when_the_model_is_unknown_or_the_slots_zero() {
	run(|| {
		registered(1);
		assert_noop!(Miners::offer(owner(1), 100, RATE, 1), Error::<Test>::UnknownModel);
		assert_noop!(Miners::offer(owner(1), 0, RATE, 0), Error::<Test>::ZeroSlots);
		assert_noop!(Miners::offer(owner(2), 0, RATE, 1), Error::<Test>::NotRegistered);
	});
}

#[test]
fn offer_should_fail_when_it_is_per_token_and_the_model_has_none() {
	run(|| {
		registered(1);
		for model in [90, 91, 92] {
			assert_noop!(Miners::offer(owner(1), model, RATE, 1), Error::<Test>::RateUnitUnfit);
			assert_ok!(Miners::offer(owner(1), model, Rate::PerGpuSecond(MILL), 1));
		}
		assert_ok!(Miners::offer(owner(1), 93, RATE, 1));
	});
}

#[test]
fn offer_should_fail_when_lowered_below_the_slots_in_use() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 2));
		assert!(pool::draw(0).is_some());
		assert!(pool::draw(0).is_some());
		assert_noop!(Miners::offer(owner(1), 0, RATE, 1), Error::<Test>::JobsOpen);
	});
}

#[test]
fn offer_should_fail_when_there_are_too_many() {
	run(|| {
		assert_ok!(Miners::register(owner(1), operator(1), 5_000 * MILL));
		for model in 0..MAX_OFFERS {
			assert_ok!(Miners::offer(owner(1), model, RATE, 1));
		}
		assert_noop!(Miners::offer(owner(1), MAX_OFFERS, RATE, 1), Error::<Test>::TooManyOffers);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 2));
	});
}

#[test]
fn withdraw_offer_should_take_the_miner_off_the_list() {
	run(|| {
		registered(1);
		registered(2);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 1));
		assert_ok!(Miners::offer(owner(2), 0, RATE, 1));
		assert_ok!(Miners::withdraw_offer(owner(1), 0));
		assert_eq!(ReadyLists::<Test>::get(0).slots, 1);
		assert_eq!(pool::draw(0).unwrap().owner, 2);
		assert_noop!(Miners::withdraw_offer(owner(1), 0), Error::<Test>::NoOffer);
	});
}

#[test]
fn withdraw_offer_should_fail_when_a_slot_is_in_use() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 1));
		assert!(pool::draw(0).is_some());
		assert_noop!(Miners::withdraw_offer(owner(1), 0), Error::<Test>::JobsOpen);
	});
}

#[test]
fn offer_should_keep_the_reputation_when_it_changes() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 1));
		set_reputation(1, 700);
		assert_ok!(Miners::offer(owner(1), 0, Rate::PerGpuSecond(1), 2));
		assert_eq!(offered(1).reputation, MAX_REPUTATION / 10 * 7);
	});
}

#[test]
fn offer_should_start_without_reputation_when_it_was_withdrawn() {
	run(|| {
		registered(1);
		assert_ok!(Miners::offer(owner(1), 0, RATE, 1));
		set_reputation(1, 700);
		assert_ok!(Miners::withdraw_offer(owner(1), 0));
		assert_ok!(Miners::offer(owner(1), 0, RATE, 1));
		assert_eq!(offered(1).reputation, 0);
	});
}
