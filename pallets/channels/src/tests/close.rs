use super::*;
use millrace_primitives::traits::Stakes;

#[test]
fn close_by_the_miner_should_pay_its_voucher_and_give_the_rest_back_at_once() {
	for who in ["miner", "operator"] {
		run(|| {
			let id = open();
			assert_ok!(Channels::close(signed(who), id, Some(voucher(id, 3 * MILL))));
			assert_eq!(free("miner"), FUNDS - STAKE + 3 * MILL);
			assert_eq!(free("alice"), FUNDS - 3 * MILL - STORAGE);
			assert_eq!(state(id), ChannelState::Settled { paid: 3 * MILL });
			System::assert_last_event(
				Event::Settled { channel: id, paid: 3 * MILL, refund: DEPOSIT - 3 * MILL }.into(),
			);
			assert!(!Backing::<Test>::contains_key(account("miner")));
		});
	}
}

#[test]
fn close_should_leave_one_receipt_for_all_answers() {
	run(|| {
		let id = open();
		next_blocks(4);
		assert_ok!(Channels::close(signed("operator"), id, Some(voucher(id, 3 * MILL))));
		let receipt = pallet_receipts::ChannelReceipts::<Test>::get(id).unwrap();
		assert_eq!((receipt.client, receipt.miner), (account("alice"), account("miner")));
		assert_eq!((receipt.total, receipt.checkpoint), (owed(3 * MILL), H256::repeat_byte(5)));
		assert_eq!((receipt.paid, receipt.refund), (3 * MILL, DEPOSIT - 3 * MILL));
		assert_eq!((receipt.rate, receipt.model_digest), (RATE, H256::repeat_byte(3)));
		assert_eq!((receipt.opened_at, receipt.ended_at), (1, 5));
	});
}

#[test]
fn close_by_the_miner_should_pay_nothing_when_it_has_no_voucher() {
	run(|| {
		let id = open();
		assert_ok!(Channels::close(signed("miner"), id, None));
		assert_eq!(free("miner"), FUNDS - STAKE);
		assert_eq!(free("alice"), FUNDS - STORAGE);
	});
}

#[test]
fn close_should_pay_no_more_than_the_deposit_when_the_voucher_says_more() {
	for fee in [DEPOSIT + 1, u128::MAX] {
		run(|| {
			let id = open();
			assert_ok!(Channels::close(signed("miner"), id, Some(voucher(id, fee))));
			assert_eq!(free("miner"), FUNDS - STAKE + DEPOSIT);
			assert_eq!(free("alice"), FUNDS - DEPOSIT - STORAGE);
		});
	}
}

#[test]
fn close_by_the_client_should_wait_for_the_miner() {
	run(|| {
		let id = open();
		assert_ok!(Channels::close(signed("alice"), id, Some(voucher(id, MILL))));
		System::assert_last_event(Event::Closing { channel: id, owed: MILL, until: CHALLENGE }.into());
		assert_eq!(held("alice"), DEPOSIT + STORAGE);
		next_blocks(CHALLENGE - 1);
		assert!(matches!(state(id), ChannelState::Closing { .. }));
		next_blocks(1);
		assert_eq!(state(id), ChannelState::Settled { paid: MILL });
		assert_eq!(free("miner"), FUNDS - STAKE + MILL);
	});
}

#[test]
fn close_by_the_client_with_an_old_voucher_should_not_cost_the_miner_anything_when_it_answers() {
	run(|| {
		let id = open();
		assert_ok!(Channels::close(signed("alice"), id, Some(voucher(id, 1))));
		next_blocks(CHALLENGE - 1);
		assert_ok!(Channels::close(signed("operator"), id, Some(voucher(id, 7 * MILL))));
		assert_eq!(state(id), ChannelState::Settled { paid: 7 * MILL });
		assert_eq!(free("miner"), FUNDS - STAKE + 7 * MILL);
	});
}

