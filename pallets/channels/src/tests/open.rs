use super::*;

fn open_with(deposit: Balance, max_rate: Option<Rate>) -> DispatchResult {
	Channels::open(signed("alice"), account("miner"), MODEL, account("session"), deposit, max_rate)
}

#[test]
fn open_should_hold_the_deposit_and_copy_the_terms() {
	run(|| {
		assert_ok!(open_with(DEPOSIT, Some(RATE)));
		assert_eq!(held("alice"), DEPOSIT + STORAGE);
		assert_eq!(free("alice"), FUNDS - DEPOSIT - STORAGE);
		let channel = crate::Channels::<Test>::get(0).unwrap();
		assert_eq!((channel.miner, channel.operator), (account("miner"), account("operator")));
		assert_eq!((channel.rate, channel.deposit, channel.state), (RATE, DEPOSIT, ChannelState::Open));
		assert_eq!(channel.due, 1 + LIFETIME);
		assert_eq!(Backing::<Test>::get(account("miner")), DEPOSIT);
	});
}

#[test]
fn open_should_keep_its_rate_when_the_offer_changes() {
	run(|| {
		let id = open();
		let dear = Rate::PerToken { input: 1, output: 100 * MILLI_MILL };
		assert_ok!(Miners::offer(signed("miner"), MODEL, dear, 1));
		assert_eq!(crate::Channels::<Test>::get(id).unwrap().rate, RATE);
	});
}

#[test]
fn open_should_fail_when_the_deposit_is_below_the_least() {
	run(|| {
		assert_noop!(open_with(MILLI_MILL - 1, None), Error::<Test>::DepositTooLow);
	});
}

#[test]
fn open_should_fail_when_the_rate_is_above_the_limit() {
	run(|| {
		let limit = Rate::PerToken { input: 1_000, output: MILLI_MILL - 1 };
		assert_noop!(open_with(DEPOSIT, Some(limit)), Error::<Test>::RateAboveLimit);
		assert_noop!(open_with(DEPOSIT, Some(Rate::PerGpuSecond(MILL))), Error::<Test>::RateAboveLimit);
	});
}

#[test]
fn open_should_fail_when_the_stake_does_not_cover_all_channels_of_the_miner() {
	run(|| {
		assert_noop!(open_with(STAKE + 1, None), Error::<Test>::StakeTooLow);
		assert_ok!(open_with(STAKE - MILL, None));
		assert_noop!(open_with(MILL + 1, None), Error::<Test>::StakeTooLow);
		assert_ok!(open_with(MILL, None));
	});
}

#[test]
fn open_should_count_only_bonded_stake_when_a_part_unbonds() {
	run(|| {
		assert_ok!(Miners::unstake(signed("miner"), STAKE - 5 * MILL));
		assert_noop!(open_with(5 * MILL + 1, None), Error::<Test>::StakeTooLow);
		assert_ok!(open_with(5 * MILL, None));
	});
}

#[test]
fn open_should_fail_when_the_client_has_not_so_much() {
	run(|| {
		assert_ok!(Balances::transfer_allow_death(signed("alice"), account("bob"), FUNDS - 5 * MILL));
		assert_noop!(open_with(DEPOSIT, None), pallet_escrow::Error::<Test>::InsufficientBalance);
	});
}

#[test]
fn open_should_fail_when_the_model_is_unknown_or_retired() {
	run(|| {
		let open = |model| Channels::open(signed("alice"), account("miner"), model, account("session"), DEPOSIT, None);
		assert_noop!(open(1), Error::<Test>::UnknownModel);
		assert_ok!(Models::retire(signed("bob"), MODEL));
		assert_noop!(open(MODEL), Error::<Test>::UnknownModel);
	});
}

#[test]
fn open_should_fail_when_the_miner_is_unknown_has_no_offer_or_is_not_ready() {
	run(|| {
		let open =
			|miner: &str| Channels::open(signed("alice"), account(miner), MODEL, account("session"), DEPOSIT, None);
		assert_noop!(open("bob"), pallet_miners::Error::<Test>::NotRegistered);
		assert_ok!(Miners::set_ready(signed("miner"), false));
		assert_noop!(open("miner"), pallet_miners::Error::<Test>::NotReady);
		assert_ok!(Miners::set_ready(signed("miner"), true));
		assert_ok!(Miners::withdraw_offer(signed("miner"), MODEL));
		assert_noop!(open("miner"), pallet_miners::Error::<Test>::NoOffer);
	});
}

#[test]
fn open_should_fail_when_numbers_are_used_up() {
	run(|| {
		crate::NextChannelId::<Test>::put(u64::MAX);
		assert_noop!(open_with(DEPOSIT, None), Error::<Test>::IdsExhausted);
	});
}