#[test]
fn close_by_the_miner_should_keep_the_best_voucher_when_its_own_is_worse() {
	run(|| {
		let id = open();
		assert_ok!(Channels::close(signed("alice"), id, Some(voucher(id, 2 * MILL))));
		assert_ok!(Channels::close(signed("miner"), id, Some(voucher(id, MILL))));
		assert_eq!(state(id), ChannelState::Settled { paid: 2 * MILL });
	});
}

#[test]
fn close_should_fail_when_called_by_another() {
	run(|| {
		let id = open();
		assert_noop!(Channels::close(signed("bob"), id, Some(voucher(id, MILL))), Error::<Test>::NotParty);
		assert_noop!(Channels::close(signed("session"), id, Some(voucher(id, MILL))), Error::<Test>::NotParty);
		assert_noop!(Channels::close(signed("alice"), id + 1, None), Error::<Test>::UnknownChannel);
	});
}

#[test]
fn close_should_fail_when_another_key_signed_the_voucher_or_it_is_of_another_channel_or_chain() {
	run(|| {
		let (id, other) = (open(), open());
		let close = |voucher| Channels::close(signed("miner"), id, Some(voucher));
		for signer in ["alice", "miner", "operator"] {
			assert_noop!(close(voucher_by(signer, id, MILL)), Error::<Test>::BadVoucher);
		}
		assert_noop!(close(voucher(other, MILL)), Error::<Test>::BadVoucher);
		let mut more = voucher(id, MILL);
		more.total.fee += 1;
		assert_noop!(close(more), Error::<Test>::BadVoucher);
		let foreign = voucher(id, MILL);
		frame_system::BlockHash::<Test>::insert(0, H256::repeat_byte(7));
		assert_noop!(close(foreign), Error::<Test>::BadVoucher);
	});
}

#[test]
fn close_should_fail_when_repeated() {
	run(|| {
		let id = open();
		assert_ok!(Channels::close(signed("alice"), id, None));
		assert_noop!(Channels::close(signed("alice"), id, Some(voucher(id, MILL))), Error::<Test>::NotOpen);
		assert_ok!(Channels::close(signed("miner"), id, Some(voucher(id, MILL))));
		for who in ["alice", "miner", "operator"] {
			assert_noop!(Channels::close(signed(who), id, Some(voucher(id, DEPOSIT))), Error::<Test>::AlreadySettled);
		}
		assert_eq!(free("miner"), FUNDS - STAKE + MILL);
	});
}

#[test]
fn close_should_be_free_only_for_the_operator_and_when_it_will_work() {
	run(|| {
		let id = open();
		let is_free = |who: &str, voucher| Channels::closes(&signed(who), id, &voucher);
		assert!(is_free("operator", None));
		assert!(is_free("operator", Some(voucher(id, MILL))));
		assert!(!is_free("operator", Some(voucher(id + 1, MILL))));
		assert!(!is_free("miner", None));
		assert!(!is_free("alice", None));
		assert!(!is_free("bob", None));
		assert_ok!(Channels::close(signed("operator"), id, None));
		assert!(!is_free("operator", None));
	});
}

#[test]
fn close_should_give_all_back_when_the_owner_has_left_and_can_not_be_paid() {
	run(|| {
		let id = open();
		assert_ok!(Channels::close(signed("alice"), id, Some(voucher(id, 1))));
		// All that the owner has is taken, and the account is gone.
		let _ = <Miners as Stakes<AccountId32>>::slash(&account("miner"), u128::MAX);
		assert_ok!(Miners::deregister(signed("miner")));
		assert_ok!(Balances::transfer_all(signed("miner"), account("bob"), false));
		assert!(!System::account_exists(&account("miner")));
		next_blocks(CHALLENGE);
		assert_eq!(state(id), ChannelState::Settled { paid: 0 });
		assert_eq!(free("alice"), FUNDS - STORAGE);
	});
}

#[test]
fn close_should_pay_the_miner_when_it_has_deregistered() {
	run(|| {
		let id = open();
		assert_ok!(Miners::deregister(signed("miner")));
		assert_ok!(Channels::close(signed("operator"), id, Some(voucher(id, MILL))));
		assert_eq!(free("miner"), FUNDS - STAKE + MILL);
	});
}
